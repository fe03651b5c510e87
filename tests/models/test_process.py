from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.models import process
from harness.models.scorer import Plan, Scorer


@pytest.fixture
def three_threads() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_calls_side_by_side_share_the_threads_and_keep_their_order(three_threads: None) -> None:
    barrier = threading.Barrier(3, timeout=30)

    def call(number: int) -> tuple[int, int, int]:
        # Passed only when three calls run at a time.
        barrier.wait()
        return number, torch.get_num_threads(), threading.get_ident()

    with process.side_by_side(3) as each:
        found = list(each(call, range(6)))
    assert [number for number, _, _ in found] == list(range(6))
    assert {threads for _, threads, _ in found} == {1}
    assert len({worker for _, _, worker in found}) == 3
    assert torch.get_num_threads() == 3


def test_one_at_a_time_is_lazy_and_in_the_same_thread() -> None:
    with process.side_by_side(1) as each:
        calls = each(lambda _: threading.get_ident(), range(10**12))
        assert next(calls) == threading.get_ident()


def test_threads_are_given_back_after_a_failure(three_threads: None) -> None:
    with pytest.raises(ZeroDivisionError), process.side_by_side(2) as each:
        list(each(lambda number: 1 // number, range(3)))
    assert torch.get_num_threads() == 3
    # torch remembers the last number that was set for threads that begin later.
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == 3


@pytest.mark.parametrize("kind", ["packed", "branches"])
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2"])
def test_candidates_side_by_side_are_answered_as_alone_and_the_same_again(
    name: str, kind: Any, model: Any, turns: Any, soft_prompts: Any, three_threads: None
) -> None:
    lm = model(name)
    candidates = soft_prompts(9, 2, lm)
    alone = Scorer(lm, turns.few, 2, Plan(kind=kind)).score(candidates)
    scorer = Scorer(lm, turns.few, 2, Plan(kind=kind, workers=3))
    first = scorer.score(candidates)
    np.testing.assert_allclose(first, alone, rtol=0, atol=1e-5)
    for _ in range(3):
        assert np.array_equal(scorer.score(candidates), first)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000", None), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("nonsense", None)],
)
def test_a_containers_quota(text: str, expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(process, "_QUOTA", quota)
    assert process._cpu_quota() is None
    quota.write_text(text)
    assert process._cpu_quota() == expected


def test_settling_never_raises_threads_and_leaves_the_users_choice(
    three_threads: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(process, "_QUOTA", quota)
    monkeypatch.setattr(process, "_keep_memory", lambda: None)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    quota.write_text("1600000 100000")
    process.settle()
    assert torch.get_num_threads() == 3
    quota.write_text("200000 100000")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    process.settle()
    assert torch.get_num_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    process.settle()
    assert torch.get_num_threads() == 2
