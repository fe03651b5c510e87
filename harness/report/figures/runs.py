"""How the searches of runs went."""

from __future__ import annotations

from statistics import median
from typing import Final

from harness.report.contest import Course, course, grid
from harness.report.contest_statistics import TARGETS
from harness.report.figures import searches
from harness.report.figures.drawn import Drawn, NotDrawnError
from harness.report.figures.lines import Line, Lines

WITHOUT: Final = ("icl", "null")
"""Methods without a search that stand beside one."""


def convergence(shown: Lines) -> Drawn:
    """See `searches.convergence`.

    Raises:
        NotDrawnError: no curve was recorded.
    """
    courses = _courses(shown)
    tuned = {
        line.label: [row.mae_tuned for row in line.regions.values() if row.mae_tuned is not None]
        for line in shown.all
        if line.row.method in WITHOUT
    }
    references = [(label, median(errors)) for label, errors in tuned.items() if errors]
    return searches.convergence("convergence", shown.subject, courses, references)


def targets_reached(shown: Lines) -> Drawn:
    """See `searches.reached`.

    Raises:
        NotDrawnError: fewer than two searches were recorded.
    """
    courses = _courses(shown)
    if len(courses) < 2:
        raise NotDrawnError("one optimizer alone: there is none to compare it with")
    return searches.reached("ecdf", shown.subject, courses, TARGETS)


def _courses(shown: Lines) -> list[Course]:
    searched = [line for line in shown.of("tuned", "reference") if any(one.curve for one in line.results)]
    if not searched:
        shown.best  # noqa: B018
        raise NotDrawnError("no run recorded how the error fell")
    most = max(_longest(line) for line in searched)
    return [
        course(line.label, [one.curve for one in line.results if one.curve], _longest(line), TARGETS, grid(most))
        for line in searched
    ]


def _longest(line: Line) -> float:
    return max(max(one.evaluations, one.curve[-1][0]) for one in line.results if one.curve)
