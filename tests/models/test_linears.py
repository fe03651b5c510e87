from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from harness.models import linears
from harness.models.language_model import LanguageModel, ModelSpec
from harness.models.linears import PackedLinears
from harness.models.loading import load
from harness.models.memory import weights_bytes


class Special(nn.Linear):
    """As quantised layers are: a linear layer that computes in a way of its own."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return super().forward(rows) + 1.0


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 7), (3, 5, 7), (2000, 7), (0, 7)])
def test_the_same_product_in_float32(shape: tuple[int, ...], bias: bool) -> None:
    layer = nn.Linear(7, 11, bias=bias)
    rows = torch.randn(shape)
    with torch.inference_mode():
        wanted = layer(rows)
        with PackedLinears(layer).active():
            found = layer(rows)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def test_only_plain_layers_are_replaced_and_all_are_given_back() -> None:
    model = nn.Sequential(nn.Linear(4, 4), Special(4, 4), nn.LayerNorm(4))
    packed = PackedLinears(model)
    assert linears.weight_bytes(model) == 4 * 4 * 4
    with pytest.raises(RuntimeError, match="inside"), packed.active():
        assert "forward" in model[0].__dict__
        assert "forward" not in model[1].__dict__
        raise RuntimeError("inside")
    assert "forward" not in model[0].__dict__


def test_a_model_uses_them_in_float32_on_a_cpu_alone(folder_of: Any, model: Any) -> None:
    # The build that is tested has oneDNN; one that has not must not go unnoticed.
    assert linears.available()
    assert model("llama").linears is not None
    halved = load(ModelSpec(name=str(folder_of("llama")), dtype="bfloat16", device="cpu"))
    assert halved.linears is None


@pytest.mark.parametrize(("short_by", "copied"), [(0, True), (1_000, False)])
def test_no_second_copy_where_memory_is_short(short_by: int, copied: bool, model: Any) -> None:
    lm = model("llama")
    needed = weights_bytes(lm.model) + 2 * linears.weight_bytes(lm.model)
    spec = lm.spec.model_copy(update={"memory_gb": (needed + 500 - short_by) / 1e9})
    fresh = LanguageModel(spec, lm.model, lm.tokenizer, lm.digest, lm.source, lm.abilities)
    assert (fresh.linears is not None) == copied
    assert fresh.taken == weights_bytes(lm.model) + (linears.weight_bytes(lm.model) if copied else 0)
