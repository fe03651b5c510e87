"""What a file may say at all, and where its names come to be shown besides the exports of a leaderboard."""

import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from pydantic import ValidationError
from rich.console import Console

from harness.cli import output
from harness.errors import InputError, RunError
from harness.records.contest_directory import read_contest
from harness.records.run_directory import RunDirectory
from harness.records.schema import Record
from harness.records.text import LONGEST_NAME, LONGEST_TEXT
from harness.report.contest import analyse
from harness.report.contest_sheets import contest_notes
from harness.report.contest_tables import contest_tables
from harness.report.figures import write_figures
from harness.report.literal import literal
from harness.report.terminal import listing
from harness.tasks.hofstede_vsm.targets import COLUMNS, load_regions

ROOT = Path(__file__).parents[2]
CONTEST = ROOT / "tests" / "golden" / "contest.json"
CONTROL = ("escape", "c1", "backspace", "direction", "invisible", "nul", "half", "lines", "tab", "return")
OUTSIDE = ("/etc", "../x", "adapters/../../x", "adapters/..", "..", "a\\..\\b", "a\x00b", "a\nb", "", "x" * 5001)


@pytest.fixture(scope="module")
def plain():
    """The committed record as JSON, with the first two regions."""
    content = json.loads(RunDirectory(ROOT / "results" / "respondent-de").read_record().model_dump_json())
    for method in content["methods"]:
        method["results"] = method["results"][:2]
    return content


def with_name(plain, where, text):
    content = json.loads(json.dumps(plain))
    method = content["methods"][-1]
    if where == "method":
        method["method"] = text
    else:
        method["results"][0][where] = (text,) if where == "missing" else text
    return content


@pytest.mark.parametrize("where", ["method", "region", "source", "missing", "adapter"])
@pytest.mark.parametrize("what", CONTROL)
def test_a_record_with_control_characters_in_a_name_is_refused(plain, hostile, where, what):
    with pytest.raises(ValidationError):
        Record.model_validate(with_name(plain, where, hostile[what]))


@pytest.mark.parametrize("where", ["method", "region", "source", "missing"])
def test_a_name_of_a_record_has_a_length(plain, where):
    Record.model_validate(with_name(plain, where, "x" * LONGEST_NAME))
    for text in ("", "x" * (LONGEST_NAME + 1)):
        with pytest.raises(ValidationError):
            Record.model_validate(with_name(plain, where, text))


@pytest.mark.parametrize("where", OUTSIDE)
def test_an_adapter_is_a_folder_of_its_run(plain, where):
    Record.model_validate(with_name(plain, "adapter", "adapters/de/seed0/..USA"))
    with pytest.raises(ValidationError):
        Record.model_validate(with_name(plain, "adapter", where))


@pytest.mark.parametrize("field", ["run_id", "spec_digest", "started"])
def test_a_text_of_a_record_has_a_length(plain, field):
    Record.model_validate(plain | {field: "\x1b" * LONGEST_TEXT})
    with pytest.raises(ValidationError):
        Record.model_validate(plain | {field: "x" * (LONGEST_TEXT + 1)})


def test_targets_of_a_record_hold_every_dimension(plain):
    for name in ("spread", "mean"):
        with pytest.raises(ValidationError):
            Record.model_validate(plain | {"targets": plain["targets"] | {name: {"pdi": 1.0}}})


def test_the_refusal_is_one_line_without_what_it_refuses(plain, tmp_path, hostile):
    (tmp_path / "record.json").write_text(json.dumps(with_name(plain, "region", hostile["escape"])))
    with pytest.raises(RunError) as refused:
        RunDirectory(tmp_path).read_record()
    assert "methods.7.results.0.region: expected printable text" in str(refused.value)
    assert str(refused.value).isprintable()


CODES = ("script", "image", "link", "shell", "up", "absolute", "formula", "escape", "nul", "direction", "long", "rule")


@pytest.mark.parametrize("what", CODES)
def test_a_code_that_would_lead_elsewhere_is_refused_with_the_targets(tmp_path, hostile, what):
    """A region's code becomes the name of a folder."""
    cell = '"' + hostile[what].replace('"', '""') + '"'
    file = tmp_path / "targets.csv"
    file.write_text(f"{','.join(COLUMNS)}\n{cell},a name,x,1,2,3,4,5,6\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 2 code: expected"):
        load_regions(file)


def planted_contest(texts):
    """A contest of one region with an entrant of each name, past the checks of its schema."""
    contest = read_contest(CONTEST)
    first, region = contest.spec.entrants[0], texts[0]
    cell = contest.cells[0].model_copy(update={"region": region, "seed": 0})
    entrants = tuple(
        first.model_copy(update={"label": text, "settings": {"budget": place, text: text}})
        for place, text in enumerate(texts)
    )
    spec = contest.spec.model_copy(
        update={"title": " / ".join(texts), "regions": (region,), "seeds": (0,), "entrants": entrants}
    )
    return contest.model_copy(
        update={
            "spec": spec,
            "model": contest.model.model_copy(update={"name": " / ".join(texts), "note": " / ".join(texts)}),
            "references": {"null": {region: 20.0}},
            "missing": {region: tuple(texts)},
            "cells": tuple(
                cell.model_copy(update={"entrant": text, "mae_tuned": 3.0 + place, "mae": 4.0 + place})
                for place, text in enumerate(texts)
            ),
        }
    )


def printed(tables=(), lines=()):
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None, legacy_windows=False)
    for table in tables:
        output.show(console, table)
    for line in lines:
        output.tell(console, line, soft_wrap=True)
    return console.file.getvalue()


def test_a_contest_is_shown_as_it_stands(hostile):
    texts = list(hostile.values())
    analysis = analyse(planted_contest(texts))
    shown = printed(contest_tables(analysis), contest_notes(analysis))
    assert all(line.isprintable() for line in shown.split("\n"))
    # Tables fold names that are too long for the terminal, lines leave them whole.
    assert [name for name, text in hostile.items() if literal(text) not in shown] == []


DRAWN = ("script", "image", "title", "comment", "escape", "lines", "nul", "half", "direction", "up", "absolute")
DRAWN = (*DRAWN, "formula-of-mathtext", "long", "very-long")


def test_plots_of_hostile_names_are_files_of_their_folder_without_a_script(hostile, tmp_path):
    folder = tmp_path / "contest"
    folder.mkdir()
    written = write_figures(analyse(planted_contest([hostile[name] for name in DRAWN])), folder)
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()} == {
        path.relative_to(tmp_path) for path in written
    }
    for path in folder.glob("*.svg"):
        for element in ElementTree.parse(path).iter():
            assert not str(element.tag).endswith(("script", "foreignObject", "image", "}a"))
            assert not any(name.lower().startswith("on") for name in element.attrib)
            links = [value for name, value in element.attrib.items() if name.endswith("href")]
            assert all(link.startswith("#") for link in links)


def test_a_listing_is_shown_as_it_stands(text):
    """The tables of checks, side effects, benchmarks, contests and `ls` are listings."""
    table = listing([text, "number"], [[text, text]], text, left=1)
    shown = printed([table], [text])
    assert all(line.isprintable() for line in shown.split("\n"))
    assert literal(text) in shown


def test_every_table_goes_through_one_place():
    """Nothing but the terminal's own module makes tables."""
    makers = {path.name for path in (ROOT / "harness").rglob("*.py") if "Table(" in path.read_text(encoding="utf-8")}
    assert makers == {"terminal.py"}
