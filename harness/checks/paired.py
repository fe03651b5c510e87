"""Two runs of the same tasks as paired differences: pure functions on what lm-eval returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from numbers import Real
from typing import Any

import numpy as np

from harness.errors import InputError
from harness.records.side_effects import Effect
from harness.report.statistics import interval

Values = dict[int, Any]


def effects(
    before: Mapping[str, Any], after: Mapping[str, Any], means: Collection[tuple[str, str]]
) -> tuple[Effect, ...]:
    """Every metric of every task and group.

    Args:
        before: what lm-eval returned without the prompt, samples logged.
        after: the same with the prompt.
        means: (task, metric) of the metrics that are a mean over documents.

    Raises:
        InputError: the two runs did not ask the same questions.
    """
    found = []
    for task, figures in before["results"].items():
        if task in before["samples"]:
            _check_questions(task, before["samples"][task], after["samples"][task])
        for key, value in figures.items():
            metric, comma, filtered = key.partition(",")
            if not comma or metric.endswith("_stderr"):
                continue
            common = {
                "task": task,
                "metric": metric if filtered == "none" else key,
                "higher_is_better": before["higher_is_better"].get(task, {}).get(metric),
                "before": float(value),
                "after": float(after["results"][task][key]),
            }
            common["difference"] = common["after"] - common["before"]
            found.append(Effect(**common, **_interval_of(before, after, task, metric, filtered, means)))
    return tuple(found)


def _interval_of(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    task: str,
    metric: str,
    filtered: str,
    means: Collection[tuple[str, str]],
) -> dict[str, Any]:
    """Documents, interval and note of one metric."""
    if task not in before["samples"]:
        return {"documents": 0, "note": "put together from the tasks of the group"}
    first, second = (_values(run["samples"][task], metric, filtered) for run in (before, after))
    paired = sorted(first.keys() & second.keys())
    found: dict[str, Any] = {"documents": len(paired)}
    if (task, metric) not in means:
        return {**found, "note": "no mean over documents"}
    if first.keys() != second.keys():
        alone = len(first.keys() ^ second.keys())
        return {**found, "note": f"documents with a value in one of the two runs alone: {alone}"}
    if len(paired) < 2:
        return {**found, "note": "one document"}
    pairs = [(first[place], second[place]) for place in paired]
    if not all(isinstance(value, Real | np.bool_) for pair in pairs for value in pair):
        return {**found, "note": "the values of documents are no numbers"}
    differences = np.array([float(new) - float(old) for old, new in pairs])
    if broken := int((~np.isfinite(differences)).sum()):
        return {**found, "note": f"documents whose values are not finite: {broken}"}
    low, high = interval(differences)
    return {**found, "low": low, "high": high}


def _values(samples: list[dict[str, Any]], metric: str, filtered: str) -> Values:
    """A metric's value by document; documents without one are left out, as lm-eval leaves them out of its mean."""
    return {one["doc_id"]: one[metric] for one in samples if one["filter"] == filtered and metric in one["metrics"]}


def _check_questions(task: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Raises InputError unless both runs asked the same of the same documents."""
    first, second = (
        Counter((one["doc_id"], one["filter"], one["prompt_hash"]) for one in run) for run in (before, after)
    )
    if first != second:
        changed = len({place for place, *_ in (first - second) + (second - first)})
        raise InputError(
            f"task '{task}' asks other questions the second time (documents that differ: {changed}): before and after "
            "cannot be compared; let it draw documents and examples from a fixed seed"
        )
