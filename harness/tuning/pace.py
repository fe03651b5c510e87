"""How long a candidate takes, counted in passes of a calibration loop that is timed beside it.

Seconds on a shared machine say little: a neighbour, or a processor that is hot, slows everything down. Both are timed
within moments of each other, so what slows one slows the other, and their ratio is a property of the program.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

SHARE: Final = 0.05
"""Part of the time that may go into calibration at first."""
ENOUGH: Final = 20
"""Slices from which a fifth of that has to do."""


@dataclass(frozen=True)
class _Slice:
    """What happened between two passes of the loop; seconds, `between` of them outside the model."""

    candidates: int
    answering: float
    between: float
    calibration: float


class Pace:
    """Times answers, and the loop beside them.

    Args:
        calibrate: runs the loop once and returns its seconds.
        clock: seconds.
    """

    def __init__(self, calibrate: Callable[[], float], clock: Callable[[], float] = time.perf_counter) -> None:
        self._calibrate = calibrate
        self._clock = clock
        self._slices: list[_Slice] = []
        self._last = 0.0
        self._left: float | None = None
        self._begin()

    @contextmanager
    def answering(self, candidates: int) -> Iterator[None]:
        """Times the answering of so many candidates."""
        if not self._last:
            # The first pass of anything is no measure.
            self._calibrate()
            self._last = self._calibrate()
        began = self._clock()
        if self._left is not None:
            self._between += began - self._left
        yield
        self._left = self._clock()
        self._answering += self._left - began
        self._candidates += candidates
        share = SHARE if len(self._slices) < ENOUGH else SHARE / 5
        if self._last < share * (self._answering + self._between):
            self._close()

    def facts(self) -> dict[str, float]:
        """Medians, where anything was timed: seconds of the loop, and the loops that a candidate takes.

        `answering` is the model's part of them, and `searching` what passes between its answers.
        """
        if self._candidates and not self._slices:
            self._close()
        if not self._slices:
            return {}
        return {
            "calibration": statistics.median(one.calibration for one in self._slices),
            "answering_loops": statistics.median(
                one.answering / one.candidates / one.calibration for one in self._slices
            ),
            "searching_loops": statistics.median(
                one.between / one.candidates / one.calibration for one in self._slices
            ),
        }

    def _begin(self) -> None:
        self._candidates, self._answering, self._between = 0, 0.0, 0.0

    def _close(self) -> None:
        before, self._last = self._last, self._calibrate()
        self._slices.append(_Slice(self._candidates, self._answering, self._between, (before + self._last) / 2))
        self._begin()
        self._left = self._clock()
