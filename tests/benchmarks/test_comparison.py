"""The statistics of `harness bench wrappers`, and what it counts on the bbob functions."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.benchmarks import wrappers
from harness.benchmarks.comparison import compare, holm, signed_rank
from harness.benchmarks.wrappers import PEERS, Recorded
from harness.errors import UsageError


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_only_raises_and_keeps_the_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= q <= min(1.0, len(p_values) * p) for p, q in zip(p_values, corrected, strict=True))
    assert [corrected[k] for k in np.argsort(p_values, kind="stable")] == sorted(corrected)


def test_signed_rank_by_hand() -> None:
    # All six on one side: 2 of the 64 ways to give them signs.
    assert signed_rank(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])) == pytest.approx(2 / 64)
    assert signed_rank(np.zeros(5)) == 1.0


def test_a_difference_by_hand() -> None:
    worse, same = compare(
        [
            [(1, 10.0, 1.0), (1, 100.0, 1.0), (2, 1000.0, 1.0), (2, 1.0 + 1e-9, 1.0)],
            [(1, 3.0, 3.0), (1, 1e-8, 1e-8), (2, 1.0, 1.0), (2, 5.0, 5.0)],
        ]
    )
    assert (worse.median, worse.better, worse.equal, worse.worse) == (1.5, 0, 1, 3)
    assert worse.low <= 1.5 <= worse.high
    assert (same.median, same.low, same.high, same.equal, same.p, same.p_holm) == (0.0, 0.0, 0.0, 4, 1.0, 1.0)
    assert worse.p_holm == min(1.0, 2 * worse.p)


def test_a_tenfold_loss_is_found_and_chance_is_not() -> None:
    rng = np.random.default_rng(0)
    errors = 10.0 ** rng.normal(0, 1, (2, 240))
    functions = np.repeat(np.arange(24), 10)
    lost, chance = compare([list(zip(functions, factor * errors[0], errors[1], strict=True)) for factor in (10.0, 1.0)])
    assert lost.p_holm < 1e-6 and lost.low > 0.5
    assert chance.p_holm > 0.05 and chance.low < 0 < chance.high


def test_evaluations_beyond_the_budget_do_not_count() -> None:
    loss = Recorded(1, 2, 1, 3)
    best = np.array(loss._function.best_parameter())
    rows = np.stack([best + 1.0, best + 2.0, best + 0.5, best])
    # bbob's first function is the squared distance from its optimum.
    assert loss(rows) - loss._optimum == pytest.approx([2.0, 8.0, 0.5, 0.0])
    assert loss.error == pytest.approx(0.5)
    loss(best[None])
    assert loss.error == pytest.approx(0.5)
    solved = Recorded(1, 2, 1, 3)
    solved(best[None])
    assert solved.error == 1e-8


@pytest.mark.parametrize("function", [1, 8, 15, 22, 24])
def test_the_wrapper_of_de_with_the_same_seed_is_pymoo_to_the_bit(function: int) -> None:
    ours, raw = Recorded(function, 5, 1, 1000), Recorded(function, 5, 1, 1000)
    wrappers._ours("de", PEERS["de"])(ours, 5, 1000, 7)
    PEERS["de"].search(raw, 5, 1000, 7)
    assert ours.error == raw.error


def test_the_settings_are_those_of_the_libraries() -> None:
    import inspect

    from pymoo.algorithms.soo.nonconvex.de import DE, Variant
    from pymoo.algorithms.soo.nonconvex.pso import PSO

    def default(function: object, name: str) -> object:
        return inspect.signature(function).parameters[name].default  # type: ignore[arg-type]

    de, pso = PEERS["de"].settings, PEERS["pso"].settings
    assert (de["popsize"], f"DE/{de['variant']}") == (default(DE, "pop_size"), default(DE, "variant"))
    assert [de[key] for key in ("F", "CR", "mutation")] == [default(Variant, key) for key in ("F", "CR", "prob_mut")]
    assert (pso["popsize"], pso["max_velocity"]) == (default(PSO, "pop_size"), default(PSO, "max_velocity_rate"))
    assert [pso[key] for key in ("w", "c1", "c2")] == [default(PSO, key) for key in ("w", "c1", "c2")]


def test_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cocoex", None)
    with pytest.raises(UsageError, match=r"expected the extra 'bbob'; run pip install 'vsm-harness\[bbob\]'"):
        Recorded(1, 2, 1, 3)
