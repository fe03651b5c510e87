from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.hofstede_vsm.wordings import Placed, Sentence, first_overlap, shared, words

PLAIN = "How important is it?"


@pytest.mark.parametrize(
    "dressed",
    [
        "how important is it",
        "HOW IMPORTANT IS IT?!",
        " How\nimportant \t is it ? ",
        "\u201cHow important is it?\u201d",
        "\u00abHow important is it\u00bb",
        "How important\u2014is it\u2026",
        "How im-portant is it?",
        "\uff28\uff4f\uff57 \uff49\uff4d\uff50\uff4f\uff52\uff54\uff41\uff4e\uff54 is it\uff1f",
        "\U0001d407\U0001d428\U0001d430 important is it?",
        "How impor\u00adtant is it?",
        "How important\u00a0is it?\ufe0f",
        "H\u034fow important is\u3000it?",
        "(How) important: is, it.",
    ],
)
def test_dress_does_not_tell_wordings_apart(dressed: str) -> None:
    assert dressed != PLAIN
    assert Sentence.of(dressed).repeats(Sentence.of(PLAIN))
    assert Sentence.of(dressed).overlaps(Sentence.of(PLAIN)) == "repeats"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("don't", "don\u2019t"),
        ("don't", "dont"),
        ("Stra\u00dfe", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("\ufb01rm", "firm"),
        ("co-worker", "coworker"),
        ("1 \u00bd", "1 1/2"),
        ("\u0130stanbul", "i\u0307stanbul"),
    ],
)
def test_ways_to_write_the_same_word(first: str, second: str) -> None:
    assert Sentence.of(first).repeats(Sentence.of(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("How important is it?", "How important was it?"),
        ("sch\u00f6n", "schon"),
        ("\u0915\u0930\u0924\u0947", "\u0915\u0930\u0924\u0940"),
        ("2 bosses", "3 bosses"),
    ],
)
def test_other_letters_marks_or_digits_are_other_wordings(first: str, second: str) -> None:
    assert Sentence.of(first).overlaps(Sentence.of(second)) == ""


def test_words() -> None:
    assert words("Don't  you\u2019re-ask, 3.5x?") == ("dont", "youre", "ask", "3", "5x")
    assert words("\u4f60\u597d\u5417, ok") == ("\u4f60", "\u597d", "\u5417", "ok")
    assert words("?! \u2014 \u2026") == ()


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("All in all, how important is it to you?", PLAIN),
        ("How important is it today?", PLAIN),
        ("Tell me: how important is it?", PLAIN),
        ("\u603b\u7684\u6765\u8bf4\u4f60\u597d\u5417", "\u4f60\u597d\u5417?"),
    ],
)
def test_a_wording_inside_another(long: str, short: str) -> None:
    assert Sentence.of(long).overlaps(Sentence.of(short)) == "holds"
    assert Sentence.of(short).overlaps(Sentence.of(long)) == "is part of"


def test_parts_of_words_do_not_count() -> None:
    assert Sentence.of("Show important is item 3?").overlaps(Sentence.of(PLAIN)) == ""
    assert Sentence.of("How important, really, is it?").overlaps(Sentence.of(PLAIN)) == ""


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_words_of_words_are_the_same_words(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once
    assert all(once)


@given(st.text(max_size=40), st.text(max_size=40))
def test_overlap_reads_the_same_from_both_sides(first: str, second: str) -> None:
    turned = {"repeats": "repeats", "holds": "is part of", "is part of": "holds", "": ""}
    one, other = Sentence.of(first), Sentence.of(second)
    assert other.overlaps(one) == turned[one.overlaps(other)]


def test_inside_a_split_a_wording_may_hold_another() -> None:
    longer = f"All in all, {PLAIN}"
    assert first_overlap([Placed("a", "tuning", PLAIN), Placed("b", "tuning", longer)]) is None
    assert first_overlap([Placed("a", "tuning", PLAIN), Placed("b", "heldout", longer)]) == (
        1,
        "holds the wording of a",
    )
    assert first_overlap([Placed("a", "tuning", PLAIN), Placed("b", "tuning", PLAIN)]) == (
        1,
        "repeats the wording of a",
    )


def test_shared_names_a_repetition_before_a_part() -> None:
    first = [Placed("a", "tuning", "is it"), Placed("b", "heldout", PLAIN), Placed("c", "heldout", "Why?")]
    second = [Placed("x", "heldout", PLAIN.upper()), Placed("y", "tuning", "Why not?"), Placed("z", "tuning", "Who?")]
    assert shared(first, second) == ["x repeats the wording of b", "y holds the wording of c"]
    assert shared(second, first) == [
        "a is part of the wording of x",
        "b repeats the wording of x",
        "c is part of the wording of y",
    ]
