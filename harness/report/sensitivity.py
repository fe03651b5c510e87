"""Whether a result hangs on choices that could have been made otherwise: constants, target vintage, wordings.

Constants shift an index for a whole study. Under `midpoint` an index is 50 where all item means are equal; under
`anchored` a study, here one method of one run, is shifted in each dimension so that its mean over the regions is the
published one, with the same constants for all regions, as users of the Values Survey Module anchor their samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from harness.records.schema import DIMENSIONS, MethodResult, Record, RegionResult, SpecFacts
from harness.report.statistics import rank_correlation

Scores = Mapping[str, Mapping[str, float | None]]
ANCHORS: Final = 10
"""Fewest regions whose scores anchor a dimension: with few of them the constants would take the errors with them."""
SCHEMES: Final = ("midpoint", "anchored", "vintage", "vintage_anchored")


@dataclass(frozen=True)
class Choice:
    """One method of one run under each choice; mean absolute errors on held-out wordings, index points.

    Attributes:
        run: name of the run.
        wordings: of each item that were tuned on.
        tuned: error on the tuning wordings, as the record has it.
        midpoint, anchored: against the run's targets, under either scheme of constants.
        vintage, vintage_anchored: the same against other targets, over the regions that both have; None without them,
            and anchored where a dimension has scores of fewer than `ANCHORS` regions.
    """

    run: str
    method: str
    wordings: int
    tuned: float
    midpoint: float
    anchored: float | None
    vintage: float | None
    vintage_anchored: float | None


@dataclass(frozen=True)
class Sensitivity:
    """All methods under all choices.

    Attributes:
        choices: by error under `midpoint`, run by run.
        order: Kendall's tau-b between the order of the methods under `midpoint` and under each other scheme, per run
            and scheme; None where it is not defined.
        regions: of each run that have scores in its own and in the other targets.
        partial: of each run, the dimensions without a score in the other targets, per region that has others there.
    """

    choices: tuple[Choice, ...]
    order: dict[str, dict[str, float | None]]
    regions: dict[str, tuple[int, int]]
    partial: dict[str, dict[str, tuple[str, ...]]]


def sensitivity(records: Mapping[str, Record], vintage: Scores | None = None) -> Sensitivity:
    """Scores the answers that records hold under other choices, without asking a model.

    Args:
        records: by the name of the run; each with its targets.
        vintage: other published scores per region and dimension, None where there is none.

    Raises:
        ValueError: a record has no targets.
    """
    choices: list[Choice] = []
    order: dict[str, dict[str, float | None]] = {}
    regions: dict[str, tuple[int, int]] = {}
    partial: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, record in records.items():
        if record.targets is None:
            raise ValueError(f"record of run {name} holds no targets")
        rows = [_choice(name, record, method, record.targets.scores, vintage) for method in record.methods]
        choices += sorted(rows, key=lambda row: (row.midpoint, row.method))
        order[name] = {scheme: _order(rows, scheme) for scheme in SCHEMES[1:]}
        codes, dimensions = record.targets.scores, SpecFacts.model_validate(record.spec).dimensions
        there = [code for code in codes if _known(code, vintage or {}, dimensions)]
        regions[name] = len(codes), len(there)
        lacking = {code: _lacking(code, vintage or {}, dimensions) for code in there}
        partial[name] = {code: missing for code, missing in lacking.items() if missing}
    return Sensitivity(tuple(choices), order, regions, partial)


def _known(code: str, scores: Scores, dimensions: Sequence[str]) -> bool:
    return any(scores.get(code, {}).get(name) is not None for name in dimensions)


def _lacking(code: str, scores: Scores, dimensions: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in dimensions if scores[code].get(name) is None)


def _choice(run: str, record: Record, method: MethodResult, scores: Scores, vintage: Scores | None) -> Choice:
    spec = SpecFacts.model_validate(record.spec)
    regions: dict[str, list[RegionResult]] = {}
    for result in method.results:
        regions.setdefault(result.region, []).append(result)

    def error(wanted: Scores | None, anchored: bool) -> float | None:
        return None if wanted is None else _error(regions, wanted, spec.dimensions, anchored)

    return Choice(
        run,
        method.method,
        spec.wordings,
        tuned=fmean(fmean(result.mae_tuned for result in results) for results in regions.values()),
        midpoint=fmean(fmean(result.mae for result in results) for results in regions.values()),
        anchored=error(scores, anchored=True),
        vintage=error(vintage, anchored=False),
        vintage_anchored=error(vintage, anchored=True),
    )


def _error(
    regions: Mapping[str, Sequence[RegionResult]], scores: Scores, dimensions: Sequence[str], anchored: bool
) -> float | None:
    """Mean over regions of each region's mean absolute error; None without regions, or with too few for anchors."""
    gaps = []
    for code, results in regions.items():
        if _known(code, scores, dimensions):
            wanted = [scores[code].get(name) if name in dimensions else None for name in DIMENSIONS]
            target = np.array([np.nan if score is None else score for score in wanted])
            gaps.append(np.array([[result.indices[name] for name in DIMENSIONS] for result in results]) - target)
    if not gaps:
        return None
    shift = np.zeros(len(DIMENSIONS))
    if anchored:
        means = np.array([gap.mean(axis=0) for gap in gaps])
        known = ~np.isnan(means)
        counts = known.sum(axis=0)
        if counts[counts > 0].min() < ANCHORS:
            return None
        shift = np.where(known, means, 0.0).sum(axis=0) / np.maximum(counts, 1)
    return fmean(float(np.nanmean(np.abs(gap - shift), axis=1).mean()) for gap in gaps)


def _order(rows: Sequence[Choice], scheme: str) -> float | None:
    pairs = [(row.midpoint, value) for row in rows if (value := getattr(row, scheme)) is not None]
    return rank_correlation([one for one, _ in pairs], [other for _, other in pairs])[0] if pairs else None
