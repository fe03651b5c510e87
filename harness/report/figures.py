"""A contest as plots: convergence, targets reached and errors at the end, as PNG and SVG.

Nothing is drawn on a screen and no state of the plotting library is changed: figures are objects of their own, and the
same analysis gives the same bytes with the same version of the library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from harness.records.files import writing
from harness.report.contest import MEASURES, Analysis
from harness.report.literal import literal, shortened

SIZE: Final = (7.2, 4.4)
"""Inches."""
DPI: Final = 160
MOST_BANDS: Final = 6
"""Entrants up to which quartile bands are drawn; more would hide each other."""
NAME: Final = 40
"""Characters of a name that are drawn."""
TITLE: Final = 80
# Okabe & Ito (2008), without their yellow, which is not seen on white; dashes tell lines apart in grey, too.
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
_DASHES: Final[tuple[Any, ...]] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
_GREY: Final = "#777777"
_SETTINGS: Final[dict[Any, Any]] = {
    "svg.hashsalt": "vsm-harness",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    # A label is text as it stands, dollar signs too.
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
}


def write_figures(analysis: Analysis, folder: Path) -> list[Path]:
    """Draws every plot into a folder.

    Returns:
        The files, a PNG and an SVG of each plot.

    Raises:
        RunError: the folder cannot be written.
    """
    written = []
    plots: dict[str, Callable[[Analysis], Figure]] = {
        "convergence": convergence,
        "targets": targets_reached,
        "errors": errors_at_the_end,
    }
    with matplotlib.rc_context(_SETTINGS), writing(folder):
        for name, draw in plots.items():
            figure = draw(analysis)
            for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
                path = folder / f"{name}.{kind}"
                figure.savefig(path, dpi=DPI, metadata=metadata, facecolor="white")
                written.append(path)
    return written


def convergence(analysis: Analysis) -> Figure:
    """Median and quartiles over cells of the best error so far, against evaluations."""
    figure, axes = _figure(analysis, "best error on the tuning wordings so far")
    ends = []
    for place, course in enumerate(analysis.courses):
        style = _style(place)
        x, median = np.array(course.evaluations), np.array(course.median)
        axes.step(x, median, where="post", linewidth=1.7, **style)
        if len(analysis.courses) <= MOST_BANDS:
            low, high = np.array(course.low), np.array(course.high)
            axes.fill_between(x, low, high, step="post", color=style["color"], alpha=0.13, linewidth=0)
        ends.append(_End(course.label, x[-1], median[-1], style["color"]))
    for row in analysis.finals:
        if row.reference and row.label == "null":
            axes.axhline(row.mae_tuned.median, color=_GREY, linewidth=0.9)
            ends.append(_End("null", 1.01 * _last(analysis), row.mae_tuned.median, _GREY))
    shown = "median and quartiles" if len(analysis.courses) <= MOST_BANDS else "median"
    axes.set_xlabel("candidate evaluations per region")
    axes.set_ylabel(f"error, index points\n({shown} over regions and seeds)")
    axes.set_xlim(0.0, 1.01 * _last(analysis))
    axes.set_ylim(bottom=0.0)
    _label_ends(axes, ends)
    return figure


def targets_reached(analysis: Analysis) -> Figure:
    """Share of all cells and targets that were reached, against evaluations on a log axis."""
    goals = ", ".join(f"{target:g}" for target in analysis.targets)
    figure, axes = _figure(analysis, f"targets reached ({goals} index points on the tuning wordings)")
    ends = []
    for place, course in enumerate(analysis.courses):
        style = _style(place)
        axes.step(course.evaluations, course.reached, where="post", linewidth=1.7, **style)
        ends.append(_End(course.label, course.evaluations[-1], course.reached[-1], style["color"]))
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("candidate evaluations per region (log)")
    axes.set_ylabel("share of cells and targets reached")
    axes.set_ylim(0.0, max(0.1, 1.08 * max(course.reached[-1] for course in analysis.courses)))
    last = _last(analysis)
    axes.set_xlim(min(0.8 * _first_reached(analysis), 0.9 * last), 1.02 * last)
    _label_ends(axes, ends)
    return figure


def errors_at_the_end(analysis: Analysis) -> Figure:
    """A box and a dot per region for each entrant and reference, on held-out and on tuning wordings."""
    rows = list(reversed(analysis.finals))
    figure = _canvas((SIZE[0], max(2.4, 1.3 + 0.34 * len(rows))))
    panels = figure.subplots(1, 2, sharey=True, sharex=True)
    order = [course.label for course in analysis.courses]
    jitter = np.linspace(-0.22, 0.22, max(1, len(analysis.regions))) if len(analysis.regions) > 1 else np.zeros(1)
    for axes, measure in zip(panels, MEASURES, strict=True):
        for height, row in enumerate(rows):
            values = np.array(getattr(row, measure).values)
            colour = _GREY if row.reference else _style(order.index(row.label))["color"]
            _box(axes, values, height, colour)
            axes.scatter(values, height + jitter, s=9, color=colour, alpha=0.55, linewidths=0, zorder=3)
            axes.scatter([values.mean()], [height], s=30, marker="D", facecolor="white", edgecolor=colour, zorder=4)
        axes.set_yticks(range(len(rows)), [_shown(row.label) for row in rows])
        axes.set_xlabel("error, index points")
        axes.set_xlim(left=0.0)
        axes.grid(visible=False, axis="y")
    panels[0].set_title("held-out wordings", loc="left", fontsize=9)
    panels[1].set_title("tuning wordings", loc="left", fontsize=9)
    legend = "dots: regions, means over seeds; box and line: quartiles and median; diamond: mean"
    figure.suptitle(f"{_subject(analysis)}\n{legend}", **_TITLE)
    return figure


class _End(NamedTuple):
    """Where a line ends."""

    label: str
    x: float
    y: float
    colour: str


_TITLE: Final[dict[str, Any]] = {"x": 0.01, "ha": "left", "fontsize": 9}


def _canvas(size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _figure(analysis: Analysis, what: str) -> tuple[Figure, Axes]:
    figure = _canvas(SIZE)
    figure.suptitle(f"{_subject(analysis)}\n{what}", **_TITLE)
    return figure, figure.subplots()


def _subject(analysis: Analysis) -> str:
    regions, seeds = len(analysis.regions), len(analysis.seeds)
    counts = f"{regions} region{'s' * (regions > 1)} x {seeds} seed{'s' * (seeds > 1)}"
    title = f"{shortened(literal(analysis.title), TITLE)}: " if analysis.title else ""
    return f"{title}{_shown(analysis.model)}, {counts}"


def _shown(name: str) -> str:
    """A name as it is drawn: on one line, and short enough to leave room for the plot."""
    return shortened(literal(name), NAME)


def _style(place: int) -> dict[str, Any]:
    return {"color": _COLOURS[place % len(_COLOURS)], "linestyle": _DASHES[place % len(_DASHES)]}


def _last(analysis: Analysis) -> float:
    return max(course.evaluations[-1] for course in analysis.courses)


def _first_reached(analysis: Analysis) -> float:
    """Evaluations at which any cell reached any target, the very last ones if none did."""
    points = ((x, y) for course in analysis.courses for x, y in zip(course.evaluations, course.reached, strict=True))
    return min((x for x, y in points if y > 0), default=_last(analysis))


def _box(axes: Axes, values: Any, height: float, colour: str) -> None:
    """Median and quartiles as a box without whiskers: every region is a dot."""
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    axes.barh(height, high - low, left=low, height=0.6, color=colour, alpha=0.18, linewidth=0)
    axes.plot([median, median], [height - 0.3, height + 0.3], color=colour, linewidth=1.8)


def _label_ends(axes: Axes, ends: Sequence[_End]) -> None:
    """Writes each line's name to the right of the plot, the names apart from each other, and leads to its end."""
    low, high = axes.get_ylim()
    known = [end for end in ends if np.isfinite(end.y)]
    for end, place in zip(known, spread([(end.y - low) / (high - low) for end in known], 0.052), strict=True):
        axes.annotate(
            _shown(end.label),
            xy=(end.x, end.y),
            xytext=(1.035, place),
            xycoords="data",
            textcoords="axes fraction",
            color=end.colour,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0},
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
