"""The texts a respondent reads: one per item, wording and option order, with shared beginnings.

Order inside a text: who answers, demonstrations, instruction, options, and the question last (decision 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from harness.tasks.hofstede_vsm.survey import Item, Survey

Order = Literal["forward", "reversed"]
Split = Literal["tuning", "validation", "heldout"]
SPLITS: Final[tuple[Split, ...]] = ("tuning", "validation", "heldout")


@dataclass(frozen=True)
class Demonstration:
    """A question already answered: the item, and the integer answer 1 to 5 on its scale."""

    item: Item
    answer: int


@dataclass(frozen=True)
class Prompt:
    """One question as it is asked. `text` is the user's turn, before any chat template."""

    item: int
    order: Order
    text: str


def options_line(labels: Sequence[str], order: Order) -> str:
    """The numbered options. In reversed order the numbers stay in place and the labels run backwards."""
    shown = labels if order == "forward" else labels[::-1]
    return "; ".join(f"{number} = {label}" for number, label in enumerate(shown, start=1))


def persona_line(name: str) -> str:
    """The sentence that asks to answer as a person from a region."""
    return f"Answer as a typical person from {name} would."


def preamble(survey: Survey, persona: str | None, demonstrations: Sequence[Demonstration] = ()) -> str:
    """What stands before the instruction: persona sentence and solved demonstrations; "" for the naive prompt."""
    parts = [] if persona is None else [persona_line(persona)]
    for shown in demonstrations:
        label = survey.labels(shown.item)[shown.answer - 1]
        parts.append(f"{shown.item.wordings.demonstration} Answer: {label}.")
    return "\n".join(parts) + "\n" if parts else ""


def question_text(survey: Survey, item: Item, wording: str, order: Order, before: str = "") -> str:
    """One user's turn: what stands before, instruction, options, question."""
    return f"{before}{survey.instruction}\n{options_line(survey.labels(item), order)}\n{wording}"


def asked(item: Item, split: Split, wordings: int = 2) -> tuple[tuple[str, Order], ...]:
    """The wordings of an item in a split, each with the option order it is asked in.

    The tuning split asks both of its wordings, one in each order, or with `wordings` 1 the first in both.
    """
    if split == "tuning":
        first, second = item.wordings.tuning
        return (first, "forward"), (second if wordings == 2 else first, "reversed")
    wording = item.wordings.validation if split == "validation" else item.wordings.heldout
    return (wording, "forward"), (wording, "reversed")


def survey_prompts(
    survey: Survey,
    split: Split,
    persona: str | None = None,
    demonstrations: Sequence[Demonstration] = (),
    wordings: int = 2,
) -> tuple[Prompt, ...]:
    """All prompts of a split: 24 in forward option order, then the same 24 items in reversed order.

    Args:
        survey: the questionnaire.
        split: which wordings are asked.
        persona: a region's name, or None for the naive prompt, which names no region.
        demonstrations: solved questions shown first.
        wordings: how many the tuning split asks, 1 or 2.

    Returns:
        48 prompts.
    """
    before = preamble(survey, persona, demonstrations)
    rounds = zip(*(asked(item, split, wordings) for item in survey.items), strict=True)
    return tuple(
        Prompt(item.id, order, question_text(survey, item, wording, order, before))
        for one_round in rounds
        for item, (wording, order) in zip(survey.items, one_round, strict=True)
    )


def reversed_order(prompts: Sequence[Prompt]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(N,) True where a prompt lists the options in reversed order."""
    return np.array([prompt.order == "reversed" for prompt in prompts])
