"""Regions one below the other, by the error of the best tuned method."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from harness.report.figures.canvas import GRID, PAPER, SERIES, canvas, counted, drawn_name, foot, head
from harness.report.figures.drawn import Drawn
from harness.report.figures.lines import Line, Lines

MOST: Final = 120
"""Regions that are drawn."""
TALL: Final = 25
"""Regions from which the scale stands above, too."""
CODE: Final = 24
BESIDE: Final = 60
"""Characters of names up to which they stand beside each other above the plot."""
_LOOKS: Final[tuple[dict[str, Any], ...]] = (
    {"marker": "s", "s": 18, "facecolor": PAPER, "edgecolor": SERIES[1]},
    {"marker": "^", "s": 24, "facecolor": PAPER, "edgecolor": SERIES[3]},
    {"marker": "o", "s": 24, "facecolor": SERIES[0], "edgecolor": SERIES[0]},
)


def regions(shown: Lines) -> Drawn:
    """Dots of naive, icl (or persona) and the best tuned method in each region, the lowest tuned error on top.

    Raises:
        NotDrawnError: no method was tuned.
    """
    best = shown.best
    beside = (shown.beside(best, "naive"), shown.beside(best, "icl", "persona"), best)
    methods = [(line, look) for line, look in zip(beside, _LOOKS, strict=True) if line is not None]
    ordered = sorted(best.regions, key=lambda code: (best.regions[code].mae, code))
    codes = ordered[-MOST:]
    title = "Error by region" if len(codes) == len(ordered) else f"Error by region, the {MOST} largest"
    tall = len(codes) > TALL
    abreast = len(methods) if sum(len(line.label) for line, _ in methods) <= BESIDE else 1
    figure = canvas((7.2, 1.6 + 0.2 * (len(methods) - abreast) + (0.135 if tall else 0.21) * max(3, len(codes))))
    head(figure, title, shown.subject)
    foot(figure, f"sorted by {best.label}; means over seeds, held-out wordings")
    axes = figure.subplots()
    heights = np.arange(len(codes))
    columns = [_errors(line, codes) for line, _ in methods]
    low, high = np.nanmin(columns, axis=0), np.nanmax(columns, axis=0)
    axes.hlines(heights, low, high, color=GRID, linewidth=1.6, zorder=1)
    for (line, look), values in zip(methods, columns, strict=True):
        axes.scatter(values, heights, linewidths=1.1, zorder=3, clip_on=False, label=line.label, **look)
    axes.set_yticks(heights, [drawn_name(code, CODE) for code in codes], fontsize=7 if tall else 9)
    axes.set_ylim(len(codes) - 0.4, -0.6)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("error, index points")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="x", top=tall, labeltop=tall)
    pad = 2.2 if tall else 0.2
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=pad, ncols=abreast, fontsize=8.5)
    return Drawn("regions", title, _alt(best, [line for line, _ in methods[:-1]]), figure)


def _errors(line: Line, codes: list[str]) -> list[float]:
    return [line.regions[code].mae if code in line.regions else float("nan") for code in codes]


def _alt(best: Line, others: list[Line]) -> str:
    values = np.array([row.mae for row in best.regions.values()])
    parts = [f"{best.label} {values.min():.1f} to {values.max():.1f}, median {np.median(values):.1f}"]
    for line in others:
        shared = [code for code in best.regions if code in line.regions]
        below = sum(best.regions[code].mae < line.regions[code].mae for code in shared)
        parts.append(f"lower than {line.label} in {below} of {counted(len(shared), 'region')}")
    return f"Error per region, index points: {'; '.join(parts)}."
