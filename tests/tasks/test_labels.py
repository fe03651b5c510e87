"""The survey under other labels: what is listed, what each answer means, and what does not change."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.tasks.hofstede_vsm.labels import SCHEMES, missing, questions
from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.survey import BUNDLED, Survey, load_survey

BY_NAME = {scheme.name: scheme for scheme in SCHEMES}
# Of the survey before it had instructions for letters and words; records made then name it.
DIGEST = "1e40b106f0ae3679464cd7ba5d94daad921d9bc8af50ac740fda2c55c261615a"


def changed(**updates: object) -> Survey:
    return Survey.model_validate({**load_survey().model_dump(), **updates})


def test_the_first_scheme_is_the_survey_as_it_is_scored() -> None:
    survey = load_survey()
    ours = questions(survey, BY_NAME["1-5"], "Speak up.\n")
    theirs = survey_prompts(survey, "heldout")
    assert [(one.item, one.order) for one in ours] == [(one.item, one.order) for one in theirs]
    assert [one.text for one in ours] == ["Speak up.\n" + one.text for one in theirs]


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_each_answer_is_the_label_that_its_option_carries(scheme) -> None:
    survey = load_survey()
    for one in questions(survey, scheme):
        head, line, question = one.text.split("\n")
        item = survey.items[one.item - 1]
        assert question == item.wordings.heldout
        assert (
            head
            == {
                "numbers": survey.instruction,
                "letters": survey.instruction_letters,
                "verbal": survey.instruction_verbal,
            }[scheme.kind]
        )
        listed = line.split("; ")
        options = survey.labels(item)
        if scheme.kind == "verbal":
            assert tuple(listed) == (options if one.order == "forward" else options[::-1])
            assert one.answers == tuple((option, option.capitalize()) for option in options)
        else:
            carried = {option: label for label, option in (pair.split(" = ") for pair in listed)}
            assert one.answers == tuple((carried[option],) for option in options)
            assert "".join(pair[0] for pair in listed) == scheme.labels


@pytest.mark.parametrize(("one", "other"), [("1-5", "5-1"), ("A-E", "E-A"), ("1-5", "verbal")])
def test_options_keep_their_places(one: str, other: str) -> None:
    survey = load_survey()

    def bare(name: str) -> list[list[str]]:
        lines = [question.text.split("\n")[1] for question in questions(survey, BY_NAME[name])]
        return [[option.partition(" = ")[2] or option for option in line.split("; ")] for line in lines]

    assert bare(one) == bare(other)


@pytest.mark.parametrize("kind", ["letters", "verbal"])
def test_a_survey_without_an_instruction_is_not_asked_so(kind: str) -> None:
    survey = changed(**{f"instruction_{kind}": None})
    for scheme in SCHEMES:
        reason = f"the survey has no instruction_{kind}" if scheme.kind == kind else ""
        assert missing(survey, scheme) == reason
        if reason:
            with pytest.raises(ValueError, match=reason):
                questions(survey, scheme)


@pytest.mark.parametrize("longer", ["good enough", "Good, really"])
def test_words_that_begin_alike_cannot_be_told_apart(longer: str) -> None:
    scales = {**load_survey().scales, "health": ("excellent", "good", longer, "weak", "very bad")}
    survey = changed(scales=scales)
    reason = f"scale 'health': '{longer}' begins with 'good', so the two cannot be told apart"
    assert [missing(survey, scheme) for scheme in SCHEMES] == ["", "", "", "", reason]


def test_records_name_the_survey_as_before(tmp_path: Path) -> None:
    text = BUNDLED.read_text(encoding="utf-8")
    without = tmp_path / "without.toml"
    kept = [line for line in text.splitlines() if not line.startswith("instruction_")]
    without.write_text("\n".join(kept), encoding="utf-8")
    bare = load_survey(without)
    assert (bare.instruction_letters, bare.instruction_verbal) == (None, None)
    assert bare.digest == load_survey().digest == DIGEST
    assert changed(instruction="Answer.").digest != DIGEST
