"""What lm_eval_checks/persona_following.yaml calls: does the answer lean to the side of the region that the text names?

Every item is asked in the name of regions whose published scores imply the highest and the lowest answers to it, as
many of each and in both option orders. Whoever does not read the name answers all of an item's questions alike, and
gets 0.5 and 0 whatever the answer is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

import datasets
import numpy as np

from harness.errors import ModelError
from harness.tasks.hofstede_vsm.answers import expected_answers
from harness.tasks.hofstede_vsm.indices import MIDDLE, minimum_norm_means
from harness.tasks.hofstede_vsm.prompts import Order, preamble, question_text
from harness.tasks.hofstede_vsm.regions import Region, Regions, scores
from harness.tasks.hofstede_vsm.survey import Item, load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

ORDERS: Final[tuple[Order, ...]] = ("forward", "reversed")
"""One region of each side is asked in each."""


class Doc(TypedDict):
    """One question: the item, its option order, the region that the text names, and its side of 3: -1 or 1."""

    item: int
    order: Order
    region: str
    side: int
    text: str


def documents() -> list[Doc]:
    """All 96 questions: 24 held-out wordings, two regions on either side of each."""
    survey, table = load_survey(), load_regions()
    return [
        Doc(
            item=item.id,
            order=order,
            region=region.code,
            side=side,
            text=question_text(survey, item, item.wordings.heldout, order, preamble(survey, region.name)),
        )
        for item in survey.items
        for side in (-1, 1)
        for order, region in zip(ORDERS, _extreme(table, item, side), strict=True)
    ]


def custom_dataset(**_: Any) -> dict[str, datasets.Dataset]:
    """The questions as lm-eval wants them; what it hands over is not needed."""
    return {"test": datasets.Dataset.from_list([dict(doc) for doc in documents()])}


def process_results(doc: Mapping[str, Any], results: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """How far the answer leans to the region's side of the scale.

    Args:
        doc: one of `documents`.
        results: log-likelihood of each option as listed, and whether it is the likeliest of all tokens.

    Returns:
        `lean`, from -2 to 2: by how much the expected answer lies beyond 3 on the region's side; `acc`: 1 if it does.

    Raises:
        ModelError: a log-likelihood is not finite.
    """
    logs = np.array([log_likelihood for log_likelihood, _ in results], dtype=np.float64)
    lean = doc["side"] * (float(expected_answers(logs, np.array(doc["order"] == "reversed"))) - MIDDLE)
    if not np.isfinite(lean):
        raise ModelError(
            f"persona_following: the model's answer to item {doc['item']} for {doc['region']} is not a finite number: "
            "check its weights, or take float32"
        )
    return {"acc": float(lean > 0), "lean": float(lean)}


def _extreme(table: Regions, item: Item, side: int) -> list[Region]:
    """The regions whose scores imply the most extreme answers on one side; the first of the table on ties."""
    implied = minimum_norm_means(scores(table.complete))[:, item.id - 1]
    return [table.complete[place] for place in np.argsort(-side * implied, kind="stable")[: len(ORDERS)]]
