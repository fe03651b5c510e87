"""Reading written answers: what is one, what declines, and what is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.text_answers import read_answer

SCALES = load_survey().scales

PARSED = {
    "importance": {
        "3": 3,
        " 3\n": 3,
        "3.": 3,
        "3!": 3,
        "3)": 3,
        "(2)": 2,
        "[4]": 4,
        "**3**": 3,
        "`3`": 3,
        '"5"': 5,
        "- 3": 3,
        "```\n3\n```": 3,
        "\n\n3\n\nBecause I like it": 3,
        "3\nI have a family of my own": 3,
        "3, because it matters": 3,
        "3 because it matters": 3,
        "3 since it matters": 3,
        "3 = fairly important": 3,
        "3: fairly important": 3,
        "3 \u2013 fairly important": 3,
        "2 - very important because": 2,
        "2 very important": 2,
        "2 (very important)": 2,
        "2, VERY  important": 2,
        "1. Essential": 1,
        "Option 2": 2,
        "Number 4.": 4,
        "Sure! 3": 3,
        "Okay, 3.": 3,
        "Answer: 3": 3,
        "**Answer:** 3": 3,
        "answer 3": 3,
        "My answer is: **2**": 2,
        "The answer is option 2.": 2,
        "Here is my answer:\n\n3": 3,
        "I would say 3": 3,
        "I\u2019d rate this a 4.": 4,
        "I'll go with 2.": 2,
        "Well, I would choose option 5, not important at all.": 5,
        "Let me think about it.\nAnswer: 4": 4,
        "It is hard to say. I would say 4": 4,
        "Essential": 1,
        "essential.": 1,
        "It is essential": 1,
        "My family is essential, of course": 1,
        "Answer: essential": 1,
        "Not important at all": 5,
        "I find it very important to me": 2,
        "Time for oneself is fairly important.": 3,
        "very important, but I would not say very important to all": 2,
        "3. In 2020 I had 17 of them": 3,
        "3. As an AI I have no family": 3,
        "Very important! I'm sorry if that is too short": 2,
    },
    "health": {
        "good": 2,
        "My health is good.": 2,
        "I'm good": 2,
        "I feel weak, since I am old": 4,
        "very bad": 5,
        "2: good": 2,
    },
    "frequency": {
        "Never": 5,
        "often.": 2,
        "Often, I think": 2,
        "Now and then I do": 3,
        "all the time": 1,
        "I do so all the time": 1,
    },
    "agreement": {
        "I fully agree with that.": 1,
        "Neither agree nor disagree": 3,
        "Fully disagree": 5,
        "I mostly disagree": 4,
    },
    "pride": {"not proud": 5, "I am only a little proud": 4},
}
REFUSED = (
    "I cannot answer that.",
    "I can\u2019t say.",
    "I'm sorry, but no.",
    "I am truly sorry",
    "Sorry, no.",
    "I apologize, but I have no opinion.",
    "As an AI language model, I have no preferences",
    "As an AI, I would say 3",
    "I am just a language model. Essential",
    "I'm not able to answer",
    "It is unable to choose",
    "I don't have personal opinions",
    "I do not have feelings, 3",
    "I would rather not say",
    "I must decline",
    "I won't answer with 1, 2 or 3",
)
UNPARSED = {
    "importance": (
        "",
        " \n",
        "33333",
        "3 3 3",
        "3\n1",
        "3-4",
        "3 - 4",
        "3 or 4",
        "3/5",
        "3 / 5",
        "4 out of 5",
        "3.5",
        "3,5",
        "3:30",
        "-3",
        "+3",
        "3%",
        "3?",
        "3rd",
        "x3",
        "3 children",
        "5 stars",
        "0",
        "6",
        "10",
        "Three",
        "\u0663",
        "\uff13",
        "3\u00b2",
        "$3",
        "I have 3",
        "I have 3 children, so it is important",
        "On a scale from 1 to 5, 3",
        "3 = very important",
        "3 (very important)",
        "3 = fairly important; 4 = slightly important",
        "Essential or very important",
        "1 = essential; 2 = very important; 3 = fairly important",
        "important",
        "not important",
        "unessential",
        "It is not essential",
        "Essential is what it is not",
        "It is not very important",
        "It is less than very important",
        "It isn't very important",
        "very important to 3 of us",
        "Answer:",
        "Answer: maybe",
        "\ufffd\ufffd",
    ),
    "health": ("Good question!", "I'm good at this", "not good", "weakness", "bad", "My health isn't good"),
    "frequency": ("Never say never", "I never feel so", "not often", "Often I never do", "time"),
    "agreement": ("I do not fully agree", "agree", "disagree", "I fully agree, mostly agree"),
    "pride": ("proud", "I am not quite proud"),
}


@pytest.mark.parametrize(
    ("scale", "text", "option"), [(scale, *pair) for scale, texts in PARSED.items() for pair in texts.items()]
)
def test_an_answer(scale: str, text: str, option: int) -> None:
    reading = read_answer(text, SCALES[scale])
    assert (reading.kind, reading.option) == ("parsed", option)


@pytest.mark.parametrize("text", REFUSED)
def test_a_refusal(text: str) -> None:
    reading = read_answer(text, SCALES["importance"])
    assert (reading.kind, reading.option) == ("refused", None)


@pytest.mark.parametrize(("scale", "text"), [(scale, text) for scale, texts in UNPARSED.items() for text in texts])
def test_neither(scale: str, text: str) -> None:
    reading = read_answer(text, SCALES[scale])
    assert (reading.kind, reading.option) == ("unparsed", None)


def test_words_count_as_they_were_listed() -> None:
    labels = SCALES["frequency"]
    assert read_answer("never", labels).option == 5
    assert read_answer("never", labels[::-1]).option == 1
    assert read_answer("5 = never", labels).option == 5
    assert read_answer("5 = never", labels[::-1]).kind == "unparsed"


def test_options_that_contain_one_another_and_numbers() -> None:
    own = ("2 or 3 times", "good", "very good", "good (enough)", "not good")
    assert read_answer("It is very good.", own).option == 3
    assert read_answer("2 or 3 times", own).option == 1
    assert read_answer("good (enough)", own).option == 4
    assert read_answer("Not good", own).option == 5


pieces = st.one_of(
    st.text(max_size=6),
    st.sampled_from([*"123456.,:;=-()*\n'\"", "not", "is", "answer", "option", "say", "I'm sorry", "cannot"]),
    st.sampled_from([label for labels in SCALES.values() for label in labels]),
)


@given(st.lists(pieces, max_size=12), st.sampled_from(["", " ", "\n"]), st.sampled_from(sorted(SCALES)))
def test_any_text_is_read_and_only_a_named_option_is_its_answer(parts, between, scale) -> None:
    text, labels = between.join(parts), SCALES[scale]
    reading = read_answer(text, labels)
    assert (reading.kind == "parsed") == (reading.option is not None)
    if reading.option is not None:
        spread = " ".join(text.casefold().split())
        assert str(reading.option) in text or labels[reading.option - 1] in spread
        others = [label for label in labels if label != labels[reading.option - 1]]
        assert not any(f" {label} " in f" {spread} " for label in others)


@given(st.text(st.characters(exclude_characters="12345"), max_size=60))
def test_a_text_without_any_option_is_no_answer(text) -> None:
    words = ("qqa qqb", "qqc", "qqd qqe", "qqf", "qqg qqh")
    if "qq" not in text.casefold():
        assert read_answer(text, words).kind != "parsed"


@given(st.integers(1, 5), st.sampled_from(["", "Answer: ", "**", "I would say ", "Option ", "\n"]))
def test_a_number_means_what_it_says_on_every_scale(option, before) -> None:
    for labels in SCALES.values():
        assert read_answer(f"{before}{option}", labels).option == option
        assert read_answer(f"{before}{option} = {labels[option - 1]}.", labels).option == option


def test_a_long_text_is_read_in_good_time() -> None:
    for text in ("*" * 20_000 + "3", "answer: " * 3_000 + "3", ". *" * 6_000 + "3", "essential " * 3_000):
        assert read_answer(text, SCALES["importance"]).kind in ("parsed", "unparsed")
