"""A figure with what is said of it, and one that is not there with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

NAMED = 6
"""Things that an alternative text names one by one."""


@dataclass(frozen=True)
class Drawn:
    """A figure.

    Attributes:
        name: ours, safe as the name of a file.
        title: what it shows, one line.
        alt: one or two sentences with the main numbers.
    """

    name: str
    title: str
    alt: str
    figure: Figure


@dataclass(frozen=True)
class Left:
    """A figure that cannot be drawn, and why."""

    name: str
    reason: str


class NotDrawnError(Exception):
    """The records do not hold what a figure needs; the message says what is missing."""


def listed(parts: Sequence[str], most: int = NAMED) -> str:
    """Parts of a sentence in a row, the rest of a long list counted."""
    rest = len(parts) - most
    return "; ".join(parts[:most]) + (f"; and {rest} more" if rest > 0 else "")
