"""The held-out questions under other labels of their options: numbers and letters, in both directions, and none.

Only labels, their instruction and the options' order change; what stands before and the question stay word for word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from harness.tasks.hofstede_vsm.prompts import Order, asked
from harness.tasks.hofstede_vsm.survey import Item, Survey

Kind = Literal["numbers", "letters", "verbal"]


@dataclass(frozen=True)
class Scheme:
    """How options are labelled.

    Attributes:
        name: as tables show it.
        kind: which instruction goes with it.
        labels: of the options as they are listed, the first one first; none for options listed by their words alone.
    """

    name: str
    kind: Kind
    labels: str


SCHEMES: Final = (
    Scheme("1-5", "numbers", "12345"),
    Scheme("5-1", "numbers", "54321"),
    Scheme("A-E", "letters", "ABCDE"),
    Scheme("E-A", "letters", "EDCBA"),
    Scheme("verbal", "verbal", ""),
)
"""`1-5` is what every other number of this package is read from; the labels of `5-1` run backwards over options that
stay in their places, which tells a liking for a label from a liking for a place."""


@dataclass(frozen=True)
class Question:
    """One question as it is asked.

    Attributes:
        item: its number.
        order: of the options.
        text: the user's turn, before any chat template.
        answers: the five answers, the one that means 1 on the item's own scale first; each in the spellings that
            count as it: a label in one, an option's words as they were listed and with a capital letter.
    """

    item: int
    order: Order
    text: str
    answers: tuple[tuple[str, ...], ...]


def missing(survey: Survey, scheme: Scheme) -> str:
    """Why a survey cannot be asked under a scheme; "" where it can."""
    if instruction(survey, scheme) is None:
        return f"the survey has no instruction_{scheme.kind}"
    if scheme.kind == "verbal":
        for name, labels in survey.scales.items():
            for one in labels:
                if longer := next((other for other in labels if other != one and _begins(other, one)), None):
                    return f"scale '{name}': '{longer}' begins with '{one}', so the two cannot be told apart"
    return ""


def instruction(survey: Survey, scheme: Scheme) -> str | None:
    """The survey's instruction for a scheme, None where it has none."""
    return {
        "numbers": survey.instruction,
        "letters": survey.instruction_letters,
        "verbal": survey.instruction_verbal,
    }[scheme.kind]


def questions(survey: Survey, scheme: Scheme, before: str = "") -> tuple[Question, ...]:
    """The held-out wordings under a scheme: 24 in forward option order, then the same 24 in reversed order.

    Args:
        survey: the questionnaire.
        scheme: one of `SCHEMES`.
        before: what stands before the instruction in every turn.

    Returns:
        48 questions; those of `1-5` have the texts of `survey_prompts`.

    Raises:
        ValueError: the survey cannot be asked so; see `missing`.
    """
    if reason := missing(survey, scheme):
        raise ValueError(f"scheme '{scheme.name}': {reason}")
    head = f"{before}{instruction(survey, scheme)}"
    rounds = zip(*(asked(item, "heldout") for item in survey.items), strict=True)
    return tuple(
        _question(scheme, head, item, survey.labels(item), wording, order)
        for one_round in rounds
        for item, (wording, order) in zip(survey.items, one_round, strict=True)
    )


def _question(scheme: Scheme, head: str, item: Item, options: Sequence[str], wording: str, order: Order) -> Question:
    """One question; in reversed order the labels stay in place and the options run backwards."""
    listed = options if order == "forward" else options[::-1]
    answers = tuple(_spellings(option) for option in listed)
    line = "; ".join(listed)
    if scheme.labels:
        answers = tuple((label,) for label in scheme.labels)
        line = "; ".join(f"{label} = {option}" for label, option in zip(scheme.labels, listed, strict=True))
    own = answers if order == "forward" else answers[::-1]
    return Question(item.id, order, f"{head}\n{line}\n{wording}", own)


def _spellings(option: str) -> tuple[str, ...]:
    """An option's words as listed, and with a capital letter."""
    return tuple(dict.fromkeys((option, option[0].upper() + option[1:])))


def _begins(option: str, other: str) -> bool:
    """Whether a spelling of an option begins with one of another's."""
    return any(one.startswith(two) for one in _spellings(option) for two in _spellings(other))
