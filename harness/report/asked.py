"""What the views of checks that ask the survey have in common."""

from __future__ import annotations

from collections.abc import Iterator

from harness.records.asked import AskedCheck
from harness.report.notes import partial_note
from harness.tasks.hofstede_vsm.indices import DIMENSIONS


def published_row(check: AskedCheck, columns: int) -> list[list[str]]:
    """The region's scores below the indices, filled up to `columns` cells behind its name; none without a region."""
    if check.region is None or check.targets is None:
        return []
    given = [f"{check.targets[name]:g}" if name in check.targets else "-" for name in DIMENSIONS]
    return [[check.region, *given, *[""] * (columns - len(DIMENSIONS))]]


def closing_notes(check: AskedCheck) -> Iterator[str]:
    """What must be known of the region and of the model."""
    missing = [] if check.targets is None else [name for name in DIMENSIONS if name not in check.targets]
    if check.region is not None and missing:
        yield partial_note(check.region, tuple(missing))
    if check.model.note:
        yield check.model.note
