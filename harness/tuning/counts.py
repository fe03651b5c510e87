"""How much a run answers, part by part, counted without answering anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.tuning.candidates import Layout
from harness.tuning.exam import SCORED
from harness.tuning.spec import REFERENCE, RunSpec


@dataclass(frozen=True)
class Counts:
    """What a run does, at most: searches may end before with --rest.

    Attributes:
        splits: that every method is scored on.
        regions: of the run.
        searches: regions, times optimizers, times seeds.
        nulls: exams of the null rows.
        asked: candidates that black-box optimizers spend their budget on.
        answered: those, and the first samples, that the model really answers; remembered ones cost nothing.
        steps: of the reference's descents, forwards and backwards.
    """

    splits: int
    regions: int
    searches: int
    nulls: int
    asked: int
    answered: int
    steps: int


def count(spec: RunSpec, layouts: Mapping[int, Layout]) -> Counts:
    """Counts a run.

    Args:
        spec: the run.
        layouts: of each seed, with the first samples.
    """
    regions, black_box = len(spec.regions), [one for one in spec.optimizers if one.name != REFERENCE]
    referred = len(spec.optimizers) - len(black_box)
    asked = spec.budget * regions * spec.seeds * len(black_box)
    sampled = sum(len(sample) for layout in layouts.values() for sample in layout.samples.values())
    return Counts(
        splits=len(SCORED) + (spec.instrument is not None),
        regions=regions,
        searches=regions * len(spec.optimizers) * spec.seeds,
        nulls=spec.seeds * (regions if regions > 1 else 2),
        asked=asked,
        answered=asked - sampled * len(black_box) + _remembered(spec, layouts),
        steps=referred * sum(_steps(spec, layout) for layout in layouts.values()),
    )


def _remembered(spec: RunSpec, layouts: Mapping[int, Layout]) -> int:
    """Different candidates in the first samples; seeds that search the same space remember together."""
    rows: dict[int, set[bytes]] = {}
    for seed, layout in layouts.items():
        known = rows.setdefault(seed if spec.asking.noisy else id(layout.space), set())
        known.update(np.ascontiguousarray(row).tobytes() for sample in layout.samples.values() for row in sample)
    return sum(map(len, rows.values()))


def _steps(spec: RunSpec, layout: Layout) -> int:
    """Steps of the reference over all regions: what the first sample leaves of the budget."""
    if spec.share:
        share = len(layout.samples[""]) / len(spec.regions)
        return len(spec.regions) * max(1, spec.budget - math.ceil(share))
    return sum(max(1, spec.budget - len(sample)) for sample in layout.samples.values())
