"""LaTeX that holds any name and that pdflatex sets without an error."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.run_directory import RunDirectory
from harness.report.latex import escaped, latex
from harness.report.leaderboard import build

RECORD = Path(__file__).parents[2] / "results" / "respondent-de"
MISSING = "no pdflatex here: 'apt-get install texlive-latex-base texlive-latex-recommended' brings it"
WIDE = "Malmö, Łódź, ﬁ, 中文, שלום, 🙂, ñ, ő, ḱ, ǻ, ß, Ærø, ı, “q” – — … ± × − ↓ ↑ †, €, ½, ₂"  # noqa: RUF001


@pytest.fixture
def compiled(tmp_path):
    """Sets LaTeX in a minimal document; the text of the log."""
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        pytest.skip(MISSING)
    if not subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True, check=False).stdout:
        pytest.skip(MISSING)

    def call(text):
        (tmp_path / "board.tex").write_text(text, encoding="utf-8")
        document = (
            "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n\\input{board}\n\\end{document}\n"
        )
        (tmp_path / "document.tex").write_text(document, encoding="utf-8")
        command = ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "document.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        assert (tmp_path / "document.pdf").stat().st_size > 5000
        return done.stdout

    return call


@pytest.fixture(scope="module")
def committed():
    records = {"results/respondent-de": RunDirectory(RECORD).read_record()}
    return build(records), records


def test_the_committed_record_compiles_with_all_its_tables(compiled, committed):
    log = compiled(latex(*committed, regions=True, dimensions=True, runs=True))
    assert "Overfull" not in log and "too large" not in log and "undefined" not in log


def test_every_hostile_name_compiles(compiled, planted, hostile):
    records = {"/".join(hostile.values()): planted(*hostile.values())}
    compiled(latex(build(records), records, regions=True, dimensions=True, runs=True))


def test_letters_of_the_world_compile(compiled, planted):
    records = {WIDE: planted(WIDE)}
    text = latex(build(records), records)
    assert text.isascii()
    compiled(text)


def test_the_first_lines_say_what_it_needs_and_where_it_is_from(committed):
    _, records = committed
    first, second, *_ = latex(*committed).splitlines()
    assert first.startswith("% vsm-harness") and first.endswith("Needs \\usepackage{booktabs}.")
    (record,) = records.values()
    assert second.startswith("% run results/respondent-de: ") and record.spec_digest in second


def test_the_table_is_that_of_the_board(committed):
    lines = latex(*committed).splitlines()
    assert r"\caption{Leaderboard}" in lines and r"\label{tab:vsm-leaderboard}" in lines
    assert r"\multicolumn{9}{l}{\textit{Null rows}} \\" in lines
    assert r"1 & de & \textbf{3.94} & [3.22, 4.74] & 3.83 & 0.90 & 5.2 & 1.000 & 150 \\" in lines
    assert r"8 & naive$^{\dagger}$ & 25.71 & [23.37, 27.84] & 25.77 & -- & 5.1 & 1.000 & 1 \\" in lines
    assert r"de - icl & $-$7.57 & [$-$8.33, $-$6.91] & 65/65 & \textless{} 0.0001 \\" in lines


def test_accents_are_kept_and_what_the_fonts_lack_is_spelt_out():
    assert escaped("Málaga_5% é") == r"M{\'{a}}laga\_5\% {\'{e}}"
    assert escaped("中") == r"\textless{}U+4E2D\textgreater{}"
    assert escaped("a--b,,") == "a-{-}b,{,}"


def test_every_name_is_text(board_of, text):
    written = latex(*board_of[:2])
    assert written.isascii() and all(line.isprintable() for line in written.split("\n"))
    # A row, a brace or a comment that a name began would be one more or one less than with a plain name.
    assert outline(written) == outline(latex(*board_of[2:]))


@pytest.fixture(scope="module")
def board_of(planted, text):
    mine, plain = {text: planted(text)}, {"plain": planted("plain")}
    return (build(mine), mine, build(plain), plain)


def outline(text):
    """How often each character does something, and the commands of tables."""
    body = "\n".join(line for line in text.split("\n") if not line.startswith("%"))
    bare = re.sub(r"\\(.)", lambda found: found[0] if found[1].isalpha() else "", body, flags=re.DOTALL)
    commands = (r"\begin", r"\end", r"\multicolumn", r"\textbf", r"\caption", r"\label")
    assert bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0
    return {what: bare.count(what) for what in (*commands, "&", "%", "#", "_", "~")}


@given(st.text())
def test_any_text_is_one_line_of_ascii_with_balanced_braces(text):
    shown = escaped(text)
    assert shown.isascii() and "\n" not in shown
    assert set(outline(shown).values()) == {0}
