"""Methods beside each other: errors with their intervals, and what the order of the options does."""

from __future__ import annotations

from statistics import fmean
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from harness.records.schema import DERIVED, DIMENSIONS, Group
from harness.report.figures.canvas import (
    INK,
    SERIES,
    SOFT,
    box,
    canvas,
    foot,
    head,
    jitter,
)
from harness.report.figures.drawn import Drawn, NotDrawnError, listed
from harness.report.figures.lines import Line, Lines
from harness.report.literal import shortened

LABEL: Final = 22
"""Characters of a method's name beside small panels."""
GROUPS: Final[dict[Group, tuple[str, str, str]]] = {
    "reference": ("reference", SERIES[2], "D"),
    "tuned": ("tuned", SERIES[0], "o"),
    "baseline": ("baselines", SERIES[1], "s"),
    "null": ("null rows", SOFT, "X"),
}
"""From top to bottom: what a group is called, its colour and its mark."""


def forest(shown: Lines) -> Drawn:
    """Each method's error with its interval, in groups.

    Raises:
        NotDrawnError: there is no method.
    """
    if not shown.all:
        raise NotDrawnError("no method is on the leaderboard")
    title = "Errors by method"
    places, heads = _places(shown)
    height = max(places) + 1.3
    figure = canvas((7.2, 1.35 + 0.25 * height))
    head(figure, title, shown.subject)
    seeds = " and seeds" * any(line.row.seeds > 1 for line in shown.all)
    apart = "" if shown.comparable else "\nregions, models or settings differ: errors of all rows do not compare"
    foot(figure, f"mean absolute error on held-out wordings; line: 95 % interval over regions{seeds}{apart}")
    axes = figure.subplots()
    for y, line in places.items():
        _draw(axes, y, line)
    nulls = [line.row.mae for line in shown.of("null")] if shown.comparable else []
    if nulls:
        axes.axvline(min(nulls), color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    names = {y: line.label for y, line in places.items()} | heads
    axes.set_yticks(list(names), list(names.values()))
    for text, y in zip(axes.get_yticklabels(), names, strict=True):
        text.set_color(SOFT if y in heads else INK)
        text.set_fontstyle("italic" if y in heads else "normal")
    axes.set_ylim(height - 0.6, -0.6)
    axes.set_xlim(left=0.0)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("error, index points" + (" (dashed: the best null row)" if nulls else ""))
    alt = f"Mean error, index points, with 95 % interval, best first: {listed([_told(line) for line in shown.all])}."
    return Drawn("methods", title, alt, figure)


def _places(shown: Lines) -> tuple[dict[float, Line], dict[float, str]]:
    """Heights of the methods, and of the names of their groups."""
    places: dict[float, Line] = {}
    heads: dict[float, str] = {}
    top = 0.0
    for group, (called, _, _) in GROUPS.items():
        own = shown.of(group)
        if own:
            heads[top] = called
            places |= {top + 1 + number: line for number, line in enumerate(own)}
            top += len(own) + 1.3
    return places, heads


def _draw(axes: Axes, y: float, line: Line) -> None:
    """An error with its interval and, to the right, its numbers."""
    _, colour, mark = GROUPS[line.row.group]
    low, high = line.row.mae_low, line.row.mae_high
    if low is not None and high is not None:
        axes.plot([low, high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt", alpha=0.6)
    axes.plot([line.row.mae], [y], marker=mark, color=colour, markersize=6, linestyle="none")
    axes.annotate(
        _numbers(line),
        xy=(1.0, y),
        xytext=(6, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=8,
        annotation_clip=False,
    )


def gaps(shown: Lines) -> Drawn:
    """The order gap of each dimension under each method, a dot per region.

    Raises:
        NotDrawnError: no method's answers were asked in both orders.
    """
    # The derived rows are the same prompts again.
    asked = [
        line
        for line in shown.all
        if line.row.method not in DERIVED and any(one.order_gap is not None for one in line.results)
    ]
    if not asked:
        raise NotDrawnError("no method was asked in both orders of the options")
    title = "Order gap: options forward less reversed"
    figure = canvas((7.2, 1.5 + 2 * (0.35 + 0.24 * len(asked))))
    head(figure, title, shown.subject)
    foot(
        figure,
        "index with the options in forward less reversed order; dots: regions; box and line: quartiles and median",
    )
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    found = np.concatenate([_gaps(line, name) for line in asked for name in DIMENSIONS])
    room = 0.06 * max(1.0, float(np.ptp([*found, 0.0])))
    panels[0, 0].set_xlim(min(0.0, found.min()) - room, max(0.0, found.max()) + room)
    rows = list(reversed(asked))
    for axes, dimension in zip(panels.flat, DIMENSIONS, strict=True):
        for height, line in enumerate(rows):
            values = _gaps(line, dimension)
            colour = GROUPS[line.row.group][1]
            box(axes, values, height, colour)
            axes.scatter(values, height + jitter(len(values)), s=5, color=colour, alpha=0.5, linewidths=0, zorder=3)
        axes.axvline(0.0, color=INK, linewidth=0.8, zorder=2)
        axes.set_title(dimension.upper(), loc="left", fontsize=9)
        axes.grid(visible=False, axis="y")
        axes.set_yticks(range(len(rows)), [shortened(line.label, LABEL) for line in rows])
        axes.label_outer()
    for axes in panels[1]:
        axes.set_xlabel("index points")
    sizes = [
        f"{line.label} {fmean(abs(float(gap)) for name in DIMENSIONS for gap in _gaps(line, name)):.1f}"
        for line in asked
    ]
    return Drawn(
        "gaps", title, f"Mean size of the order gap over dimensions and regions, index points: {listed(sizes)}.", figure
    )


def _gaps(line: Line, dimension: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(R,) order gap of each region, mean over seeds."""
    found: dict[str, list[float]] = {}
    for one in line.results:
        if one.order_gap is not None:
            found.setdefault(one.region, []).append(one.order_gap[dimension])
    return np.array([fmean(values) for values in found.values()])


def _numbers(line: Line) -> str:
    row = line.row
    return f"{row.mae:.2f}" + ("" if row.mae_low is None else f"  [{row.mae_low:.2f}, {row.mae_high:.2f}]")


def _told(line: Line) -> str:
    row = line.row
    return f"{line.label} {row.mae:.1f}" + ("" if row.mae_low is None else f" [{row.mae_low:.1f}, {row.mae_high:.1f}]")
