"""The schema of the check of generated text: what a model writes against the first token of its answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records.asked import AskedCheck


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextAnswer(_Frozen):
    """One prompt answered in writing. Answers are on the item's own scale, 1 to 5.

    Attributes:
        item: its number.
        order: of the options, forward or reversed.
        text: what the model wrote, without special tokens.
        ended: whether the model ended it; False where it was cut at the highest number of tokens.
        kind: parsed, refused or unparsed.
        answer: what the text says, None where it says none.
        first_token: the most probable of the five options as the first token.
        expected: the expected answer from the same probabilities.
    """

    item: int
    order: str
    text: str
    ended: bool
    kind: Literal["parsed", "refused", "unparsed"]
    answer: int | None
    first_token: int
    expected: float


class Reader(_Frozen):
    """Indices from one way of reading answers.

    Attributes:
        indices: index points by dimension; None where answers are missing, for a partial survey has no indices.
        mae: mean absolute error against the region's scores, index points; None without indices or region.
    """

    indices: dict[str, float] | None
    mae: float | None


class Agreement(_Frozen):
    """How the parsed texts compare with the first token.

    Attributes:
        same: texts that give the first token's answer.
        rate: their share of the parsed texts; None where none was parsed.
        low: lower end of its 95 % interval by Wilson; None where none was parsed.
        high: upper end.
        kappa: Cohen's, unweighted; None where none was parsed, or both give the same answer throughout.
        mean_difference: mean absolute difference of text and first token, points of the answer scale.
        mean_difference_expected: the same for text and expected answer.
    """

    same: int
    rate: float | None
    low: float | None
    high: float | None
    kappa: float | None
    mean_difference: float | None
    mean_difference_expected: float | None


class TextAgreement(AskedCheck):
    """A model's written answers beside the first tokens that every other number is read from.

    Attributes:
        max_new_tokens: of a written answer.
        prompts: how many were asked.
        parsed: texts that name exactly one option.
        refused: texts that decline.
        unparsed: all others.
        cut: texts that the model did not end.
        option_mass: probability of the five options as the first token, mean over the prompts.
        text: indices from the texts, if all were parsed.
        first_token: indices from the most probable first tokens.
        expected: indices from the expected answers, which is how methods are scored.
        answers: one for each prompt, forward option order first.
    """

    check: Literal["text-agreement"] = "text-agreement"
    max_new_tokens: int
    prompts: int
    parsed: int
    refused: int
    unparsed: int
    cut: int
    option_mass: float
    agreement: Agreement
    text: Reader
    first_token: Reader
    expected: Reader
    answers: tuple[TextAnswer, ...]
