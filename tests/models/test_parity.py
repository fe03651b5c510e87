from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import ModelError
from harness.models import parity


@pytest.mark.parametrize("shift", [0.01, -0.01, np.nan, np.inf])
def test_answers_unlike_the_models_own_are_refused(shift: float, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm, plain = model("llama"), parity._plain

    def shifted(*arguments: Any) -> Any:
        wanted = plain(*arguments)
        wanted[1, 2] += shift
        return wanted

    parity.find_abilities(lm)
    monkeypatch.setattr(parity, "_plain", shifted)
    with pytest.raises(ModelError, match="is of type llama, which this harness cannot score exactly") as caught:
        parity.find_abilities(lm)
    assert len(str(caught.value).splitlines()) == 1


def test_what_the_model_raises_is_one_line(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(parity, "_plain", fail)
    with pytest.raises(ModelError, match=r"cannot score exactly.*\(RuntimeError: two lines\)"):
        parity.find_abilities(model("llama"))
