"""The figures of a contest: how its searches went, and the errors at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from harness.report.contest import MEASURES, Analysis, Standing
from harness.report.figures import searches
from harness.report.figures.canvas import PAPER, SIZE, SOFT, box, canvas, counted, drawn_name, foot, head, jitter, style
from harness.report.figures.drawn import Drawn, listed
from harness.report.literal import literal, shortened

TITLE: Final = 80
"""Characters of a contest's title that are drawn."""


def convergence(analysis: Analysis) -> Drawn:
    """See `searches.convergence`; the null row's median is the reference."""
    nulls = [row for row in analysis.finals if row.reference and row.label == "null"]
    references = [(row.label, row.mae_tuned.median) for row in nulls]
    return searches.convergence("contest-convergence", _subject(analysis), analysis.courses, references)


def targets_reached(analysis: Analysis) -> Drawn:
    """See `searches.reached`."""
    return searches.reached("contest-ecdf", _subject(analysis), analysis.courses, analysis.targets)


def errors_at_the_end(analysis: Analysis) -> Drawn:
    """A box and a dot per region for each entrant and reference, on held-out and on tuning wordings."""
    rows = list(reversed(analysis.finals))
    title = "Errors at the end"
    figure = canvas((SIZE[0], max(2.4, 1.3 + 0.34 * len(rows))))
    head(figure, title, _subject(analysis))
    foot(figure, "dots: regions, means over seeds; box and line: quartiles and median; diamond: mean")
    panels = figure.subplots(1, 2, sharey=True, sharex=True)
    order = [course.label for course in analysis.courses]
    spots = jitter(len(analysis.regions))
    for axes, measure in zip(panels, MEASURES, strict=True):
        for height, row in enumerate(rows):
            values = np.array(getattr(row, measure).values)
            colour = SOFT if row.reference else style(order.index(row.label))["color"]
            box(axes, values, height, colour)
            axes.scatter(values, height + spots, s=9, color=colour, alpha=0.55, linewidths=0, zorder=3)
            axes.scatter([values.mean()], [height], s=30, marker="D", facecolor=PAPER, edgecolor=colour, zorder=4)
        axes.set_yticks(range(len(rows)), [drawn_name(row.label) for row in rows])
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlabel("error, index points")
        axes.set_xlim(left=0.0)
        axes.grid(visible=False, axis="y")
    panels[0].set_title("held-out wordings", loc="left", fontsize=9)
    panels[1].set_title("tuning wordings", loc="left", fontsize=9)
    alt = (
        f"Mean error on held-out wordings, index points, best first: {listed([_end(row) for row in analysis.finals])}."
    )
    return Drawn("contest-errors", title, alt, figure)


FIGURES: Final[dict[str, Callable[[Analysis], Drawn]]] = {
    "contest-convergence": convergence,
    "contest-ecdf": targets_reached,
    "contest-errors": errors_at_the_end,
}


def _end(row: Standing) -> str:
    between = "" if row.mae.low is None else f" [{row.mae.low:.1f}, {row.mae.high:.1f}]"
    return f"{drawn_name(row.label)} {row.mae.mean:.1f}{between}"


def _subject(analysis: Analysis) -> str:
    counts = f"{counted(len(analysis.regions), 'region')} x {counted(len(analysis.seeds), 'seed')}"
    title = f"{shortened(literal(analysis.title), TITLE)}: " if analysis.title else ""
    return f"{title}{drawn_name(analysis.model)}, {counts}"
