"""Members of a population whose distances are known from one generation to the next.

Of p members with d coordinates, k of which are new, a generation reads p d numbers and makes k p d products: the
distances among the others are known. Nothing of length d is kept beside the members themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.optimizers.checks import FloatArray

IntArray = NDArray[np.intp]

BLOCK: Final = 4096
"""Coordinates that are read at a time: those of all members stay in a processor's cache."""
BLUNT: Final = 1e-2
"""Of the square distance from the anchor: what is nearer to each other has lost too many digits."""


class Members:
    """Members in the order of their population, and inner products of what they are from an anchor.

    Args:
        width: (d,) of the box; distances are measured in it.
    """

    def __init__(self, width: FloatArray) -> None:
        self._width = width
        self._all: Sequence[Any] = ()
        self._anchor: FloatArray = np.zeros(0)
        self._products: FloatArray = np.zeros((0, 0))

    def __len__(self) -> int:
        return len(self._all)

    def keep(self, individuals: Sequence[Any]) -> None:
        """Takes a population, whose individuals have their coordinates (d,) as `X` and never change them."""
        places = {id(one): place for place, one in enumerate(self._all)}
        known = np.array([places.get(id(one), -1) for one in individuals])
        if not len(places):
            self._anchor = individuals[0].X
        self._all = list(individuals)
        old, fresh = np.flatnonzero(known >= 0), np.flatnonzero(known < 0)
        products = np.empty((len(known), len(known)))
        products[np.ix_(old, old)] = self._products[np.ix_(known[old], known[old])]
        if len(fresh):
            products[fresh] = self._multiply(fresh)
            products[:, fresh] = products[fresh].T
        self._products = products

    def nearest(self, base: int, most: int) -> IntArray:
        """The members nearest to one, the nearest first, without itself."""
        sizes = np.diag(self._products)
        squares = sizes - 2.0 * self._products[base] + self._products[base, base]
        squares[base] = np.inf
        near: IntArray = np.argsort(squares, kind="stable")[: min(most, len(self) - 1)]
        if squares[near].max() < BLUNT * sizes[[base, *near]].max():
            # From the base itself these are the distances, and not differences of what is larger.
            self._anchor = self._all[base].X
            self._products = self._multiply(np.arange(len(self)))
            return self.nearest(base, most)
        return near

    def gram(self, base: int, others: IntArray) -> FloatArray:
        """(k, k) inner products of the differences between others (k,) and a base."""
        aside = self._products[others, base]
        whole: FloatArray = self._products[np.ix_(others, others)] - aside[:, None] - aside + self._products[base, base]
        return whole

    def combined(self, base: int, others: IntArray, weights: FloatArray) -> FloatArray:
        """(d,) the sum of the differences between others (k,) and a base, each times its weight (k,)."""
        found: FloatArray = -weights.sum() * self._all[base].X
        for block, rows in self._blocks(others):
            found[block] += weights @ rows
        return found / self._width

    def difference(self, one: int, other: int) -> FloatArray:
        """(d,) from one member to another."""
        step: FloatArray = (self._all[one].X - self._all[other].X) / self._width
        return step

    def _multiply(self, some: IntArray) -> FloatArray:
        """(k, p) inner products of some members (k,) with all, read anew."""
        found = np.zeros((len(some), len(self)))
        for block, rows in self._blocks(range(len(self))):
            rows -= self._anchor[block]
            found += rows[some] / np.square(self._width[block]) @ rows.T
        return found

    def _blocks(self, some: Sequence[int] | IntArray) -> Iterator[tuple[slice, FloatArray]]:
        """Coordinates of some members (k,), (k, `BLOCK`) at a time."""
        whole = [self._all[place].X for place in some]
        for begin in range(0, len(self._width), BLOCK):
            block = slice(begin, begin + BLOCK)
            yield block, np.array([row[block] for row in whole])
