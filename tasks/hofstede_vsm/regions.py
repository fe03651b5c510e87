"""Published scores per region, and choosing regions by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from harness.errors import UsageError, closest_first
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, Array

SETS: Final = {"core": ("USA", "CHN", "IND", "ARA")}
ALL: Final = "all"


@dataclass(frozen=True)
class Region:
    """A region and its six scores in index points, NaN where none was published or none is aimed at.

    Attributes:
        aimed: the dimensions that errors are taken over, where a region has their scores.
    """

    code: str
    name: str
    kind: str
    scores: tuple[float, ...]
    aimed: tuple[str, ...] = DIMENSIONS

    @property
    def complete(self) -> bool:
        """Whether all six dimensions have a score."""
        return bool(np.isfinite(self.scores).all())

    @property
    def missing(self) -> tuple[str, ...]:
        """The dimensions that are aimed at and without a published score."""
        pairs = zip(DIMENSIONS, self.scores, strict=True)
        return tuple(d for d, score in pairs if d in self.aimed and not np.isfinite(score))

    @property
    def published(self) -> dict[str, float]:
        """The scores that there are, by dimension."""
        return {d: score for d, score in zip(DIMENSIONS, self.scores, strict=True) if np.isfinite(score)}

    def aiming(self, dimensions: Sequence[str]) -> Region:
        """The same region with the scores of some dimensions alone.

        Raises:
            UsageError: it has none of them.
        """
        scores = tuple(
            score if d in dimensions else float("nan") for d, score in zip(DIMENSIONS, self.scores, strict=True)
        )
        if not np.isfinite(scores).any():
            raise UsageError(
                f"region '{self.code}' has no published {', '.join(dimensions)}: give other --dimensions, or leave the "
                "region out"
            )
        return replace(self, scores=scores, aimed=tuple(d for d in DIMENSIONS if d in dimensions))


@dataclass(frozen=True)
class Regions:
    """A table of regions in the order of its file; `digest` names its content in records."""

    rows: tuple[Region, ...]
    digest: str

    @cached_property
    def _by_code(self) -> dict[str, Region]:
        return {region.code: region for region in self.rows}

    @property
    def complete(self) -> tuple[Region, ...]:
        """The regions with all six scores: what `--region all` means."""
        return tuple(region for region in self.rows if region.complete)

    def __getitem__(self, code: str) -> Region:
        """The region with this code.

        Raises:
            KeyError: there is none; user input goes through `select`.
        """
        return self._by_code[code]

    def select(self, wanted: str) -> tuple[Region, ...]:
        """Chooses regions: "all", a named set, or codes separated by commas, in that order and each once.

        Raises:
            UsageError: a code is unknown or the region has no score; the message lists the closest ones.
        """
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        if not names:
            raise UsageError("no region given: expected all, core or codes such as USA,CHN; see 'harness ls regions'")
        chosen: dict[str, Region] = {}
        for name in names:
            for region in self._expand(name):
                chosen[region.code] = region
        return tuple(chosen.values())

    def _expand(self, name: str) -> Iterable[Region]:
        if name.lower() == ALL:
            return self.complete
        if name.lower() in SETS:
            return [self._find(code) for code in SETS[name.lower()]]
        return [self._find(name)]

    def _find(self, name: str) -> Region:
        for region in self.rows:
            if name.casefold() in (region.code.casefold(), region.name.casefold()):
                if not np.isfinite(region.scores).any():
                    raise UsageError(
                        f"region '{region.code}' has no score: choose one with scores, see 'harness ls regions'"
                    )
                return region
        near = closest_first(name, [region.code for region in self.rows] + [region.name for region in self.rows])
        shown = dict.fromkeys(code if code in self._by_code else self._code_of(code) for code in near[:8])
        listed = ", ".join(f"{code} ({self._by_code[code].name})" for code in list(shown)[:5])
        raise UsageError(
            f"unknown region '{name}': expected all, {', '.join(SETS)}, or codes, the closest being {listed}; "
            "see 'harness ls regions'"
        )

    def _code_of(self, name: str) -> str:
        return next(region.code for region in self.rows if region.name == name)


def scores(regions: Iterable[Region]) -> Array:
    """The scores of regions as an array (R, 6), NaN where missing."""
    return np.array([region.scores for region in regions], dtype=np.float64)


def world_mean(table: Regions) -> Array:
    """(6,) the mean score of all complete regions per dimension: a baseline that needs no model."""
    mean: Array = scores(table.complete).mean(axis=0)
    return mean
