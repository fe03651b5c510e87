from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.tasks.hofstede_vsm.answers import expected_answers
from harness.tasks.hofstede_vsm.indices import (
    CONSTANTS,
    DIMENSION_NAMES,
    DIMENSIONS,
    WEIGHTS,
    Array,
    errors,
    indices,
    minimum_norm_means,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = tomllib.loads((Path(__file__).parents[1] / "golden" / "item_means.toml").read_text(encoding="utf-8"))["case"]

# Per item, from 1 on: the dimension and what one unit of its mean adds, as the manual's formulas say.
COEFFICIENTS = [
    ("idv", -35), ("pdi", -35), ("mas", -35), ("idv", 35), ("mas", 35), ("idv", -35),
    ("pdi", 35), ("mas", 35), ("idv", 35), ("mas", -35), ("ivr", -35), ("ivr", 35),
    ("lto", 40), ("lto", -40), ("uai", -40), ("ivr", -40), ("ivr", 40), ("uai", 40),
    ("lto", 25), ("pdi", 25), ("uai", 25), ("lto", -25), ("pdi", -25), ("uai", -25),
]  # fmt: skip

answers = st.floats(1.0, 5.0)
points = st.floats(-250.0, 350.0)
means_of_24 = arrays(np.float64, 24, elements=answers)
scores_of_6 = arrays(np.float64, 6, elements=points)


@pytest.mark.parametrize("case", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_golden(case: dict[str, Any]) -> None:
    np.testing.assert_allclose(indices(np.array(case["means"])), case["indices"], rtol=0, atol=1e-9)


def test_golden_is_large_enough() -> None:
    assert len(GOLDEN) >= 8
    assert all((len(case["means"]), len(case["indices"])) == (24, 6) for case in GOLDEN)


def test_names() -> None:
    assert DIMENSIONS == ("pdi", "idv", "mas", "uai", "lto", "ivr")
    assert tuple(DIMENSION_NAMES) == DIMENSIONS
    assert CONSTANTS == {"midpoint": 50.0}


@pytest.mark.parametrize("item", range(1, 25))
def test_each_coefficient(item: int) -> None:
    raised = np.full(24, 3.0)
    raised[item - 1] += 1.0
    dimension, coefficient = COEFFICIENTS[item - 1]
    wanted = [50.0 + (coefficient if name == dimension else 0.0) for name in DIMENSIONS]
    assert indices(raised).tolist() == wanted
    assert WEIGHTS[:, item - 1].tolist() == [w - 50.0 for w in wanted]


def test_weights_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        WEIGHTS[0, 0] = 1.0


def test_each_dimension_has_four_items_of_two_differences() -> None:
    assert (WEIGHTS != 0).sum(axis=1).tolist() == [4] * 6
    assert WEIGHTS.sum(axis=1).tolist() == [0.0] * 6
    assert np.abs(WEIGHTS).sum(axis=1).tolist() == [120, 140, 140, 130, 130, 150]


@given(means_of_24, st.floats(-3.0, 3.0))
def test_a_shift_of_all_means_changes_nothing(means: Array, shift: float) -> None:
    np.testing.assert_allclose(indices(means + shift), indices(means), atol=1e-9)


@given(means_of_24, st.floats(-100.0, 100.0))
def test_the_constant_is_added_to_each(means: Array, constant: float) -> None:
    np.testing.assert_allclose(indices(means, constant), indices(means, 0.0) + constant, atol=1e-9)


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 3), st.just(24)), elements=answers))
def test_leading_axes_are_rows(means: Array) -> None:
    rows = np.array([[indices(row) for row in block] for block in means])
    assert indices(means).shape == (*means.shape[:2], 6)
    np.testing.assert_allclose(indices(means), rows, rtol=0, atol=1e-9)


def test_no_rows() -> None:
    assert indices(np.zeros((0, 24))).shape == (0, 6)


@given(means_of_24, st.sets(st.integers(0, 23), min_size=1))
def test_nan_stays_in_its_own_dimension(means: Array, holes: set[int]) -> None:
    broken = means.copy()
    broken[list(holes)] = np.nan
    spoilt = {DIMENSIONS.index(COEFFICIENTS[item][0]) for item in holes}
    values = indices(np.stack([broken, means]))
    assert set(np.flatnonzero(np.isnan(values[0]))) == spoilt
    kept = [d for d in range(6) if d not in spoilt]
    np.testing.assert_allclose(values[0][kept], indices(means)[kept], atol=1e-9)
    np.testing.assert_allclose(values[1], indices(means), atol=1e-9)


@pytest.mark.parametrize("shape", [(), (0,), (6,), (23,), (25,), (24, 1), (24, 6)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"item means of shape .*: expected \(\.\.\., 24\); pass one mean per item"):
        indices(np.ones(shape))


@given(scores_of_6)
def test_minimum_norm_means_have_the_indices(scores: Array) -> None:
    np.testing.assert_allclose(indices(minimum_norm_means(scores)), scores, rtol=0, atol=1e-8)


@given(scores_of_6, st.floats(-100.0, 100.0))
def test_minimum_norm_means_take_the_constant(scores: Array, constant: float) -> None:
    np.testing.assert_allclose(indices(minimum_norm_means(scores, constant), constant), scores, rtol=0, atol=1e-8)


@given(scores_of_6, arrays(np.float64, 24, elements=st.floats(-2.0, 2.0)))
def test_no_other_means_with_the_indices_are_nearer_to_three(scores: Array, direction: Array) -> None:
    means = minimum_norm_means(scores)
    # Orthogonal rows: what is left after taking each row's share out changes no index.
    blind = direction - sum((direction @ row) / (row @ row) * row for row in WEIGHTS)
    np.testing.assert_allclose(WEIGHTS @ blind, 0.0, atol=1e-9)
    near, far = np.linalg.norm(means - 3.0), np.linalg.norm(means + blind - 3.0)
    assert far >= near - 1e-9
    assert far**2 == pytest.approx(near**2 + blind @ blind, abs=1e-6)


def test_minimum_norm_of_the_constant_is_three_throughout() -> None:
    assert minimum_norm_means(np.full(6, 50.0)).tolist() == [3.0] * 24
    assert minimum_norm_means(np.full((2, 3, 6), 50.0)).shape == (2, 3, 24)


def test_extreme_scores_are_not_clipped() -> None:
    assert minimum_norm_means(np.full(6, 350.0)).max() > 5.0


maybe_missing = st.one_of(points, st.just(np.nan))


@given(
    arrays(np.float64, st.tuples(st.integers(1, 4), st.just(6)), elements=points),
    arrays(np.float64, st.tuples(st.integers(1, 4), st.just(6)), elements=maybe_missing),
)
def test_errors_against_a_plain_loop(values: Array, targets: Array) -> None:
    targets[:, 0] = np.where(np.isnan(targets).all(axis=1), 40.0, targets[:, 0])
    wanted = []
    for value in values:
        row = []
        for target in targets:
            gaps = [abs(v - t) for v, t in zip(value, target, strict=True) if t == t]
            row.append(sum(gaps) / len(gaps))
        wanted.append(row)
    np.testing.assert_allclose(errors(values, targets), wanted, atol=1e-9)


def test_errors_by_hand() -> None:
    targets = np.array([[40.0, 91.0, 62.0, 46.0, 26.0, 68.0], [50.0, np.nan, np.nan, np.nan, np.nan, 56.0]])
    # 10 + 41 + 12 + 4 + 24 + 18 = 109, over six; 0 + 6 = 6, over two.
    assert errors(np.full(6, 50.0), targets).tolist() == [[109 / 6, 3.0]]


def test_a_failed_index_fails_every_region_even_one_without_that_score() -> None:
    values = np.array([[np.nan, 50.0, 50.0, 50.0, 50.0, 50.0], [50.0] * 6])
    targets = np.array([[40.0] * 6, [np.nan, 40.0, 40.0, 40.0, 40.0, 40.0]])
    found = errors(values, targets)
    assert np.isnan(found).tolist() == [[True, True], [False, False]]
    assert found[1].tolist() == [10.0, 10.0]


def test_a_target_without_any_score_is_refused() -> None:
    targets = np.full((3, 6), np.nan)
    targets[1] = 1.0
    with pytest.raises(ValueError, match=r"targets in rows \[0, 2\] have no score: expected at least one of pdi"):
        errors(np.full((2, 6), 50.0), targets)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 16])
def test_the_last_digits_do_not_depend_on_where_an_array_lies(rows: int) -> None:
    means = np.random.default_rng(rows).uniform(1.0, 5.0, (rows, 24))
    logs = np.random.default_rng(rows).normal(-2.0, 1.0, (rows, 48, 5))
    backwards = np.arange(48) >= 24
    for place in range(8):
        moved, moved_logs = (_at(place, array) for array in (means, logs))
        assert np.array_equal(indices(moved), indices(means))
        assert np.array_equal(expected_answers(moved_logs, backwards), expected_answers(logs, backwards))
    # One row alone is what it is among others.
    assert np.array_equal(indices(means)[:1], indices(means[:1]))


def _at(place: int, array: Array) -> Array:
    """The array, `place` numbers behind the beginning of a block of memory."""
    block = np.empty(array.size + place)
    block[place:] = array.ravel()
    return block[place:].reshape(array.shape)
