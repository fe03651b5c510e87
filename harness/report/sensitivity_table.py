"""The table of a sensitivity check for the terminal, and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from rich.table import Table

from harness.report.sensitivity import ANCHORS, SCHEMES, Sensitivity
from harness.report.terminal import listing

SHOWN: Final = 4
"""Regions that a note names."""
_HEADINGS = {"midpoint": "midpoint", "anchored": "anchored", "vintage": "vintage", "vintage_anchored": "both"}


def sensitivity_table(found: Sensitivity) -> Table:
    """One row for each method of each run; in parentheses its place in the run under that choice."""
    schemes = [scheme for scheme in SCHEMES if any(getattr(row, scheme) is not None for row in found.choices)]
    runs = list(found.order)
    rows = []
    for choice in found.choices:
        cells = [choice.method, str(choice.wordings), f"{choice.tuned:.2f}"]
        run = [f"{runs.index(choice.run) + 1}"] if len(runs) > 1 else []
        rows.append([*run, *cells, *(_cell(found, choice.run, scheme, getattr(choice, scheme)) for scheme in schemes)])
    headings = [*(["run"] if len(runs) > 1 else []), "method", "wordings", "tuned"]
    headings += [_HEADINGS[scheme] for scheme in schemes]
    return listing(headings, rows, "Sensitivity: mae (place)", left=2 if len(runs) > 1 else 1)


def _cell(found: Sensitivity, run: str, scheme: str, value: float | None) -> str:
    if value is None:
        return "-"
    # As printed, so that numbers that look equal share a place.
    rivals = [getattr(row, scheme) for row in found.choices if row.run == run]
    place = 1 + sum(rival is not None and round(rival, 2) < round(value, 2) for rival in rivals)
    return f"{value:.2f} ({place})"


def sensitivity_notes(found: Sensitivity, vintage: str | None) -> Iterator[str]:
    """What must be known to read the table."""
    yield (
        "held-out mean absolute error, index points, lower is better. wordings: of each item that were tuned on; "
        "tuned: the error on those. midpoint: an index is 50 where all item means are equal; anchored: every method is "
        "shifted in each dimension, by the same for all regions, so that its mean is the published one."
    )
    if vintage is not None:
        yield f"vintage: against {vintage} in place of the run's targets; both: the same, anchored."
        if not any(other for _, other in found.regions.values()):
            yield f"no region has scores in {vintage}: nothing is compared with it"
    for place, (run, order) in enumerate(found.order.items(), start=1):
        mine, other = found.regions[run]
        told = [f"{_HEADINGS[scheme]} {tau:.2f}" for scheme, tau in order.items() if tau is not None]
        parts = [f"run {place} = {run}"] if len(found.order) > 1 else []
        count = "1 region" if mine == 1 else f"{mine} regions"
        parts += [count + (f", {other} of them in {vintage}" if vintage is not None else "")]
        parts += [f"order of the methods against midpoint (tau-b): {', '.join(told)}"] if told else []
        yield "; ".join(parts)
        if partial := found.partial[run]:
            shown = [f"{region} ({', '.join(missing)})" for region, missing in list(partial.items())[:SHOWN]]
            more = f" and {len(partial) - SHOWN} more" if len(partial) > SHOWN else ""
            yield f"without a score in {vintage}, so that errors there are over the others: {', '.join(shown)}{more}"
        rows = [choice for choice in found.choices if choice.run == run]
        if any(row.anchored is None or (row.vintage is not None and row.vintage_anchored is None) for row in rows):
            yield (
                f"anchoring needs {ANCHORS} regions with a score in each dimension: with fewer its constants would "
                "take the errors with them"
            )


def to_plain(found: Sensitivity) -> dict[str, Any]:
    """The check as JSON values."""
    return asdict(found)
