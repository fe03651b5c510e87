"""Which results belong in one row of the leaderboard: the same method with the same settings on the same model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.records.schema import (
    DERIVED,
    DIMENSIONS,
    Group,
    MethodResult,
    Record,
    RegionResult,
    SpecFacts,
    TargetFacts,
)

_BASELINE: Final = ("survey", "targets", "constants", "dimensions", "response", "respondents", "wordings", "instrument")
_MODEL_FREE: Final = ("targets", "constants", "dimensions", "instrument")
_TUNED: Final = (*_BASELINE, "budget", "tokens", "space", "start", "share", "block", "pool")
_OBJECTIVE: Final = ("rest", "aggregate", "penalty", "finalists")


@dataclass(frozen=True)
class Pooled:
    """Results of one method on one model, from one run or from several with equal settings.

    Attributes:
        aimed: the dimensions that were tuned on, which errors count.
        chosen: the dimensions that errors count instead, None where none were chosen.
    """

    model: str
    method: str
    group: Group
    aimed: tuple[str, ...] = DIMENSIONS
    targets: TargetFacts | None = None
    runs: list[str] = field(default_factory=list)
    results: list[RegionResult] = field(default_factory=list)
    scores: dict[str, dict[str, float | None]] = field(default_factory=dict)
    chosen: tuple[str, ...] | None = None

    @property
    def counted(self) -> tuple[str, ...]:
        """The dimensions that errors count."""
        return self.aimed if self.chosen is None else self.chosen

    @property
    def rebuilt(self) -> bool:
        """Whether errors are over other dimensions than the run's, so that those on tuning wordings are not known."""
        return set(self.counted) != set(self.aimed)

    @property
    def by_region(self) -> dict[str, list[RegionResult]]:
        """The results of each region, one per seed; the regions in the order they came."""
        grouped: dict[str, list[RegionResult]] = {}
        for result in self.results:
            grouped.setdefault(result.region, []).append(result)
        return grouped

    @property
    def seeds(self) -> list[int | None]:
        """The seeds in the order they came; None stands for no seed."""
        return list(dict.fromkeys(result.seed for result in self.results))

    @property
    def table(self) -> NDArray[np.float64]:
        """(R, S) held-out errors by region and seed, NaN where a region lacks a seed."""
        return self.errors("mae")

    def errors(self, measure: str) -> NDArray[np.float64]:
        """(R, S) errors of one measure by region and seed, NaN where a region lacks a seed or an error."""
        seeds = self.seeds
        grouped = self.by_region
        found = np.full((len(grouped), len(seeds)), np.nan)
        for row, results in enumerate(grouped.values()):
            for result in results:
                found[row, seeds.index(result.seed)] = getattr(result, measure)
        return found

    def score(self, region: str, dimension: str) -> float:
        """The published score, NaN where there is none."""
        found = self.scores.get(region, {}).get(dimension)
        return float("nan") if found is None else found


def pool(records: Mapping[str, Record]) -> list[Pooled]:
    """Gathers the results of all records, given by the name of their run.

    Further seeds and regions of equal settings join; results that differ in a setting stay apart, as do models that
    share a name but not their weights, and runs that disagree on a region and seed they both have. A result that stands
    in several records counts once.
    """
    pooled: dict[str, list[Pooled]] = {}
    for name, record in records.items():
        for method in record.methods:
            model = [record.model.name, record.model.digest, record.model.dtype]
            key = json.dumps([*model, method.method, _settings(record, method)], sort_keys=True)
            alike = pooled.setdefault(key, [])
            row = next((row for row in alike if _agree(row.results, method.results)), None)
            if row is None:
                aimed = SpecFacts.model_validate(record.spec).dimensions
                row = Pooled(record.model.name, method.method, method.group, aimed, record.targets)
                alike.append(row)
            row.runs.append(name)
            row.scores.update(record.targets.scores if record.targets else {})
            row.results.extend(_new(method.results, row.results))
    return [row for alike in pooled.values() for row in alike]


def _agree(known: Sequence[RegionResult], results: Sequence[RegionResult]) -> bool:
    errors = {(result.region, result.seed): (result.mae, result.mae_tuned) for result in known}
    return all(errors.get((r.region, r.seed), (r.mae, r.mae_tuned)) == (r.mae, r.mae_tuned) for r in results)


def _settings(record: Record, method: MethodResult) -> list[Any]:
    spec = record.spec
    optimizers = spec.get("optimizers", ())
    if method.method in DERIVED:
        # These are made of the first optimizer's prompts.
        parameters = list(optimizers[:1])
    elif method.group in ("tuned", "reference"):
        parameters = [one for one in optimizers if one["name"] == method.method]
    else:
        # Who asks no model answers alike however a model is asked.
        names = _MODEL_FREE if method.group == "null" else _BASELINE
        return [spec.get(name) for name in ((*names, "shots") if method.method == "icl" else names)]
    # Regions that share candidates are a setting too: with other regions beside it a region finds another prompt.
    beside = spec.get("regions") if spec.get("share") else None
    return [*(spec.get(name) for name in (*_TUNED, *_OBJECTIVE)), parameters, beside]


def _new(results: Iterable[RegionResult], known: Sequence[RegionResult]) -> list[RegionResult]:
    seen = {(result.region, result.seed) for result in known}
    return [result for result in results if (result.region, result.seed) not in seen]
