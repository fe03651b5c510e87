"""Solved demonstrations for in-context learning: integer answers that say as much about a region as integers can."""

from __future__ import annotations

from itertools import combinations, product
from math import isfinite
from typing import Final

from harness.errors import UsageError
from harness.tasks.hofstede_vsm.indices import ANSWERS, CONSTANTS, ITEMS, MIDDLE, WEIGHTS
from harness.tasks.hofstede_vsm.prompts import Demonstration
from harness.tasks.hofstede_vsm.regions import Region
from harness.tasks.hofstede_vsm.survey import Survey

DEFAULT_SHOTS: Final = 6


def check_shots(shots: int) -> None:
    """Refuses a number of demonstrations that no survey has items for.

    Raises:
        UsageError: `shots` is not 0 to 24.
    """
    if not 0 <= shots <= ITEMS:
        raise UsageError(f"{shots} demonstrations: expected 0 to {ITEMS}; give --shots a number in that range")


def implied_index(dimension: int, answers: dict[int, int], constant: float = CONSTANTS["midpoint"]) -> float:
    """The index when the given items have these integer answers and every other item is answered 3."""
    return constant + sum(float(WEIGHTS[dimension, item - 1]) * (answer - MIDDLE) for item, answer in answers.items())


def demonstrations(survey: Survey, region: Region, shots: int = DEFAULT_SHOTS) -> tuple[Demonstration, ...]:
    """Chooses items and integer answers whose implied indices come nearest the region's scores.

    The shots are dealt to the dimensions in turn; a dimension without a published score gets none. Rounding the item
    means instead would give 3 nearly everywhere and say nothing (docs: domain facts, Methods).

    Args:
        survey: the questionnaire; its demonstration wordings are shown.
        region: whose scores are to be hit.
        shots: how many demonstrations, 0 to 24.

    Raises:
        UsageError: `shots` is out of range.
    """
    check_shots(shots)
    known = [d for d, score in enumerate(region.scores) if isfinite(score)]
    chosen: list[Demonstration] = []
    for place, dimension in enumerate(known):
        count = min(4, shots // len(known) + (place < shots % len(known)))
        answers = _nearest(dimension, region.scores[dimension], count)
        chosen += [Demonstration(survey.items[item - 1], answer) for item, answer in answers.items()]
    return tuple(chosen)


def _nearest(dimension: int, score: float, count: int) -> dict[int, int]:
    items = [item for item in range(1, ITEMS + 1) if WEIGHTS[dimension, item - 1] != 0]
    options = [
        dict(zip(some, answers, strict=True))
        for some in combinations(items, count)
        for answers in product(ANSWERS, repeat=count)
    ]
    # Ties go to the mildest answers, then to the items that come first.
    return min(
        options,
        key=lambda o: (abs(implied_index(dimension, o) - score), sum(abs(a - MIDDLE) for a in o.values()), list(o)),
    )
