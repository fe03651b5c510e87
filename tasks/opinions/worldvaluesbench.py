"""WorldValuesBench: ordinal questions of a survey's seventh wave with the answers of single participants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from harness.errors import one_line
from harness.inputs import parse_json
from harness.tasks.opinions.objects import each_once
from harness.tasks.opinions.question import FEWEST_OPTIONS, MOST_OPTIONS, Instrument, Question
from harness.tasks.opinions.tables import Source, cells, columns, each, read_text

NAME: Final = "worldvaluesbench"
INTERVIEW: Final = "D_INTERVIEW"
COUNTRY: Final = "B_COUNTRY"
VALUES, DEMOGRAPHICS = "_value_qa.tsv", "_demographic_qa.tsv"
METADATA: Final = "question_metadata.json"
_NONE: Final = -1
Integers = NDArray[np.int64]


class _Meta(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str
    category: str
    use_case: str
    answer_scale_min: int | str
    answer_scale_max: int | str
    answer_data_type: str

    @property
    def scale(self) -> tuple[int, int] | None:
        """Lowest and highest answer; None for what is no ordinal question on values."""
        low, high = self.answer_scale_min, self.answer_scale_max
        ordinal = self.use_case == "value" and self.answer_data_type == "ordinal"
        return (low, high) if ordinal and isinstance(low, int) and isinstance(high, int) else None


def usual_metadata(values: Path) -> Path:
    """Where the benchmark's own program writes the metadata: in the folder above that of the answers."""
    return values.resolve().parent.parent / METADATA


def usual_demographics(values: Path) -> Path:
    """Where the benchmark's own program writes the participants: beside their answers."""
    return values.with_name(values.name.removesuffix(VALUES) + DEMOGRAPHICS)


def read_worldvaluesbench(
    path: Path, metadata: Path | None = None, demographics: Path | None = None, skip_bad: bool = False
) -> Instrument:
    """Reads WorldValuesBench as its own program writes it from the survey's data.

    Args:
        path: answers, such as full_value_qa.tsv: D_INTERVIEW and a column for each question; empty is no answer.
        metadata: question_metadata.json: text and scale of each question; where the program writes it by default.
        demographics: such as full_demographic_qa.tsv: D_INTERVIEW and B_COUNTRY, the country's name; the same.
        skip_bad: leave participants out whose answers are wrong, and say so, instead of ending with the first.

    Returns:
        Its ordinal questions with the shares of each answer among the participants of a country who gave one; the
        metric is the Wasserstein-1 distance on the scale from 0 to 1.

    Raises:
        InputError: a file or a row is wrong; the message names file, row and field.

    Source: Zhao et al. (2024), arXiv 2404.16308; README, dataset_construction/data_preparation.py and
    evaluation/evaluate.py of the repository Demon702/WorldValuesBench.
    """
    digests, left_out = list[str](), list[str]()
    questions = _questions(Source(NAME, metadata or usual_metadata(path)), digests)
    countries = _countries(Source(NAME, demographics or usual_demographics(path)), digests)
    source = Source(NAME, path)
    text, digest = read_text(source)
    header = columns(source, text)
    asked = {name: meta for name, meta in questions.items() if name in header}
    if missing := len(questions) - len(asked):
        left_out.append(f"{missing} of {len(questions)} ordinal questions of the metadata: no column of theirs")
    if not asked:
        raise source.error(1, "", f"expected a column for a question of the metadata, such as {next(iter(questions))}")
    rows = cells(source, text, [INTERVIEW, *asked])
    counts = _counted(source, rows, asked, countries, skip_bad, left_out)
    digest = hashlib.sha256("".join([digest, *digests]).encode()).hexdigest()
    built = tuple(_question(name, meta, place, counts) for place, (name, meta) in enumerate(asked.items()))
    return Instrument(NAME, "distance", built, tuple(left_out), digest)


def _questions(source: Source, digests: list[str]) -> dict[str, _Meta]:
    """The ordinal questions on values, in the order of the metadata."""
    text, digest = read_text(source)
    digests.append(digest)
    try:
        content = parse_json(text, each_once)
        table = TypeAdapter(dict[str, _Meta]).validate_python(content)
    except ValidationError as error:
        raise source.error(None, "", one_line(error.errors())) from error
    except ValueError as error:
        raise source.error(None, "", f"is no JSON that names each question once ({error})") from error
    chosen = {name: meta for name, meta in table.items() if meta.scale}
    for name, meta in chosen.items():
        low, high = meta.scale or (0, 0)
        if not FEWEST_OPTIONS <= high - low + 1 <= MOST_OPTIONS:
            reason = f"expected a scale of {FEWEST_OPTIONS} to {MOST_OPTIONS} answers, got {low} to {high}"
            raise source.error(None, f"{name}.answer_scale_max", reason)
    if not chosen:
        raise source.error(None, "", "has no ordinal question on values: expected question_metadata.json")
    return chosen


def _countries(source: Source, digests: list[str]) -> dict[str, str]:
    """The country of each interview."""
    text, digest = read_text(source)
    digests.append(digest)
    found: dict[str, str] = {}
    for number, row in cells(source, text, [INTERVIEW, COUNTRY]):
        interview, country = row[INTERVIEW].strip(), row[COUNTRY].strip()
        if not interview or interview in found:
            raise source.error(number, INTERVIEW, f"expected an interview named once, got '{interview[:40]}'")
        if not country:
            raise source.error(number, COUNTRY, "expected the name of a country, got nothing")
        found[interview] = country
    return found


def _counted(
    source: Source,
    rows: Iterator[tuple[int, dict[str, str]]],
    asked: dict[str, _Meta],
    countries: dict[str, str],
    skip_bad: bool,
    left_out: list[str],
) -> dict[str, Integers]:
    """Per country (Q, A): how many gave each answer to each question."""
    lowest = np.array([meta.scale[0] for meta in asked.values() if meta.scale])
    sizes = np.array([meta.scale[1] - meta.scale[0] + 1 for meta in asked.values() if meta.scale])
    names, seen = list(asked), set[str]()

    def parse(number: int, row: dict[str, str]) -> tuple[str, Integers]:
        interview = row[INTERVIEW].strip()
        if interview in seen:
            raise source.error(number, INTERVIEW, f"'{interview[:40]}' has answers in an earlier row")
        if interview not in countries:
            raise source.error(number, INTERVIEW, f"'{interview[:40]}' is no interview of the demographics file")
        seen.add(interview)
        numbers = np.array([_answer(source, number, name, row[name]) for name in names])
        places = np.where(numbers == _NONE, _NONE, numbers - lowest)
        wrong = (numbers != _NONE) & ((places < 0) | (places >= sizes))
        if wrong.any():
            at = int(wrong.argmax())
            scale = f"{lowest[at]} to {lowest[at] + sizes[at] - 1}"
            raise source.error(number, names[at], f"expected {scale} or nothing, got {numbers[at]}")
        return countries[interview], places

    found: dict[str, Integers] = {}
    for country, places in each(rows, parse, skip_bad, left_out):
        table = found.setdefault(country, np.zeros((len(names), sizes.max()), dtype=np.int64))
        given = np.flatnonzero(places != _NONE)
        table[given, places[given]] += 1
    if not found:
        raise source.error(None, "", "has no participant: expected a row for each")
    return found


def _answer(source: Source, number: int, name: str, cell: str) -> int:
    """The answer in a cell; -1 for none, which no scale holds."""
    text = cell.removesuffix(".0")
    if not text:
        return _NONE
    if not (text.isdecimal() and len(text) < 10):
        raise source.error(number, name, f"expected a whole number or nothing, got '{cell[:40]}'")
    return int(text)


def _question(name: str, meta: _Meta, place: int, counts: dict[str, Integers]) -> Question:
    low, high = meta.scale or (0, 0)
    options = tuple(str(answer) for answer in range(low, high + 1))
    given = {country: table[place, : len(options)] for country, table in counts.items()}
    human = {country: row / row.sum() for country, row in given.items() if row.sum()}
    return Question(name, meta.question, options, human, meta.category)
