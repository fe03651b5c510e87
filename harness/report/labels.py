"""The check of labels as rich renderables: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from harness.records.labels import LabelsCheck, SchemeRow
from harness.report.asked import closing_notes, published_row
from harness.report.terminal import listing
from harness.tasks.hofstede_vsm.indices import DIMENSIONS

_LOW = "*"


def labels_table(check: LabelsCheck) -> Table:
    """The six indices under each scheme, and how far they can be believed."""
    region = check.region is not None
    rows = []
    for row in check.rows:
        mae = [] if row.mae is None else [f"{row.mae:.1f}"]
        numbers = [f"{row.mean_order_gap:.1f}", f"{row.difference:.1f}", f"{row.agreement:.2f}", _mass(check, row)]
        rows.append([row.scheme, *(f"{row.indices[name]:.1f}" for name in DIMENSIONS), *mae, *numbers])
    columns = len(DIMENSIONS) + 4 + region
    rows += [[name, *["-"] * columns] for name in check.missing]
    rows += published_row(check, columns)
    headings = ["labels", *DIMENSIONS, *(["mae"] if region else []), "gap", "differ", "agree", "mass"]
    table = listing(headings, rows, f"{check.model.name}, {check.method}: indices by labels", left=1)
    # Twelve columns in a terminal of eighty characters.
    table.collapse_padding = True
    return table


def _mass(check: LabelsCheck, row: SchemeRow) -> str:
    return (_LOW if row.option_mass < check.threshold else "") + f"{row.option_mass:.3f}"


def labels_notes(check: LabelsCheck) -> Iterable[str]:
    """What must be known to read the table."""
    against = f"mae: mean absolute error against the scores of {check.region}; " if check.region else ""
    yield (
        f"held-out wordings, index points; {against}gap: mean absolute difference between the option orders; differ: "
        "mean absolute difference of the indices from those of 1-5; agree: share of the prompts with the same most "
        "probable answer as under 1-5; mass: probability on the five answers, mean over the prompts"
    )
    yield (
        "5-1, E-A: the labels run backwards over options that stay in place; verbal: no labels, the option's own "
        "words, summed over their tokens; an answer always counts by what its option says"
    )
    low = [row.scheme for row in check.rows if row.option_mass < check.threshold]
    if low:
        yield (
            f"{_LOW} mass below {check.threshold:g} under {', '.join(low)}: the model mostly says something else "
            "there, so its indices are not an answer to the survey"
        )
    for name, reason in check.missing.items():
        yield f"{name} was not asked: {reason}"
    yield from closing_notes(check)
