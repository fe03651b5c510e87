from __future__ import annotations

import pytest

from harness.tasks.hofstede_vsm.prompts import (
    SPLITS,
    Demonstration,
    Order,
    Prompt,
    Split,
    asked,
    options_line,
    persona_line,
    preamble,
    question_text,
    reversed_order,
    survey_prompts,
)
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

SURVEY = load_survey()
LABELS = ("a", "b", "c", "d", "e")


def test_options_line() -> None:
    assert options_line(LABELS, "forward") == "1 = a; 2 = b; 3 = c; 4 = d; 5 = e"
    # The numbers stay, the labels run backwards.
    assert options_line(LABELS, "reversed") == "1 = e; 2 = d; 3 = c; 4 = b; 5 = a"


def test_a_whole_prompt() -> None:
    wording = SURVEY.items[0].wordings.tuning[0]
    assert survey_prompts(SURVEY, "tuning")[0] == Prompt(
        1,
        "forward",
        f"{SURVEY.instruction}\n"
        "1 = essential; 2 = very important; 3 = fairly important; 4 = slightly important; 5 = not important at all\n"
        f"{wording}",
    )


@pytest.mark.parametrize("split", SPLITS)
def test_48_prompts_each_item_in_both_orders(split: Split) -> None:
    prompts = survey_prompts(SURVEY, split)
    expected: list[tuple[int, Order]] = [(item, "forward") for item in range(1, 25)]
    expected += [(item, "reversed") for item in range(1, 25)]
    assert [(prompt.item, prompt.order) for prompt in prompts] == expected
    assert len({prompt.text for prompt in prompts}) == 48
    assert reversed_order(prompts).tolist() == [False] * 24 + [True] * 24


@pytest.mark.parametrize("split", SPLITS)
def test_each_prompt_holds_its_own_wording_and_no_other(split: Split) -> None:
    for prompt in survey_prompts(SURVEY, split):
        held = {
            (item.id, name)
            for item in SURVEY.items
            for name, wording in zip(("t1", "t2", "v", "h", "d"), item.wordings.all(), strict=True)
            if wording in prompt.text
        }
        tuning = "t1" if prompt.order == "forward" else "t2"
        assert held == {(prompt.item, {"tuning": tuning, "validation": "v", "heldout": "h"}[split])}


def test_asked() -> None:
    wordings = SURVEY.items[2].wordings
    assert asked(SURVEY.items[2], "tuning") == ((wordings.tuning[0], "forward"), (wordings.tuning[1], "reversed"))
    assert asked(SURVEY.items[2], "validation") == ((wordings.validation, "forward"), (wordings.validation, "reversed"))
    assert asked(SURVEY.items[2], "heldout") == ((wordings.heldout, "forward"), (wordings.heldout, "reversed"))


def test_splits_share_no_text() -> None:
    texts = [prompt.text for split in SPLITS for prompt in survey_prompts(SURVEY, split)]
    assert len(set(texts)) == 3 * 48
    questions = {split: {prompt.text.splitlines()[-1] for prompt in survey_prompts(SURVEY, split)} for split in SPLITS}
    assert not (questions["tuning"] & questions["heldout"] or questions["tuning"] & questions["validation"])
    assert not questions["validation"] & questions["heldout"]


@pytest.mark.parametrize("split", SPLITS)
def test_reversed_prompts_list_the_labels_backwards_with_the_numbers_in_place(split: Split) -> None:
    for prompt in survey_prompts(SURVEY, split):
        shown = [part.split(" = ") for part in prompt.text.splitlines()[1].split("; ")]
        labels = SURVEY.labels(SURVEY.items[prompt.item - 1])
        assert [number for number, _ in shown] == ["1", "2", "3", "4", "5"]
        assert tuple(label for _, label in shown) == (labels if prompt.order == "forward" else labels[::-1])


def test_item_20_begins_with_never() -> None:
    prompts = survey_prompts(SURVEY, "heldout")
    assert "1 = never; 2 = rarely" in prompts[19].text
    assert "1 = all the time; 2 = often" in prompts[24 + 19].text
    assert "1 = all the time; 2 = often" in prompts[14].text


@pytest.mark.parametrize("split", SPLITS)
def test_the_naive_prompt_names_no_region(split: Split) -> None:
    names = [region.name.casefold() for region in load_regions().rows]
    for prompt in survey_prompts(SURVEY, split):
        text = prompt.text.casefold()
        assert [name for name in names if name in text] == []
        assert "answer as" not in text


def test_persona() -> None:
    naive, persona = survey_prompts(SURVEY, "heldout"), survey_prompts(SURVEY, "heldout", persona="China")
    assert persona_line("China") == "Answer as a typical person from China would."
    assert [prompt.text for prompt in persona] == [f"{persona_line('China')}\n{prompt.text}" for prompt in naive]


def test_demonstrations_show_question_and_label_without_a_number() -> None:
    shown = [Demonstration(SURVEY.items[0], 2), Demonstration(SURVEY.items[19], 1)]
    first, second = (SURVEY.items[i].wordings.demonstration for i in (0, 19))
    text = preamble(SURVEY, "India", shown)
    assert text == (
        "Answer as a typical person from India would.\n"
        f"{first} Answer: very important.\n"
        # Answer 1 of item 20 is "never": its scale is reversed.
        f"{second} Answer: never.\n"
    )
    prompts = survey_prompts(SURVEY, "heldout", "India", shown)
    assert all(prompt.text.startswith(text + SURVEY.instruction) for prompt in prompts)
    assert prompts[5].text.endswith(SURVEY.items[5].wordings.heldout)


def test_no_preamble() -> None:
    assert preamble(SURVEY, None) == ""
    assert preamble(SURVEY, None, [Demonstration(SURVEY.items[0], 5)]).endswith("Answer: not important at all.\n")


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("persona", [None, "China"])
def test_what_prompts_share_comes_first(split: Split, persona: str | None) -> None:
    shown = [Demonstration(item, 4) for item in SURVEY.items[:3]]
    prompts = survey_prompts(SURVEY, split, persona, shown)
    start = preamble(SURVEY, persona, shown) + SURVEY.instruction + "\n1 = "
    assert all(prompt.text.startswith(start) for prompt in prompts)
    # Items with the same scale in the same order share everything up to the question.
    same = [prompt for prompt in prompts if prompt.item <= 14 and prompt.order == "reversed"]
    line = options_line(SURVEY.scales["importance"], "reversed")
    assert len(same) == 14
    assert all(prompt.text.startswith(f"{start[:-4]}{line}\n") for prompt in same)


def test_question_text() -> None:
    text = question_text(SURVEY, SURVEY.items[17], "How are you?", "reversed", before="First this.\n")
    assert text == (
        f"First this.\n{SURVEY.instruction}\n1 = very bad; 2 = weak; 3 = average; 4 = good; 5 = excellent\nHow are you?"
    )
