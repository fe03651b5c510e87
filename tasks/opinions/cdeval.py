"""CDEval: two-option questions on Hofstede's six dimensions in seven domains; no people answered them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from harness.errors import InputError
from harness.tasks.opinions.objects import rows
from harness.tasks.opinions.question import Instrument, Question
from harness.tasks.opinions.tables import Source, each, read_text, validated

NAME: Final = "cdeval"
COLUMNS: Final = ("Domain", "Dimension", "Question", "Option 1", "Option 2")
ORIENTATIONS: Final = {
    "pdi": "high power distance",
    "idv": "individualism",
    "mas": "masculinity",
    "uai": "high uncertainty avoidance",
    "lto": "long-term orientation",
    "ivr": "indulgence",
}
"""What the first option stands for, per dimension: the side that a high index is on.

Source: the card of the published dataset, which lists the meaning of the first option per dimension.
"""


def _dimension(cell: str) -> str:
    if cell.lower() not in ORIENTATIONS:
        raise ValueError(f"expected one of {', '.join(name.upper() for name in ORIENTATIONS)}, got '{cell[:40]}'")
    return cell.lower()


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    domain: _Text = Field(alias="Domain")
    dimension: Annotated[_Text, AfterValidator(_dimension)] = Field(alias="Dimension")
    question: _Text = Field(alias="Question")
    first: _Text = Field(alias="Option 1")
    second: _Text = Field(alias="Option 2")


def read_cdeval(path: Path, skip_bad: bool = False) -> Instrument:
    """Reads CDEval: fields Domain, Dimension, Question, Option 1, Option 2.

    Args:
        path: JSON (a list of objects, or one on each line), TSV by its name, or CSV.
        skip_bad: leave rows out that are wrong, and say so, instead of ending with the first.

    Returns:
        Its questions; the metric is the probability of the first option. The authors report the mean likelihood of that
        option per dimension and domain, from sampled answers; here the model's probability stands in place of a count,
        and both option orders in place of templates.

    Raises:
        InputError: the file or a row is wrong; the message names file, row and field.

    Source: Wang et al. (2024), arXiv 2311.16421, and the README of the repository astrodrew/CDEval; fields as programs
    of third parties name them. How the paper words and counts its templates could not be read.
    """
    source = Source(NAME, path)
    text, digest = read_text(source)
    left_out: list[str] = []

    def parse(number: int, row: dict[str, str]) -> Question:
        one = validated(source, number, _Row, row)
        if one.first.casefold() == one.second.casefold():
            raise source.error(number, "Option 2", "expected another text than Option 1")
        return Question(f"row {number}", one.question, (one.first, one.second), {}, one.domain, one.dimension)

    questions = tuple(each(rows(source, text, COLUMNS), parse, skip_bad, left_out))
    if not questions:
        raise InputError(f"{NAME} file '{path}' has no question: expected a row for each")
    return Instrument(NAME, "preference", questions, tuple(left_out), digest)
