"""Workers that answer after a while without a model, so that many of them fit one machine; light to import."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ITEMS: Final = 24
SPREAD: Final = 0.4
"""Standard deviation of the logarithm of a candidate's time: one in forty takes more than twice the median."""


@dataclass(frozen=True)
class Simulation:
    """Makes a worker of no means at all; can be sent."""

    def __call__(self) -> Simulation:
        """Itself."""
        return self

    def facts(self) -> dict[str, Any]:
        """The process that it lives in."""
        return {"pid": os.getpid()}


@dataclass(frozen=True)
class Simulated:
    """Answers candidates after as long as a model might take, which the candidates decide.

    Attributes:
        shared: a matrix (d, 24) from candidates to item means.
        latency: seconds of a candidate, median; 0 answers at once.
        vectors: (n, d) candidates.
    """

    shared: NDArray[np.float64] | None
    latency: float
    vectors: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def size(self) -> int:
        """Candidates."""
        return len(self.vectors)

    @property
    def grain(self) -> int:
        """They are answered one by one."""
        return 1

    def asking(self, vectors: NDArray[np.float64], draws: Sequence[Any]) -> Simulated:
        """The same for other candidates."""
        return replace(self, vectors=vectors)

    def detached(self) -> Simulated:
        """The same without the matrix."""
        return replace(self, shared=None)

    def attached(self, shared: Any) -> Simulated:
        """The same with the matrix."""
        return replace(self, shared=shared)

    def split(self, most: int) -> list[Simulated]:
        """Jobs of at most so many candidates each."""
        return [replace(self, vectors=self.vectors[i : i + most]) for i in range(0, max(1, self.size), most)]

    def join(self, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The item means of all parts."""
        return {"item_means": [row for part in found for row in part["item_means"]]}

    def do(self, worker: Any) -> dict[str, Any]:
        """Waits, and gives item means that follow smoothly from the candidates."""
        if self.shared is None:
            raise ValueError("candidates without their matrix: expected the job as it was before it was sent")
        if self.latency:
            time.sleep(sum(map(self._seconds, self.vectors)))
        means: NDArray[np.float64] = 3.0 + 1.9 * np.tanh(self.vectors @ self.shared)
        return {"item_means": means.tolist()}

    def _seconds(self, vector: NDArray[np.float64]) -> float:
        """Of a candidate, log-normal over candidates."""
        seed = int.from_bytes(hashlib.blake2b(vector.tobytes(), digest_size=8).digest(), "little")
        return self.latency * math.exp(SPREAD * np.random.default_rng(seed).normal())


def matrix(dimensions: int, seed: int) -> NDArray[np.float64]:
    """(d, 24) that moves item means over their whole range within a box of -3 to 3."""
    return np.random.default_rng(seed).normal(0.0, 0.5 / math.sqrt(dimensions), (dimensions, ITEMS))
