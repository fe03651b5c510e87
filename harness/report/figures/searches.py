"""How searches went: the best error so far, and the targets reached, against candidate evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from harness.report.contest import Course
from harness.report.figures.canvas import SOFT, End, canvas, drawn_name, foot, head, label_ends, style, tall
from harness.report.figures.drawn import Drawn, listed
from harness.report.sheets import whole

MOST_BANDS: Final = 6
"""Lines up to which quartile bands are drawn; more would hide each other."""
LEAST: Final = 0.5
"""Evaluations at which a log axis may begin."""
CONVERGENCE: Final = "Best error on the tuning wordings so far"


def convergence(name: str, subject: str, courses: Sequence[Course], references: Sequence[tuple[str, float]]) -> Drawn:
    """Median and quartiles over cells of the best error so far, against evaluations.

    Args:
        name: of the figure.
        subject: what was searched on.
        courses: one line each, at least one.
        references: (label, error) of what needs no search, index points.
    """
    figure = canvas(tall(len(courses) + len(references)))
    head(figure, CONVERGENCE, subject)
    axes = figure.subplots()
    banded = len(courses) <= MOST_BANDS
    last, ends = _last(courses), []
    for place, course in enumerate(courses):
        look = style(place)
        x, median = np.array(course.evaluations), np.array(course.median)
        axes.step(x, median, where="post", linewidth=1.7, label=f"_{course.label}", **look)
        if banded:
            axes.fill_between(x, course.low, course.high, step="post", color=look["color"], alpha=0.13, linewidth=0)
        ends.append(End(course.label, x[-1], median[-1], look["color"]))
    for label, error in references:
        axes.axhline(error, color=SOFT, linewidth=0.9)
        ends.append(End(label, 1.01 * last, error, SOFT))
    shown = "median and quartiles" if banded else "median"
    axes.set_xlabel("candidate evaluations per region")
    axes.set_ylabel(f"error, index points\n({shown} over regions and seeds)")
    axes.set_xlim(0.0, 1.01 * last)
    axes.set_ylim(bottom=0.0)
    label_ends(axes, ends)
    falls = [_fall(course) for course in courses]
    levels = [f"{drawn_name(label)} {error:.1f}" for label, error in references]
    alt = f"Median error over regions and seeds, index points: {listed(falls)}."
    return Drawn(name, CONVERGENCE, alt + (f" Without a search: {', '.join(levels)}." if levels else ""), figure)


def reached(name: str, subject: str, courses: Sequence[Course], targets: Sequence[float]) -> Drawn:
    """Share of all cells and targets that were reached, against evaluations on a log axis; see `convergence`."""
    goals = ", ".join(f"{target:g}" for target in targets)
    title = "Targets reached"
    figure = canvas(tall(len(courses)))
    head(figure, title, subject)
    foot(figure, f"targets: errors of {goals} index points on the tuning wordings")
    axes = figure.subplots()
    ends = []
    for place, course in enumerate(courses):
        look = style(place)
        axes.step(course.evaluations, course.reached, where="post", linewidth=1.7, label=f"_{course.label}", **look)
        ends.append(End(course.label, max(LEAST, course.evaluations[-1]), course.reached[-1], look["color"]))
    last = _last(courses)
    axes.set_xlim(max(LEAST, min(0.8 * _first_reached(courses), 0.9 * last)), 1.02 * last)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("candidate evaluations per region (log)")
    axes.set_ylabel("share of cells and targets reached")
    axes.set_ylim(0.0, max(0.1, 1.08 * max(course.reached[-1] for course in courses)))
    label_ends(axes, ends)
    shares = [f"{drawn_name(course.label)} {course.reached[-1]:.0%}" for course in courses]
    alt = f"Share of regions, seeds and targets ({goals} index points) reached at the end: {listed(shares)}."
    return Drawn(name, title, alt, figure)


def _fall(course: Course) -> str:
    """In words, how far a line falls."""
    known = [(x, y) for x, y in zip(course.evaluations, course.median, strict=True) if np.isfinite(y)]
    if not known:
        return f"{drawn_name(course.label)} unknown"
    (_, first), (x, last) = known[0], known[-1]
    return f"{drawn_name(course.label)} from {first:.1f} to {last:.1f} within {whole(x)} evaluations"


def _last(courses: Sequence[Course]) -> float:
    return max(1.0, *(course.evaluations[-1] for course in courses))


def _first_reached(courses: Sequence[Course]) -> float:
    """Evaluations at which any cell reached any target, the very last ones if none did."""
    points = ((x, y) for course in courses for x, y in zip(course.evaluations, course.reached, strict=True))
    return min((x for x, y in points if y > 0), default=_last(courses))
