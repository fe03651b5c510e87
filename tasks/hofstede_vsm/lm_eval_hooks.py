"""What the YAML tasks below lm_eval/ call: the questions, one record per answer, and the metrics over all records.

lm-eval knows one number per document and averages them; an index needs all 24 items. So every document yields one
record under every metric, and each metric's aggregation reads the whole survey out of the list of records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypedDict

import datasets
import numpy as np

from harness.errors import ModelError, UsageError
from harness.tasks.hofstede_vsm.answers import expected_answers
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, ITEMS, Array, errors, indices
from harness.tasks.hofstede_vsm.prompts import Order, Prompt, survey_prompts
from harness.tasks.hofstede_vsm.regions import Regions, scores
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions


class Record(TypedDict):
    """One answer: the item, the order its options were listed in, the expected answer 1 to 5, the region's code."""

    item: int
    order: Order
    answer: float
    region: str


def custom_dataset(region: str, **_: Any) -> dict[str, datasets.Dataset]:
    """The 48 held-out prompts, which name no region; `region` says whose scores the answers are compared with.

    Args:
        region: a code of the bundled regions, from the task's `dataset_kwargs`.
        _: what else lm-eval hands over: the task's metadata and the model's arguments.

    Raises:
        UsageError: the region is unknown or has no score.
    """
    (chosen,) = _regions().select(region)
    rows = [
        {"item": prompt.item, "order": prompt.order, "text": prompt.text, "region": chosen.code}
        for prompt in _prompts()
    ]
    return {"test": datasets.Dataset.from_list(rows)}


def process_results(doc: Mapping[str, Any], results: Sequence[tuple[float, bool]]) -> dict[str, Record]:
    """Turns the log-likelihoods of the five options into one record, the same under every metric."""
    logs = np.array([log_likelihood for log_likelihood, _ in results], dtype=np.float64)
    answer = float(expected_answers(logs, np.array(doc["order"] == "reversed")))
    record = Record(item=doc["item"], order=doc["order"], answer=answer, region=doc["region"])
    return dict.fromkeys((*DIMENSIONS, "distance"), record)


def pdi(records: Sequence[Record]) -> float:
    """Power distance, index points."""
    return _index(records, "pdi")


def idv(records: Sequence[Record]) -> float:
    """Individualism, index points."""
    return _index(records, "idv")


def mas(records: Sequence[Record]) -> float:
    """Motivation towards achievement (masculinity), index points."""
    return _index(records, "mas")


def uai(records: Sequence[Record]) -> float:
    """Uncertainty avoidance, index points."""
    return _index(records, "uai")


def lto(records: Sequence[Record]) -> float:
    """Long-term orientation, index points."""
    return _index(records, "lto")


def ivr(records: Sequence[Record]) -> float:
    """Indulgence, index points."""
    return _index(records, "ivr")


def distance(records: Sequence[Record]) -> float:
    """Mean absolute error against the region's published scores, index points, over the dimensions that it has."""
    target = scores([_regions()[records[0]["region"]]])
    return float(errors(indices(_item_means(records)), target)[0, 0])


def _index(records: Sequence[Record], dimension: str) -> float:
    return float(indices(_item_means(records))[DIMENSIONS.index(dimension)])


def _item_means(records: Sequence[Record]) -> Array:
    """(24,) means over both option orders. Records come in any order: several processes hand theirs over in turn.

    Raises:
        UsageError: a prompt has no record, as with `--limit`; nothing is imputed.
        ModelError: an answer is not finite.
    """
    answers = {(record["item"], record["order"]): record["answer"] for record in records}
    region = records[0]["region"]
    if len(answers) != len(records) or {record["region"] for record in records} != {region}:
        raise ValueError(
            f"{len(records)} records, {len(answers)} different ones: expected one region, each prompt once"
        )
    asked = [(prompt.item, prompt.order) for prompt in _prompts()]
    missing = [place for place in asked if place not in answers]
    if missing:
        item, order = missing[0]
        raise UsageError(
            f"region '{region}': {len(answers)} of {len(asked)} prompts are answered (the first one missing is item "
            f"{item}, {order} order), and a partial survey has no indices: run lm-eval without --limit and --samples"
        )
    broken = sorted({item for (item, _), answer in answers.items() if not np.isfinite(answer)})
    if broken:
        raise ModelError(
            f"region '{region}': the model's answers to items {', '.join(map(str, broken))} are not finite numbers: "
            "check its weights, or give lm-eval dtype=float32 in --model_args"
        )
    return np.array([np.mean([answers[place] for place in asked if place[0] == item]) for item in range(1, ITEMS + 1)])


@cache
def _prompts() -> tuple[Prompt, ...]:
    return survey_prompts(load_survey(), "heldout")


@cache
def _regions() -> Regions:
    return load_regions()
