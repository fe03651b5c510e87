"""The tables of both checks that ask a model: marks, gaps, and texts that would harm a terminal."""

from io import StringIO

import pytest
from rich.console import Console

from harness.records.asked import SurveyIdentity
from harness.records.labels import LabelsCheck, SchemeRow
from harness.records.schema import ModelIdentity, Provenance
from harness.records.text_agreement import Agreement, Reader, TextAgreement, TextAnswer
from harness.report.labels import labels_notes, labels_table
from harness.report.text_agreement import counts_table, readers_table, shown, text_agreement_notes, texts_table

DIMENSIONS = ("pdi", "idv", "mas", "uai", "lto", "ivr")
TARGETS = dict(zip(DIMENSIONS, (54.0, 46.0, 95.0, 92.0, 88.0, 42.0), strict=True))
COMMON = {
    "model": ModelIdentity(name="m", digest="d", parameters=1, dtype="float32", device="cpu", random_weights=False),
    "provenance": Provenance(versions={}, git_revision=None, git_dirty=None, machine={}, threads=1),
    "survey": SurveyIdentity(name="s", version="1", digest="e"),
    "method": "naive",
    "shots": 0,
}


def lines(renderable, width=80):
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(renderable)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def scheme(name, value, mass, mae):
    return SchemeRow(
        scheme=name,
        indices=dict.fromkeys(DIMENSIONS, value),
        mae=mae,
        order_gap=dict.fromkeys(DIMENSIONS, 1.0),
        mean_order_gap=1.0,
        option_mass=mass,
        lowest_mass=mass / 2,
        difference=value - 50,
        agreement=0.5,
    )


@pytest.fixture
def labels_check():
    def build(region="JPN", targets=TARGETS, missing=None):
        rows = [scheme("1-5", 50.0, 0.5, 20.04 if region else None), scheme("A-E", -61.26, 0.4994, 100.0)]
        rows = rows if region else [row.model_copy(update={"mae": None}) for row in rows]
        return LabelsCheck(
            **COMMON, region=region, targets=targets, rows=tuple(rows), missing=missing or {}, threshold=0.5
        )

    return build


@pytest.fixture
def text_check():
    def build(texts, region=None):
        answers = [
            TextAnswer(
                item=place + 1,
                order="forward",
                text=text,
                ended=True,
                kind=kind,
                answer=answer,
                first_token=3,
                expected=3.0,
            )
            for place, (text, kind, answer) in enumerate(texts)
        ]
        kinds = [one.kind for one in answers]
        nothing = Reader(indices=None, mae=None)
        whole = Reader(indices=dict.fromkeys(DIMENSIONS, 50.0), mae=29.5 if region else None)
        found = Agreement(
            same=1, rate=0.5, low=0.09, high=0.91, kappa=None, mean_difference=0.5, mean_difference_expected=0.5
        )
        return TextAgreement(
            **COMMON,
            region=region,
            targets=TARGETS if region else None,
            max_new_tokens=24,
            prompts=len(answers),
            parsed=kinds.count("parsed"),
            refused=kinds.count("refused"),
            unparsed=kinds.count("unparsed"),
            cut=2,
            option_mass=0.75,
            agreement=found,
            text=nothing,
            first_token=whole,
            expected=whole,
            answers=tuple(answers),
        )

    return build


def test_a_row_with_little_mass_is_marked_and_explained(labels_check):
    check = labels_check()
    table = lines(labels_table(check), 100)
    assert "1-5 50.0 50.0 50.0 50.0 50.0 50.0 20.0 1.0 0.0 0.50 0.500" in table
    assert "A-E -61.3 -61.3 -61.3 -61.3 -61.3 -61.3 100.0 1.0 -111.3 0.50 *0.499" in table
    assert "JPN 54 46 95 92 88 42" in table
    assert any(note.startswith("* mass below 0.5 under A-E:") for note in labels_notes(check))


def test_a_scheme_that_was_not_asked_stands_in_the_table(labels_check):
    check = labels_check(region=None, targets=None, missing={"verbal": "the survey has no instruction_verbal"})
    table = lines(labels_table(check))
    assert "verbal" + " -" * 10 in table
    assert not any("mae" in line for line in [*table, *labels_notes(check)])
    assert "verbal was not asked: the survey has no instruction_verbal" in labels_notes(check)


def test_a_region_without_some_scores(labels_check):
    check = labels_check(region="ALB", targets={"lto": 61.0, "ivr": 15.0})
    assert "ALB - - - - 61 15" in lines(labels_table(check))
    assert "ALB has no published pdi, idv, mas, uai: its error is over the others" in labels_notes(check)


def test_texts_reach_the_terminal_harmless(text_check):
    evil = "\x1b]0;x\x07\x1b[31m[red]3[/red]\r\n\u202e\u009b2J"
    check = text_check([(evil, "unparsed", None), ("3", "parsed", 3), ("[bold]4", "parsed", 4)])
    console = Console(file=StringIO(), width=140, color_system=None)
    console.print(texts_table(check, 5))
    printed = console.file.getvalue()
    assert '"\\x1b]0;x\\x07\\x1b[31m[red]3[/red]\\r\\n\\"...' in printed
    assert shown("\u202e\u009b2J") == '"\\u202e\\x9b2J"'
    assert all(c.isprintable() or c == "\n" for c in printed)
    rows = lines(texts_table(check, 5), 140)
    assert '3 forward differs 4/3 "[bold]4"' in rows
    assert not any(row.startswith("2 forward") for row in rows)
    assert "2 of 2 texts that differ or are no answer, on the items' own scales" in rows


def test_only_as_many_texts_as_asked_for(text_check):
    check = text_check([("x", "unparsed", None)] * 5)
    assert len([row for row in lines(texts_table(check, 2)) if "unparsed" in row]) == 2
    assert texts_table(check, 0) is None
    assert texts_table(text_check([("3", "parsed", 3)]), 5) is None


def test_a_long_text_is_cut():
    assert shown("a" * 40) == '"' + "a" * 40 + '"'
    assert shown("a" * 41) == '"' + "a" * 37 + '"...'
    assert shown("\n" * 100) == '"' + ("\\n" * 19)[:37] + '"...'


def test_missing_texts_leave_no_indices(text_check):
    check = text_check([("", "unparsed", None), ("3", "parsed", 3), ("4", "parsed", 4)], region="JPN")
    assert "2 0 1 2 1 0.50 [0.09, 0.91] - 0.50" in lines(counts_table(check))
    table = lines(readers_table(check))
    assert "text - - - - - - -" in table
    assert "expected 50.0 50.0 50.0 50.0 50.0 50.0 29.5" in table
    assert "JPN 54 46 95 92 88 42" in table
    assert "no indices from text: 1 of 3 texts are no answer, and none is made up for them" in text_agreement_notes(
        check
    )
    whole = text_check([("3", "parsed", 3)])
    assert not any("no indices" in note or "mae" in note for note in text_agreement_notes(whole))
