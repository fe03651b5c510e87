"""For whom candidates are answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import RunError


@dataclass(frozen=True)
class Part:
    """Candidates of one generation: `rows` of them, which are all of it where it is `whole`."""

    region: str
    generation: int
    rows: int
    whole: bool = True


@dataclass(frozen=True)
class Turn:
    """For whom candidates are answered.

    Attributes:
        optimizer: its name.
        seed: which repetition.
        group: label of the regions that share.
        parts: of one or more generations, as their candidates stand one behind the other.
        again: the candidates were asked before.
    """

    optimizer: str
    seed: int
    group: str
    parts: tuple[Part, ...]
    again: bool = False

    def about(self, counts: Sequence[int]) -> dict[str, Any]:
        """As the journal shows it, with how many of each part's candidates are new; a first sample has no region."""
        plain = {"phase": "tuning", "optimizer": self.optimizer, "seed": self.seed, "group": self.group}
        parts = zip(self.parts, counts, strict=True)
        generations = [[part.region, part.generation, count] for part, count in parts if count]
        return {**plain, "generations": generations} | ({"again": True} if self.again else {})

    def counts(self, fresh: NDArray[np.bool_]) -> list[int]:
        """How many of each part's candidates are new, by (n,) which of all are."""
        ends = list(accumulate(part.rows for part in self.parts))
        return [int(fresh[end - part.rows : end].sum()) for part, end in zip(self.parts, ends, strict=True)]


def check_failed(turn: Turn, counts: Sequence[int], failed: NDArray[np.bool_]) -> None:
    """Stops where a generation has nothing to learn from; it is asked again when the run goes on.

    Args:
        turn: whose parts stand one behind the other.
        counts: new candidates of each.
        failed: (m,) for each new candidate.
    """
    for part, count, end in zip(turn.parts, counts, accumulate(counts), strict=True):
        if part.whole and count and failed[end - count : end].all():
            where = f"generation {part.generation} for region '{part.region}'" if part.region else "the first sample"
            raise RunError(
                f"every candidate of {where} failed ({turn.optimizer}, seed {turn.seed}; {count} of {count}): the "
                "answers are not finite numbers; check the model's weights, or load it with --dtype float32"
            )
