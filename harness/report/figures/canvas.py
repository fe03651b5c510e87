"""What all figures share: settings of the plotting library, the palette, headings, and names at the ends of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from harness.report.literal import literal, shortened

SIZE: Final = (7.2, 4.4)
"""Inches."""
LINE: Final = 0.165
"""Inches between the names of two lines at least."""
ROOM: Final = 1.2
"""Inches of a figure above and below its axes."""
NAME: Final = 40
"""Characters of a name that are drawn."""
HEAD: Final = 0.42
"""Inches that a heading of two lines takes."""
HEADING: Final = "heading"
"""Marks the text that a page shows as its own heading."""
FITTED: Final = "fitted"
"""Marks a text that must not become wider than a tile."""
FITS: Final = 25.0
"""Points times characters of a text in a tile."""
LIGHT: Final[dict[str, str]] = {
    "figure-ink": "#1b1b1b",
    "figure-soft": "#595959",
    "figure-grid": "#dddddd",
    "figure-paper": "#ffffff",
    "figure-empty": "#ececec",
    "figure-1": "#0072b2",
    "figure-2": "#b34700",
    "figure-3": "#00795a",
    "figure-4": "#a8457d",
    "figure-5": "#3f3f46",
    "figure-6": "#5b5bd6",
    "figure-7": "#7a6200",
    "figure-map-1": "#f8f4e6",
    "figure-map-2": "#d3e0c8",
    "figure-map-3": "#a5cdbb",
    "figure-map-4": "#6fb3b2",
    "figure-map-5": "#4a99a9",
    "figure-map-6": "#2d6d90",
    "figure-map-7": "#1e4a73",
    "figure-map-8": "#152a4d",
    "figure-on-light": "#1c1c1c",
    "figure-on-dark": "#fefefe",
}
"""Every colour that is drawn, by the name of its CSS variable; no two are equal and none is pure black."""
DARK: Final[dict[str, str]] = {
    "figure-ink": "#e8e8e8",
    "figure-soft": "#a8a8a8",
    "figure-grid": "#3a3e42",
    "figure-paper": "#16181a",
    "figure-empty": "#2a2d30",
    "figure-1": "#56b4e9",
    "figure-2": "#f0884d",
    "figure-3": "#3ccfa0",
    "figure-4": "#e39bc6",
    "figure-5": "#c9c9d2",
    "figure-6": "#a9a9f5",
    "figure-7": "#d9b84a",
}
"""What they may be on a dark page; the others stay, since tiles bring their own ground."""
INK, SOFT, GRID, PAPER, EMPTY = (LIGHT[f"figure-{name}"] for name in ("ink", "soft", "grid", "paper", "empty"))
SERIES: Final = tuple(LIGHT[f"figure-{number}"] for number in range(1, 8))
STEPS: Final = tuple(LIGHT[f"figure-map-{number}"] for number in range(1, 9))
"""From a low value to a high one, each darker than the one before, in grey too."""
ON_LIGHT, ON_DARK = LIGHT["figure-on-light"], LIGHT["figure-on-dark"]
DARK_FROM: Final = 5
"""The first of `STEPS` on which text is light."""
# Dashes tell lines apart in grey, too.
_DASHES: Final[tuple[Any, ...]] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
SETTINGS: Final[dict[Any, Any]] = {
    "svg.hashsalt": "vsm-harness",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    # A label is text as it stands, dollar signs too.
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
}


@contextmanager
def settled() -> Iterator[None]:
    """Our settings of the plotting library, for as long as one figure is drawn or saved."""
    with matplotlib.rc_context(SETTINGS):
        yield


class End(NamedTuple):
    """Where a line ends."""

    label: str
    x: float
    y: float
    colour: str


def canvas(size: tuple[float, float] = SIZE, layout: Any = "constrained") -> Figure:
    """An empty figure of so many inches that belongs to no screen."""
    figure = Figure(figsize=size, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def tall(names: int) -> tuple[float, float]:
    """Inches of a figure beside which so many names stand."""
    return SIZE[0], max(SIZE[1], ROOM + LINE * (names + 2))


def head(figure: Figure, *lines: str) -> None:
    """Writes what a figure shows above it."""
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=9).set_gid(HEADING)


def foot(figure: Figure, text: str) -> None:
    """Writes how a figure is read below it."""
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8, color=SOFT)


def drawn_name(name: str, most: int = NAME) -> str:
    """A name as it is drawn: on one line, and short enough to leave room for the plot."""
    return shortened(literal(name), most)


def style(place: int) -> dict[str, Any]:
    """Colour and dashes of the line of that place, from 0."""
    return {"color": SERIES[place % len(SERIES)], "linestyle": _DASHES[place % len(_DASHES)]}


def counted(number: int, noun: str) -> str:
    """A number with its noun, as in "1 region" and "2 regions"."""
    return f"{number} {noun}{'s' * (number != 1)}"


def box(axes: Axes, values: Any, height: float, colour: str, half: float = 0.3) -> None:
    """Median and quartiles of (N,) values as a box without whiskers: every value is a dot."""
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    axes.barh(height, high - low, left=low, height=2 * half, color=colour, alpha=0.18, linewidth=0)
    axes.plot([median, median], [height - half, height + half], color=colour, linewidth=1.8)


def jitter(count: int, half: float = 0.22) -> Any:
    """(N,) heights around 0 at which so many dots stand, always the same ones."""
    return np.linspace(-half, half, count) if count > 1 else np.zeros(count)


def label_ends(axes: Axes, ends: Sequence[End]) -> None:
    """Writes each line's name to the right of the plot, the names apart from each other, and leads to its end."""
    low, high = axes.get_ylim()
    whole = axes.get_figure(root=True)
    height = whole.get_figheight() if whole else SIZE[1]
    known = [end for end in ends if np.isfinite(end.y)]
    apart = LINE / (height - ROOM)
    for end, place in zip(known, spread([(end.y - low) / (high - low) for end in known], apart), strict=True):
        axes.annotate(
            drawn_name(end.label),
            xy=(end.x, end.y),
            xytext=(1.035, place),
            xycoords="data",
            textcoords="axes fraction",
            color=end.colour,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": end.colour,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Moves numbers apart so that they differ by at least `gap`, in their order and around where they were."""
    order = np.argsort(places, kind="stable")
    blocks: list[list[float]] = []
    for place in np.asarray(places, dtype=np.float64)[order]:
        # Each block is its centre and its size; neighbours that would touch become one.
        blocks.append([float(place), 1.0])
        while len(blocks) > 1 and blocks[-1][0] - blocks[-2][0] < gap * (blocks[-1][1] + blocks[-2][1]) / 2:
            (one, few), (other, many) = blocks[-2], blocks[-1]
            blocks[-2:] = [[(one * few + other * many) / (few + many), few + many]]
    moved = [centre + gap * (place - (size - 1) / 2) for centre, size in blocks for place in range(int(size))]
    found = [0.0] * len(places)
    for index, place in zip(order, moved, strict=True):
        found[index] = place
    return found
