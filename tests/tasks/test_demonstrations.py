from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.tasks.hofstede_vsm.demonstrations import DEFAULT_SHOTS, check_shots, demonstrations, implied_index
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, WEIGHTS, indices
from harness.tasks.hofstede_vsm.regions import Region
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

SURVEY = load_survey()
REGIONS = load_regions()
ITEMS_OF = {name: [item.id for item in SURVEY.items if item.index == name] for name in DIMENSIONS}
NAN = float("nan")


def shown(region: Region, shots: int = DEFAULT_SHOTS) -> list[tuple[int, int]]:
    return [(one.item.id, one.answer) for one in demonstrations(SURVEY, region, shots)]


def implied(answers: list[tuple[int, int]]) -> list[float]:
    """The six indices when everything that is not shown is answered 3."""
    means = np.full(24, 3.0)
    for item, answer in answers:
        means[item - 1] = answer
    return [float(value) for value in indices(means)]


def test_six_by_default_one_for_each_dimension() -> None:
    assert DEFAULT_SHOTS == 6
    for region in REGIONS.complete:
        found = demonstrations(SURVEY, region)
        assert [one.item.index for one in found] == list(DIMENSIONS)
        assert all(1 <= one.answer <= 5 for one in found)


def test_by_hand() -> None:
    # One answer moves PDI by 35 or 25 for each step, IDV and MAS by 35, UAI and LTO by 40 or 25, IVR by 35 or 40.
    # PDI 40: -10; nothing at all (10 off) beats -25 (15 off): 3, on the first item. IDV 91: +41, nearest +35 (6 off).
    # MAS 62: +12, nearest 0. UAI 46: -4, nearest 0. LTO 26: -24, nearest -25. IVR 68: +18, nearest +35 (17 off).
    region = Region("USA", "United States", "country", (40.0, 91.0, 62.0, 46.0, 26.0, 68.0))
    assert shown(region) == [(2, 3), (1, 2), (3, 3), (15, 3), (19, 2), (11, 2)]


@pytest.mark.parametrize("shots", [1, 2, 5, 6, 7, 12, 13, 18, 20, 23, 24])
def test_the_shots_are_dealt_in_turn(shots: int) -> None:
    found = shown(REGIONS["CHN"], shots)
    assert len(found) == len({item for item, _ in found}) == shots
    counts = [sum(item in ITEMS_OF[name] for item, _ in found) for name in DIMENSIONS]
    assert counts == [shots // 6 + (place < shots % 6) for place in range(6)]


@pytest.mark.parametrize("code", ["USA", "CHN", "IND", "ARA", "JPN", "SWE"])
@pytest.mark.parametrize("shots", [6, 9, 12, 24])
def test_no_other_items_or_answers_come_nearer(code: str, shots: int) -> None:
    region = REGIONS[code]
    found = shown(region, shots)
    for d, name in enumerate(DIMENSIONS):
        own = [(item, answer) for item, answer in found if item in ITEMS_OF[name]]
        best = min(
            abs(50.0 + sum(WEIGHTS[d, i - 1] * (a - 3) for i, a in zip(items, answers, strict=True)) - region.scores[d])
            for items in combinations(ITEMS_OF[name], len(own))
            for answers in product(range(1, 6), repeat=len(own))
        )
        gap = abs(implied(own)[d] - region.scores[d])
        assert gap <= best + 1e-9
        # Steps of 35 whatever is shown in IDV and MAS; 40 or 35 and 25 combine to steps of 5 in the others.
        assert gap <= (17.5 if name in ("idv", "mas") or len(own) < 4 else 2.5) or len(own) == 1


def test_more_demonstrations_come_nearer() -> None:
    def gap(shots: int) -> float:
        return float(
            np.mean([np.abs(np.array(implied(shown(r, shots))) - r.scores).mean() for r in REGIONS.complete[::8]])
        )

    assert gap(0) > gap(6) > gap(12) > gap(24)
    assert gap(24) < 4.0


def test_ties_go_to_the_mildest_answers() -> None:
    assert shown(Region("X", "X", "", (50.0,) * 6), 24) == [(item, 3) for name in DIMENSIONS for item in ITEMS_OF[name]]


def test_none() -> None:
    assert demonstrations(SURVEY, REGIONS["USA"], 0) == ()


@pytest.mark.parametrize("shots", [-1, 25, 1000])
def test_more_than_there_are_items_is_refused(shots: int) -> None:
    message = f"{shots} demonstrations: expected 0 to 24; give --shots a number in that range"
    for call in (lambda: check_shots(shots), lambda: demonstrations(SURVEY, REGIONS["USA"], shots)):
        with pytest.raises(UsageError) as caught:
            call()
        assert str(caught.value) == message


def test_a_dimension_without_a_score_gets_none() -> None:
    algeria = REGIONS["DZA"]
    assert algeria.missing == ("pdi", "idv", "mas", "uai")
    found = demonstrations(SURVEY, algeria)
    assert [one.item.index for one in found] == ["lto"] * 3 + ["ivr"] * 3
    # Both have four items, so more are not to be had.
    assert len(demonstrations(SURVEY, algeria, 24)) == 8


def test_a_region_without_any_score_gets_none() -> None:
    assert demonstrations(SURVEY, Region("X", "X", "", (NAN,) * 6), 6) == ()


@given(st.dictionaries(st.integers(1, 24), st.integers(1, 5)), st.sampled_from(range(6)))
def test_implied_index_is_the_formula_with_threes_elsewhere(answers: dict[int, int], dimension: int) -> None:
    assert implied_index(dimension, answers) == pytest.approx(implied(list(answers.items()))[dimension])


@given(st.tuples(*[st.one_of(st.floats(-50.0, 150.0), st.just(NAN)) for _ in range(6)]), st.integers(0, 24))
def test_any_region_gets_valid_demonstrations(scores: tuple[float, ...], shots: int) -> None:
    region = Region("X", "X", "", scores)
    found = demonstrations(SURVEY, region, shots)
    items = [one.item.id for one in found]
    assert len(items) == len(set(items)) == min(shots, 4 * (6 - len(region.missing)))
    assert not {one.item.index for one in found} & set(region.missing)
    assert all(1 <= one.answer <= 5 for one in found)
