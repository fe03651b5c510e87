"""The check of generated text as rich renderables: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.table import Table

from harness.records.text_agreement import Reader, TextAgreement, TextAnswer
from harness.report.asked import closing_notes, published_row
from harness.report.literal import literal
from harness.report.terminal import listing
from harness.tasks.hofstede_vsm.indices import DIMENSIONS

LONGEST: Final = 40
"""Characters of a text that a table shows."""


def counts_table(check: TextAgreement) -> Table:
    """How many texts are answers, and how many of these say what the first token says."""
    found = check.agreement
    interval = "-" if found.low is None or found.high is None else f"[{found.low:.2f}, {found.high:.2f}]"
    numbers = [_number(found.rate), interval, _number(found.kappa), _number(found.mean_difference)]
    row = [str(check.parsed), str(check.refused), str(check.unparsed), str(check.cut), str(found.same), *numbers]
    headings = ["parsed", "refused", "unparsed", "cut", "same", "rate", "95 %", "kappa", "differ"]
    return listing(headings, [row], f"{check.model.name}, {check.method}: text against first token", left=0)


def readers_table(check: TextAgreement) -> Table:
    """The six indices from texts, from most probable first tokens and from expected answers."""
    region = check.region is not None
    readers = (("text", check.text), ("first token", check.first_token), ("expected", check.expected))
    rows = [[name, *_cells(reader, region)] for name, reader in readers]
    rows += published_row(check, len(DIMENSIONS) + 1)
    return listing(["read from", *DIMENSIONS, *(["mae"] if region else [])], rows, "indices", left=1)


def _cells(reader: Reader, region: bool) -> list[str]:
    values = [None if reader.indices is None else reader.indices[name] for name in DIMENSIONS]
    return [_number(value, 1) for value in [*values, *([reader.mae] if region else [])]]


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def texts_table(check: TextAgreement, most: int) -> Table | None:
    """The first texts that are no answer, or another one than the first token's; None where there is none."""
    odd = [one for one in check.answers if one.answer != one.first_token]
    if not odd or most < 1:
        return None
    rows = [
        [str(one.item), one.order, "differs" if one.kind == "parsed" else one.kind, _answer(one), shown(one.text)]
        for one in odd[:most]
    ]
    title = f"{len(rows)} of {len(odd)} texts that differ or are no answer, on the items' own scales"
    table = listing(["item", "order", "is", "text/first", "text"], rows, title)
    # Room for the texts in a terminal of eighty characters.
    table.collapse_padding = True
    return table


def _answer(one: TextAnswer) -> str:
    return f"{'-' if one.answer is None else one.answer}/{one.first_token}"


def _tokens(check: TextAgreement) -> str:
    return "1 token" if check.max_new_tokens == 1 else f"{check.max_new_tokens} tokens"


def shown(text: str) -> str:
    """A text of anybody's on one line: cut, and with every character that is not printed spelt out."""
    line = literal(text)
    return f'"{line}"' if len(line) <= LONGEST else f'"{line[: LONGEST - 3]}"...'


def text_agreement_notes(check: TextAgreement) -> Iterable[str]:
    """What must be known to read the tables."""
    against = f"; mae: mean absolute error against the scores of {check.region}" if check.region else ""
    yield (
        f"{check.prompts} prompts on held-out wordings, answered greedily in at most {_tokens(check)}; "
        "parsed: names exactly one option; cut: not ended by the model; same: parsed texts that give the most probable "
        "first token's answer; rate: their share of the parsed, with Wilson's interval; kappa: Cohen's; differ: mean "
        f"absolute difference, points of the answer scale{against}"
    )
    yield (
        f"first token: the most probable option; expected: the mean over all five, which is how methods are scored; "
        f"probability on the five options as first tokens: {check.option_mass:.3f}"
    )
    if gone := check.prompts - check.parsed:
        yield f"no indices from text: {gone} of {check.prompts} texts are no answer, and none is made up for them"
    if check.cut:
        yield f"{check.cut} texts were cut after {_tokens(check)}; --max-new-tokens sets how much is written and read"
    yield from closing_notes(check)
