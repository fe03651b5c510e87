"""No two splits of a survey share a wording: by construction, in what is asked, and nearly so in the bundled one."""

from __future__ import annotations

import copy
import sys
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.tasks.hofstede_vsm.demonstrations import demonstrations
from harness.tasks.hofstede_vsm.prompts import SPLITS, preamble, survey_prompts
from harness.tasks.hofstede_vsm.survey import BUNDLED, Survey, WordingSplit, load_survey, shared_wordings
from harness.tasks.hofstede_vsm.survey_faults import Fault
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tasks.hofstede_vsm.wordings import Sentence, words

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONTENT = tomllib.loads(BUNDLED.read_text(encoding="utf-8"))
SURVEY = load_survey()
ALL_SPLITS: tuple[WordingSplit, ...] = get_args(WordingSplit)
ASKED = {split: [Sentence.of(one).spaced for one in SURVEY.split_wordings(split)] for split in ALL_SPLITS}
PLACES = [("tuning", 0), ("tuning", 1), ("validation", None), ("heldout", None), ("demonstration", None)]
Spot = tuple[int, int]
SPOTS = st.tuples(st.integers(0, 23), st.integers(0, 4))


def wording(content: dict[str, Any], spot: Spot) -> str:
    split, which = PLACES[spot[1]]
    found: Any = content["items"][spot[0]]["wordings"][split]
    return str(found if which is None else found[which])


def rewritten(changes: dict[Spot, str]) -> dict[str, Any]:
    content = copy.deepcopy(CONTENT)
    for (item, place), text in changes.items():
        split, which = PLACES[place]
        if which is None:
            content["items"][item]["wordings"][split] = text
        else:
            content["items"][item]["wordings"][split][which] = text
    return content


@st.composite
def dressed(draw: st.DrawFn, text: str) -> str:
    """The same wording in other case, punctuation, blanks, quotes, dashes and forms of letters."""
    pieces = []
    for letter in text:
        how = draw(st.sampled_from(["as it is"] * 8 + ["upper", "wide", "bold"]))
        code = ord(letter)
        if letter == " ":
            pieces.append(
                draw(st.sampled_from([" ", " ", "  ", "\n", " \u2014 ", ", ", "-", "\u00a0"])).replace("\u00a0", " ")
            )
        elif how == "upper":
            pieces.append(letter.upper())
        elif how == "wide" and 0x21 <= code <= 0x7E:
            pieces.append(chr(code + 0xFEE0))
        elif how == "bold" and "a" <= letter <= "z":
            pieces.append(chr(0x1D41A + code - ord("a")))
        else:
            pieces.append(letter)
    open_, close = draw(st.sampled_from([("", ""), ("\u201c", "\u201d"), ("\u00ab", "\u00bb"), ("(", ")"), ("", "!")]))
    return open_ + "".join(pieces) + close


def problem(content: dict[str, Any]) -> tuple[tuple[int | str, ...], str]:
    with pytest.raises(ValidationError) as caught:
        Survey.model_validate(content)
    (found,) = caught.value.errors()
    fault = found["ctx"]["error"]
    assert isinstance(fault, Fault)
    return fault.place, str(fault)


def loc(spot: Spot) -> tuple[int | str, ...]:
    split, which = PLACES[spot[1]]
    return ("items", spot[0], "wordings", split, *([] if which is None else [which]))


@settings(max_examples=40)
@given(st.data(), SPOTS, SPOTS)
def test_a_wording_that_stands_twice_is_refused_however_it_is_dressed(
    data: st.DataObject, one: Spot, two: Spot
) -> None:
    if one == two:
        return
    text = data.draw(dressed(wording(CONTENT, one)))
    where, reason = problem(rewritten({two: text}))
    assert where == loc(max(one, two))
    assert reason.startswith("repeats the wording of item ") and reason.endswith("splits may not share a wording")


@settings(max_examples=40)
@given(st.data(), SPOTS, SPOTS, st.sampled_from([("All in all: ", ""), ("", " Why?"), ("Well, ", ", if I may ask?")]))
def test_a_wording_inside_one_of_another_split_is_refused(
    data: st.DataObject, one: Spot, two: Spot, frame: tuple[str, str]
) -> None:
    if one == two:
        return
    inner = wording(CONTENT, one).rstrip("?.")
    content = rewritten({two: frame[0] + data.draw(dressed(inner)) + frame[1]})
    if PLACES[one[1]][0] == PLACES[two[1]][0]:
        assert Survey.model_validate(content)
        return
    where, reason = problem(content)
    assert where == loc(max(one, two))
    assert reason.startswith(("holds", "is part of")[one > two] + " the wording of item ")


WORDS = st.sampled_from(["how", "proud", "are", "you", "of", "it", "work", "boss"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)


@settings(max_examples=60)
@given(st.dictionaries(SPOTS, SENTENCES, max_size=6))
def test_whatever_is_accepted_has_disjoint_splits_in_every_prompt(changes: dict[Spot, str]) -> None:
    content = rewritten(changes)
    try:
        survey = Survey.model_validate(content)
    except ValidationError:
        # Refused, so there is a reason: two of the wordings overlap.
        every = [((i, p), Sentence.of(wording(content, (i, p)))) for i in range(24) for p in range(5)]
        assert any(a.overlaps(b) for one, a in every for two, b in every if one < two)
        return
    sentences = {split: [" ".join(words(one)) for one in survey.split_wordings(split)] for split in ALL_SPLITS}
    for split in SPLITS:
        texts = [f" {' '.join(words(one.text.splitlines()[-1]))} " for one in survey_prompts(survey, split)]
        for other in ALL_SPLITS:
            held = [one for one in sentences[other] for text in texts if f" {one} " in text]
            assert bool(held) == (other == split)


@settings(max_examples=40)
@given(st.sampled_from(load_regions().complete), st.integers(1, 24))
def test_demonstrations_show_no_wording_that_is_asked(region: Any, shots: int) -> None:
    shown = demonstrations(SURVEY, region, shots)
    above = preamble(SURVEY, region.name, shown)
    spaced = f" {' '.join(words(above))} "
    assert not [one for split in SPLITS for one in ASKED[split] if one in spaced]
    assert sum(one in spaced for one in ASKED["demonstration"]) == len(shown)
    for prompt in survey_prompts(SURVEY, "heldout", region.name, shown):
        assert prompt.text.startswith(above + SURVEY.instruction)
        assert prompt.text.splitlines()[-1] in SURVEY.split_wordings("heldout")


def test_the_wordings_of_each_split() -> None:
    sizes = {split: len(SURVEY.split_wordings(split)) for split in ALL_SPLITS}
    assert sizes == {"tuning": 48, "validation": 24, "heldout": 24, "demonstration": 24}
    every = [one for item in SURVEY.items for one in item.wordings.all()]
    assert sorted(every) == sorted(one for split in ALL_SPLITS for one in SURVEY.split_wordings(split))
    assert SURVEY.items[3].wordings.heldout in SURVEY.split_wordings("heldout")


def shared_run(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """Words of the longest run that both sentences have."""
    return max(
        (
            length
            for start in range(len(first))
            for length in range(1, len(first) - start + 1)
            if any(second[at : at + length] == first[start : start + length] for at in range(len(second)))
        ),
        default=0,
    )


def test_held_out_wordings_are_no_near_duplicates() -> None:
    """Measured on the bundled survey; a new wording that comes nearer than these is to be reworded."""
    overlaps, runs = [], []
    for item in SURVEY.items:
        heldout = words(item.wordings.heldout)
        for split in ALL_SPLITS:
            for other in map(words, item.wordings.of(split) if split != "heldout" else ()):
                overlaps.append(len({*heldout} & {*other}) / len({*heldout} | {*other}))
                runs.append(shared_run(heldout, other) / len(heldout))
    assert len(overlaps) == 24 * 4
    assert max(overlaps) <= 0.70  # 0.696, item 23 and its second tuning wording
    assert sum(overlaps) / len(overlaps) <= 0.31  # 0.303, much of it the question's frame
    assert max(runs) <= 0.39  # 0.385 of the held-out words in one run


def other_instrument(changes: dict[Spot, str]) -> Survey:
    """A survey whose every wording is new, apart from the changes."""
    new = {(i, p): f"Item {i} asks in way {p} something new?" for i in range(24) for p in range(5)}
    return Survey.model_validate(rewritten({**new, **changes}))


def test_another_instrument_that_repeats_wordings() -> None:
    assert shared_wordings(SURVEY, other_instrument({})) == []
    copied, framed = SURVEY.items[1].wordings.tuning[0], SURVEY.items[19].wordings.heldout
    other = other_instrument(
        {(3, 3): copied.upper(), (5, 4): f"All in all: {framed}", (8, 1): "A pleasant neighbourhood?"}
    )
    assert shared_wordings(SURVEY, other) == [
        "item 4 heldout repeats the wording of item 2 tuning 1",
        "item 6 demonstration holds the wording of item 20 heldout",
        "item 9 tuning 2 is part of the wording of item 8 heldout",
    ]
    assert len(shared_wordings(SURVEY, SURVEY)) == 120
