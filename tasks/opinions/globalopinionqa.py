"""GlobalOpinionQA: questions of two international surveys with the answers of people per country."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationInfo, field_validator

from harness.errors import InputError
from harness.tasks.opinions.literals import shares, texts
from harness.tasks.opinions.question import FEWEST_OPTIONS, MOST_OPTIONS, Instrument, Question
from harness.tasks.opinions.tables import Source, cells, each, read_text, validated

NAME: Final = "globalopinionqa"
COLUMNS: Final = ("question", "selections", "options", "source")
TOLERANCE: Final = 0.01
"""How far the shares of a country may be from summing to 1, for rounding; they are divided by their sum."""

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    question: _Text
    source: _Text
    options: Annotated[tuple[str, ...], BeforeValidator(texts)]
    selections: Annotated[dict[str, tuple[float, ...]], BeforeValidator(shares)]

    @field_validator("options")
    @classmethod
    def _enough(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        if len(options) < FEWEST_OPTIONS:
            raise ValueError(f"expected at least {FEWEST_OPTIONS} options, got {len(options)}")
        return options

    @field_validator("selections")
    @classmethod
    def _distributions(
        cls, selections: dict[str, tuple[float, ...]], info: ValidationInfo
    ) -> dict[str, tuple[float, ...]]:
        count = len(info.data.get("options", ()))
        for country, row in selections.items():
            if count and len(row) != count:
                raise ValueError(f"'{country[:40]}' has {len(row)} shares, expected one for each of {count} options")
            if not all(0 <= share <= 1 for share in row) or abs(sum(row) - 1) > TOLERANCE:
                raise ValueError(
                    f"'{country[:40]}': expected shares from 0 to 1 that sum to 1, got {str(list(row))[:60]} with "
                    f"the sum {sum(row):.4g}"
                )
        return selections


def read_globalopinionqa(path: Path, skip_bad: bool = False) -> Instrument:
    """Reads GlobalOpinionQA: columns question, selections, options, source.

    `selections` holds a dict from country to the share of each option, as Python prints a defaultdict; `options` a list
    of texts. Both are read as literals; nothing is executed. A row without a question, of which the published file is
    said to have one, is left out and told, and so is one with more options than there are letters.

    Args:
        path: CSV, or TSV by its name.
        skip_bad: leave rows out that are wrong, and say so, instead of ending with the first.

    Returns:
        Its questions; the metric is 1 - Jensen-Shannon distance. Options such as a refusal to answer stay options, as
        they are in the file.

    Raises:
        InputError: the file or a row is wrong; the message names file, row and field.

    Source: Durmus et al. (2023), arXiv 2306.16388, and the dataset's card for the columns. The card calls the shares
    percentages; rows that third parties print, and what they say of all of them, are shares that sum to 1.
    """
    source = Source(NAME, path)
    text, digest = read_text(source)
    left_out: list[str] = []

    def asked() -> Iterator[tuple[int, dict[str, str]]]:
        for number, row in cells(source, text, COLUMNS):
            if row["question"].strip():
                yield number, row
            else:
                left_out.append(f"row {number}: no question")

    def parse(number: int, row: dict[str, str]) -> Question:
        one = validated(source, number, _Row, row)
        human = {country: np.array(row) / sum(row) for country, row in one.selections.items()}
        return Question(f"row {number}", one.question, one.options, human, one.source)

    read = list(each(asked(), parse, skip_bad, left_out))
    long = [question for question in read if len(question.options) > MOST_OPTIONS]
    left_out += [f"{question.id}: {len(question.options)} options, more than letters" for question in long]
    questions = tuple(question for question in read if question not in long)
    if not questions:
        raise InputError(f"{NAME} file '{path}' has no question: expected a row for each")
    return Instrument(NAME, "similarity", questions, tuple(left_out), digest)
