"""Every hostile name in every export that is text: shown as it stands, read back as it was, and nothing else."""

import csv
import io
import json
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from harness.cli import output
from harness.report.delimited import DELIMITERS, TABLES, delimited, harmless, original
from harness.report.latex import latex
from harness.report.leaderboard import build, to_plain
from harness.report.literal import literal, shortened
from harness.report.markdown import escaped, markdown
from harness.report.page import page
from harness.report.terminal import region_table

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


class Outline(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = [], set(), ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.tags.append("!--")

    def unknown_decl(self, data):
        self.tags.append("![")


@pytest.fixture(scope="module")
def board(planted, text):
    return build({text: planted(text)})


def safe(text):
    """Whether it can be printed: nothing but line ends does anything."""
    return all(line.isprintable() for line in text.split("\n"))


def test_a_page_has_the_outline_that_it_has_with_plain_names(board, planted, text):
    plain = planted("plain")
    expected = Outline(page(build({"plain": plain}), {"plain": plain}, dimensions=True))
    html = page(board, {text: planted(text)}, dimensions=True)
    found = Outline(html)
    assert sorted(found.tags) == sorted(expected.tags)
    assert found.attributes == expected.attributes
    assert found.text.count(literal(text)) > 20
    assert safe(html)


def test_markdown_has_the_outline_that_it_has_with_plain_names(board, planted, text):
    wanted = Outline(RENDERER.render(markdown(build({"plain": planted("plain")}), regions=True, dimensions=True)))
    written = markdown(board, regions=True, dimensions=True)
    found = Outline(RENDERER.render(written))
    assert sorted(tag for tag in found.tags if tag != "span") == sorted(tag for tag in wanted.tags if tag != "span")
    assert found.attributes == wanted.attributes
    assert found.text.count(literal(text).strip()) > 10
    assert safe(written)


def test_delimited_files_read_back_as_the_json_says(board):
    for form in DELIMITERS:
        for table in TABLES:
            assert_reads_back(board, form, table)


def assert_reads_back(board, form, table):
    written = delimited(board, form, table)
    headings, *rows = csv.reader(io.StringIO(written, newline=""), delimiter=DELIMITERS[form], strict=True)
    plain = json.loads(json.dumps(to_plain(board)))[table]
    assert len(rows) == len(plain)
    for row, wanted in zip(rows, plain, strict=True):
        cells = dict(zip(headings, row, strict=True))
        for key, value in wanted.items():
            if isinstance(value, dict):
                assert {name: float(cells.pop(f"{key}_{name}")) for name in value} == value
            else:
                assert read_back(cells.pop(key), value) == value
        assert cells == {}


def read_back(cell, wanted):
    if isinstance(wanted, str):
        return original(cell)
    return json.loads(cell) if cell else None


@pytest.mark.parametrize("form", DELIMITERS)
def test_delimited_files_hold_one_row_a_line_and_no_formula(board, form):
    written = delimited(board, form)
    assert safe(written.replace("\t", "")) and len(written.split("\n")) == 1 + len(board.rows)
    for row in csv.reader(io.StringIO(written), delimiter=DELIMITERS[form]):
        assert not any(cell.lstrip(" ").startswith(FORMULAS) for cell in row)


def test_every_cell_of_text_stands_in_quotes(board):
    """So that a reader that takes another delimiter does not find a formula behind it."""
    for line in delimited(board, "csv").split("\n"):
        bare = "".join(part for place, part in enumerate(line.split('"')) if place % 2 == 0)
        assert set(bare) <= set("0123456789.-+e,")


def test_json_is_plain_characters(board):
    assert json.dumps(to_plain(board)).isascii()


@pytest.mark.parametrize("width", [80, 140])
def test_no_name_reaches_the_terminal_as_more_than_text(board, text, width):
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    output.show_board(console, board, region_table(board), dimensions=True)
    output.tell(console, f"run {text}")
    printed = file.getvalue()
    assert safe(printed)
    # Notes wrap at the width of the terminal.
    assert literal(text) in printed


@given(st.text())
@example("\\|")
@example("`|`")
@example("\\")
def test_any_text_is_one_cell_of_markdown(text):
    html = RENDERER.render(f"| a | b |\n| --- | --- |\n| {escaped(text)} | end |")
    cell, end = re.findall("<td>(.*?)</td>", html, flags=re.DOTALL)
    shown = unescape(cell.replace("<span>", "").replace("</span>", ""))
    assert (shown, end) == (literal(text).strip(), "end")


@given(st.text())
def test_a_cell_of_text_is_undone(text):
    cell = harmless(text)
    assert original(cell) == text
    assert cell.isprintable() and not cell.lstrip(" ").startswith(FORMULAS)


@given(st.text())
def test_a_literal_is_printable_and_leaves_printable_text(text):
    assert literal(text).isprintable()
    assert literal(literal(text)) == literal(text)
    assert (literal(text) == text) == text.isprintable()


@given(st.text(), st.integers(10, 60))
def test_a_shortened_text_is_no_longer_than_asked(text, most):
    found = shortened(text, most)
    assert len(found) <= most and (found == text) == (len(text) <= most or found == text)


@given(st.text())
def test_printable_json_says_the_same(text):
    plain = json.dumps({"a": text, text: [text]}, ensure_ascii=False, indent=1)
    assert json.loads(output.printable(plain)) == json.loads(plain)
    assert safe(output.printable(plain))


def test_markdown_for_github_gives_it_nothing_to_link_or_to_notify():
    found = escaped("@everyone #1 :smile: $x$ https://a.example www.b.example c@d.example")
    assert found == (
        "<span>@</span>everyone <span>#</span>1 <span>:</span>smile: <span>$</span>x<span>$</span> "
        "https<span>:</span>//a.example www<span>.</span>b.example c<span>@</span>d.example"
    )


def test_where_rows_do_not_compare_no_column_of_ranks_stands_empty(planted):
    records = {"a": planted("one"), "b": planted("one", "two")}
    board = build(records)
    assert not board.comparable
    for written in (markdown(board), page(board, records), latex(board, records)):
        assert "| # |" not in written and ">#<" not in written and r"\# &" not in written
    plain = {"a": planted("one")}
    assert "| # |" in markdown(build(plain)) and ">#<" in page(build(plain), plain)


def test_every_export_says_of_which_group_a_row_is(planted):
    records = {"a": planted("one")}
    board = build(records)
    assert "| one | tuned |" in markdown(board)
    assert r"\textit{Tuned}" in latex(board, records) and r"\textit{Null rows}" in latex(board, records)
    assert ">tuned<" in page(board, records)
