"""What is compared of a run: quality and cost of each method, and how fast candidates were answered and found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from harness.records.differences import differences
from harness.records.repeatability import AREAS, Metric
from harness.records.schema import DIMENSIONS, MethodResult, Provenance, Record, RegionResult, SpecFacts
from harness.tasks.hofstede_vsm.indices import WEIGHTS

SPEED: Final = {
    "answering_loops": "answering",
    "searching_loops": "searching",
}
"""The timings that are compared, with their names here."""
POINTS: Final = "index points"
_MOST_NATS: Final = 1.0
"""More than any scorer's answers may be off by, so that limits stay numbers whatever a record says."""
_PLACE: Final = ("processor", "cores", "gpu")


@dataclass(frozen=True)
class Measured:
    """A metric's value in one run; `arithmetic` is by how much that may differ for the machine's arithmetic alone."""

    metric: Metric
    value: float
    arithmetic: float = 0.0


def measure(record: Record, regions: Sequence[str], seeds: int) -> dict[str, Measured]:
    """The metrics of a run, by label.

    Null rows are left out: a worse one is no regression.

    Args:
        record: of the run.
        regions: over which means are taken; a method that lacks one of them has no value.
        seeds: repetitions that a method with seeds must have in each region.
    """
    found = [*_run(record)]
    for method in record.methods:
        if method.group != "null" and not lacking(method, regions, seeds):
            results = [result for result in method.results if result.region in set(regions)]
            found += _method(record, method, results)
    # Each area together, its methods in the order of the record.
    found.sort(key=lambda one: AREAS.index(one.metric.area))
    return {one.metric.label: one for one in found}


def timed(record: Record) -> bool:
    """Whether the run's times can be compared: one that went on after its search was over has none."""
    return any(timing in record.timings for timing in SPEED)


def elsewhere(known: Provenance, other: Provenance) -> list[str]:
    """Where a machine is not of the kind of a known one, so that times do not compare."""
    there, here = (
        {**{name: one.machine.get(name) for name in _PLACE}, "threads": one.threads} for one in (known, other)
    )
    return list(differences(there, here))


def lacking(method: MethodResult, regions: Sequence[str], seeds: int) -> list[str]:
    """The regions that a method has no result of, or fewer than one for each seed."""
    counts = {region: 0 for region in regions}
    for result in method.results:
        if result.region in counts:
            # What has no seed is the same for all of them.
            counts[result.region] += seeds if result.seed is None else 1
    return [region for region, count in counts.items() if count < seeds]


def _method(record: Record, method: MethodResult, results: Sequence[RegionResult]) -> Iterator[Measured]:
    gap = _gap(record)
    points = gap * _points_per_nat(SpecFacts.model_validate(record.spec).dimensions)

    def metric(name: str, unit: str, higher: bool = False) -> Metric:
        return Metric(area="quality", method=method.method, name=name, unit=unit, higher_is_better=higher)

    yield Measured(metric("mae", POINTS), fmean(one.mae for one in results), points)
    yield Measured(metric("mae_tuned", POINTS), fmean(one.mae_tuned for one in results), points)
    masses = [one.option_mass for one in results if one.option_mass is not None]
    if len(masses) == len(results):
        yield Measured(metric("option_mass", "probability", higher=True), fmean(masses), gap)
    if method.group in ("tuned", "reference"):
        yield Measured(metric("failed", "candidates"), float(sum(one.failed for one in results)))
        spent = Metric(area="cost", method=method.method, name="evaluations", unit="per region")
        yield Measured(spent, fmean(one.evaluations for one in results))


def _run(record: Record) -> Iterator[Measured]:
    if record.scorer is not None:
        tokens = Metric(area="cost", name="distinct_tokens", unit="per candidate")
        yield Measured(tokens, float(record.scorer.distinct_tokens))
    for timing, name in SPEED.items():
        if timing in record.timings:
            speed = Metric(area="speed", name=name, unit="calibration loops per candidate")
            yield Measured(speed, record.timings[timing])


def _gap(record: Record) -> float:
    """Nats by which the run's answers differed from the model's own forward pass when it was loaded."""
    gap = (record.scorer.gap or 0.0) if record.scorer else 0.0
    return min(abs(gap), _MOST_NATS)


def _points_per_nat(dimensions: Sequence[str]) -> float:
    """Index points by which an error changes at most for each nat, where nats are small.

    Log-probabilities that are off by a small e move the mean of answers from 1 to 5 by at most 2 e, which is reached
    with half of them at each end; an error is the mean over dimensions of the sums over items.
    """
    rows = [np.abs(WEIGHTS[DIMENSIONS.index(name)]).sum() for name in dimensions]
    return 2.0 * float(np.mean(rows))
