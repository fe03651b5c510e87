"""What arrays have to be that go in and out of an optimizer; each message says what was expected and the fix."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]


def frozen(values: npt.ArrayLike) -> FloatArray:
    """A read-only copy in float64 and C-order."""
    copy = np.array(values, dtype=np.float64, order="C", copy=True)
    copy.flags.writeable = False
    return copy


def check_box(lower: FloatArray, upper: FloatArray) -> None:
    """Raises ValueError unless the bounds are (d,), finite and apart."""
    if lower.ndim != 1 or lower.size < 1 or lower.shape != upper.shape:
        raise ValueError(
            f"bounds have shapes {lower.shape} and {upper.shape}: expected (d,) twice with d at least 1; "
            "give one lower and one upper bound per coordinate"
        )
    wrong = np.flatnonzero(~(np.isfinite(lower) & np.isfinite(upper) & (lower < upper)))
    if wrong.size:
        k = wrong[0]
        raise ValueError(
            f"bounds of coordinate {k} are {lower[k]} and {upper[k]}: expected finite numbers, the lower one below "
            "the upper one; fix a coordinate by leaving it out"
        )


def check_rows(
    what: str,
    rows: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    none: str = "leave the call out when there is none",
) -> None:
    """Raises ValueError unless the rows are (n, d), n at least 1, inside the box; `none` says what else to do."""
    if rows.ndim != 2 or len(rows) < 1 or rows.shape[1] != lower.size:
        raise ValueError(f"{what} has shape {rows.shape}: expected (n, {lower.size}) with n at least 1; {none}")
    wrong = np.argwhere(~((rows >= lower) & (rows <= upper)))
    if wrong.size:
        row, k = wrong[0]
        raise ValueError(
            f"{what}[{row}, {k}] is {rows[row, k]}: expected a number from {lower[k]} to {upper[k]}; "
            "clip it or widen the box"
        )


def check_candidates(candidates: npt.NDArray[np.generic], asked: FloatArray) -> None:
    """Raises unless the candidates told are those asked."""
    if candidates.shape != asked.shape:
        raise ValueError(
            f"candidates told have shape {candidates.shape}: expected {asked.shape} as asked; "
            "tell the whole generation at once"
        )
    if not np.array_equal(candidates, asked):
        row = int(np.flatnonzero((candidates != asked).any(axis=1))[0])
        raise RuntimeError(
            f"candidate {row} told is not the one asked: expected the rows of the last ask() in their order; "
            "tell the array that ask() returned"
        )


def checked_losses(losses: npt.ArrayLike, count: int) -> FloatArray:
    """A copy (count,) of the losses, finite or NaN; raises ValueError where they are not."""
    values = frozen(losses)
    if values.shape != (count,):
        raise ValueError(
            f"losses have shape {values.shape}: expected ({count},), one per candidate; give NaN for a failed candidate"
        )
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        k = infinite[0]
        raise ValueError(
            f"loss of candidate {k} is {values[k]}: expected a finite number or NaN; give NaN for a failed candidate"
        )
    return values
