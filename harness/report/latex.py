r"""A leaderboard as LaTeX tables for a paper, in which names are text and nothing else.

The text is ASCII: accents become LaTeX's, and a character that its default fonts do not have is spelt out as <U+4E2D>,
so that pdflatex stops at none. \usepackage{booktabs} is all that a document needs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import harness
from harness.records.schema import Record
from harness.report import sheets
from harness.report.leaderboard import Leaderboard
from harness.report.literal import literal, shortened
from harness.report.sheets import Sheet

LABELS: Final = {"tuned": "Tuned", "reference": "Reference", "baseline": "Baselines", "null": "Null rows"}
LONG: Final = 40
"""Rows from which a table is set in small type, to stay on its page."""
_SMALL: Final = r"\scriptsize\renewcommand{\arraystretch}{0.9}"
NAME: Final = 100
"""Characters of a name that are shown."""
_CHARACTERS: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\ttfamily\char34}",
    "'": "{'}",
    "`": "{`}",
    sheets.DOWN: r"$\downarrow$",
    sheets.UP: r"$\uparrow$",
    sheets.MARK: r"$^{\dagger}$",
    "\N{LATIN SMALL LETTER SHARP S}": r"\ss{}",
    "\N{LATIN SMALL LETTER AE}": r"\ae{}",
    "\N{LATIN CAPITAL LETTER AE}": r"\AE{}",
    "\N{LATIN SMALL LETTER O WITH STROKE}": r"\o{}",
    "\N{LATIN CAPITAL LETTER O WITH STROKE}": r"\O{}",
    "\N{LATIN SMALL LIGATURE OE}": r"\oe{}",
    "\N{LATIN CAPITAL LIGATURE OE}": r"\OE{}",
    "\N{LATIN SMALL LETTER L WITH STROKE}": r"\l{}",
    "\N{LATIN CAPITAL LETTER L WITH STROKE}": r"\L{}",
    "\N{LATIN SMALL LETTER DOTLESS I}": r"\i{}",
    "\N{EN DASH}": r"\textendash{}",
    "\N{EM DASH}": r"\textemdash{}",
    "\N{LEFT SINGLE QUOTATION MARK}": r"\textquoteleft{}",
    "\N{RIGHT SINGLE QUOTATION MARK}": r"\textquoteright{}",
    "\N{LEFT DOUBLE QUOTATION MARK}": r"\textquotedblleft{}",
    "\N{RIGHT DOUBLE QUOTATION MARK}": r"\textquotedblright{}",
    "\N{HORIZONTAL ELLIPSIS}": r"\dots{}",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{MINUS SIGN}": r"$-$",
}
_ACCENTS: Final = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING MACRON}": "=",
    "\N{COMBINING BREVE}": "u",
    "\N{COMBINING DOT ABOVE}": ".",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING RING ABOVE}": "r",
    "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING CEDILLA}": "c",
}


def escaped(text: str) -> str:
    """LaTeX that prints a text as it stands, within a line.

    Args:
        text: any text; what is not printed is spelt out, and so is what LaTeX's default fonts do not have.
    """
    shown = "".join(_CHARACTERS.get(c) or (c if c.isascii() else _other(c)) for c in literal(text))
    # Two of these would become one other character.
    return shown.replace("--", "-{-}").replace(",,", ",{,}")


def latex(
    board: Leaderboard,
    records: Mapping[str, Record],
    regions: bool = False,
    dimensions: bool = False,
    runs: bool = False,
) -> str:
    """The leaderboard as LaTeX.

    Args:
        board: the leaderboard.
        records: that it was built from, by the name of their run.
        regions: adds the table per region.
        dimensions: adds the tables by dimension.
        runs: adds the table of the runs.
    """
    tables = [("pairs", sheets.pairs_sheet(board))]
    tables += [("regions", sheets.region_sheet(board))] if regions else []
    tables += [(name, sheets.dimension_sheet(board, name)) for name in sheets.MEASURES] if dimensions else []
    tables += [("runs", sheets.runs_sheet(board))] if runs else []
    cost = [sheets.cost_legend(board)] if runs else []
    told = [*sheets.who(board), sheets.legend(board), *cost, *sheets.warnings(board)]
    parts = [*_head(records), _table("leaderboard", sheets.leaderboard_sheet(board), told)]
    parts += [_table(label.replace("_", "-"), sheet, ()) for label, sheet in tables if sheet]
    return "\n".join(parts)


def _head(records: Mapping[str, Record]) -> Iterator[str]:
    yield rf"% vsm-harness {harness.__version__}, harness leaderboard --format latex. Needs \usepackage{{booktabs}}."
    for name, record in records.items():
        yield _comment(f"run {name}: {record.run_id}, specification {record.spec_digest}, model {record.model.digest}")


def _comment(text: str) -> str:
    shown = shortened(literal(text), 4 * NAME)
    return f"% {shown.encode('ascii', errors='backslashreplace').decode()}"


def _table(label: str, sheet: Sheet, told: Iterable[str]) -> str:
    kept = [place for place, heading in enumerate(sheet.headings) if not (sheet.groups and heading == sheets.GROUP)]
    lines = [r"\begin{table}", r"\centering", rf"\caption{{{_told(sheet.title)}}}", rf"\label{{tab:vsm-{label}}}"]
    lines += [_SMALL if len(sheet.rows) > LONG else r"\small", r"\setlength{\tabcolsep}{4pt}"]
    columns = "".join("l" if place in sheet.left else "r" for place in kept)
    lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", _row(_told(sheet.headings[one]) for one in kept)]
    for place, row in enumerate(sheet.rows):
        if not sheet.groups and place == 0:
            lines.append(r"\midrule")
        elif sheet.groups and sheet.groups[place] != (sheet.groups[place - 1] if place else None):
            name = LABELS[sheet.groups[place]]
            lines += [r"\midrule", rf"\multicolumn{{{len(kept)}}}{{l}}{{\textit{{{name}}}}} \\"]
        lines.append(_row(_cell(sheet, place, column, row[column]) for column in kept))
    lines += [r"\bottomrule", r"\end{tabular}"]
    if text := " ".join(rf"{_sentence(line)}\par" for line in told):
        lines += [r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize\raggedright {text}}}"]
    return "\n".join([*lines, r"\end{table}"])


def _cell(sheet: Sheet, row: int, column: int, text: str) -> str:
    shown = _told(text) if column in sheet.left else _number(text)
    return rf"\textbf{{{shown}}}" if (row, column) in sheet.strong else shown


def _number(text: str) -> str:
    """A hyphen by itself says that there is no number; before a digit it is a sign."""
    return "--" if text == "-" else "$-$".join(map(escaped, text.split("-")))


def _told(text: str) -> str:
    return escaped(shortened(text, NAME))


def _sentence(text: str) -> str:
    return escaped(text if text.endswith((".", "!", "?")) else f"{text}.")


def _row(cells: Iterable[str]) -> str:
    # A bracket or a star at its beginning would belong to the rule or the row above.
    row = " & ".join(cells)
    return rf"{'{}' if row.startswith(('[', '*')) else ''}{row} \\"


def _other(character: str) -> str:
    """A character beyond ASCII: a letter with an accent, or its number."""
    parts = unicodedata.normalize("NFD", character)
    base, marks = parts[:1], parts[1:]
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
        return rf"{{\{_ACCENTS[marks[0]]}{{{base}}}}}"
    return rf"\textless{{}}U+{ord(character):04X}\textgreater{{}}"
