"""What all instruments have in common: closed questions, and how people in some countries answered them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Metric = Literal["preference", "similarity", "distance"]
Order = Literal["forward", "reversed"]
FEWEST_OPTIONS: Final = 2
MOST_OPTIONS: Final = len(ascii_uppercase)
INSTRUCTION: Final = "Answer with the letter of one option."


@dataclass(frozen=True)
class Question:
    """One closed question.

    Attributes:
        id: where it stands in its file, such as "row 12" or "Q46".
        options: at least two texts, in the order of the file; on an ordinal scale from its lowest to its highest.
        human: (k,) shares of the people in a country who chose each option, summing to 1; by the file's own label.
        group: what it belongs to in its file: a domain, a source or a category.
        dimension: of Hofstede's six, in lower case; None for instruments that have none.
    """

    id: str
    text: str
    options: tuple[str, ...]
    human: Mapping[str, Floats]
    group: str
    dimension: str | None = None


@dataclass(frozen=True)
class Instrument:
    """A set of questions with the metric that its authors measure by.

    Attributes:
        left_out: what of the files was not read and why, a line each.
        digest: SHA-256 of the files' content, hexadecimal.
    """

    name: str
    metric: Metric
    questions: tuple[Question, ...]
    left_out: tuple[str, ...]
    digest: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The countries of which there are answers, sorted."""
        return tuple(sorted({label for question in self.questions for label in question.human}))


def letters(question: Question) -> list[str]:
    """The letters that the options are shown with, A first."""
    return list(ascii_uppercase[: len(question.options)])


def turn(question: Question, order: Order, before: str = "") -> str:
    """A user's turn: what stands before, question, options, instruction.

    In reversed order the letters stay in place and the options run backwards.
    """
    shown = question.options if order == "forward" else question.options[::-1]
    lines = [f"{letter}. {option}" for letter, option in zip(letters(question), shown, strict=True)]
    return "\n".join([f"{before}{question.text}", *lines, INSTRUCTION])


def answered_by(questions: Iterable[Question], labels: Sequence[str]) -> list[tuple[Question, Floats]]:
    """The questions that people of one of these labels answered, with the shares of the first label that did."""
    found = []
    for question in questions:
        label = next((label for label in labels if label in question.human), None)
        if label is not None:
            found.append((question, question.human[label]))
    return found
