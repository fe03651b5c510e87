"""The survey as a validated value: 24 items, five wordings each, and the answer options of their scales."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from harness.errors import InputError
from harness.inputs import SURVEY_BYTES, Brought, parse_toml, shown, with_newlines
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, ITEMS, WEIGHTS
from harness.tasks.hofstede_vsm.survey_faults import Fault, described, not_toml, place_name
from harness.tasks.hofstede_vsm.wordings import Placed, first_overlap, shared, words

BUNDLED: Final = Path(__file__).with_name("items.toml")


def _printable(text: str) -> str:
    if not text.replace("\n", "").isprintable():
        raise ValueError("expected printable text")
    return text


def _one_line(text: str) -> str:
    if "\n" in text:
        raise ValueError("expected text on one line")
    return text


def _in_words(text: str) -> str:
    if not words(text):
        raise ValueError("expected a sentence with words")
    return text


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(_printable)
]
Line = Annotated[Text, AfterValidator(_one_line)]
Question = Annotated[Text, AfterValidator(_in_words)]
Labels = tuple[Line, Line, Line, Line, Line]
Direction = Literal["standard", "reversed"]
WordingSplit = Literal["tuning", "validation", "heldout", "demonstration"]
"""What a wording is kept for; the first three are asked, the last is shown with its answer."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wordings(_Frozen):
    """Five different sentences that ask the same; each belongs to one split."""

    tuning: tuple[Question, Question]
    validation: Question
    heldout: Question
    demonstration: Question

    def all(self) -> tuple[str, ...]:
        """The five sentences, the two for tuning first."""
        return (*self.tuning, self.validation, self.heldout, self.demonstration)

    def of(self, split: WordingSplit) -> tuple[str, ...]:
        """The sentences of a split: two for tuning, else one."""
        found: str | tuple[str, str] = getattr(self, split)
        return (found,) if isinstance(found, str) else found


class Item(_Frozen):
    """One question of the survey, with its place in the index formulas."""

    id: int = Field(ge=1, le=ITEMS, strict=True)
    topic: Line
    scale: Line
    direction: Direction
    index: Literal["pdi", "idv", "mas", "uai", "lto", "ivr"]
    sign: Literal[-1, 1]
    wordings: Wordings


class Survey(_Frozen):
    """A complete questionnaire. `items` stand in the order of their numbers.

    `instruction_letters` and `instruction_verbal` ask for the same answer as a letter and in an option's own words;
    they serve the check of labels alone (`harness.tasks.hofstede_vsm.labels`), which goes without what is None.
    """

    name: Line
    version: Line
    instruction: Text
    instruction_letters: Text | None = None
    instruction_verbal: Text | None = None
    scales: dict[Line, Labels]
    items: tuple[Item, ...]

    @model_validator(mode="after")
    def _complete(self) -> Survey:
        ids = [item.id for item in self.items]
        if ids != list(range(1, ITEMS + 1)):
            raise _misplaced(ids)
        for scale, labels in self.scales.items():
            if len({label.casefold() for label in labels}) != len(labels):
                reason = f"scale '{scale}' repeats a label: expected five different ones"
                raise Fault(reason, ["scales", scale], labels)
        for place, item in enumerate(self.items):
            if item.scale not in self.scales:
                reason = f"item {item.id} has scale '{item.scale}': expected one of {', '.join(self.scales)}"
                raise Fault(reason, ["items", place, "scale"], item.scale)
            _check_formula(item, place)
        if (overlap := first_overlap(_placed(self.items))) is not None:
            (which, within), how = divmod(overlap[0], len(_PLACES)), overlap[1]
            value = self.items[which].wordings.all()[within]
            raise Fault(f"{how}: splits may not share a wording", ["items", which, "wordings", *_PLACES[within]], value)
        return self

    def split_wordings(self, split: WordingSplit) -> frozenset[str]:
        """The sentences of a split over all items. No two splits share one, nor does one stand inside another's."""
        return frozenset(wording for item in self.items for wording in item.wordings.of(split))

    def labels(self, item: Item) -> Labels:
        """The five option labels of an item, answer 1 first, with the direction of its scale applied."""
        labels = self.scales[item.scale]
        return labels if item.direction == "standard" else labels[::-1]

    @property
    def digest(self) -> str:
        """SHA-256 of the content, hexadecimal; names the survey in records.

        The instructions of the check of labels are left out: they decide no number of a record.
        """
        content = self.model_dump(mode="json", exclude={"instruction_letters", "instruction_verbal"})
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


_PLACES: Final[tuple[tuple[WordingSplit | int, ...], ...]] = (
    ("tuning", 0),
    ("tuning", 1),
    ("validation",),
    ("heldout",),
    ("demonstration",),
)
"""Where the sentences of `Wordings.all` stand: the split, and the position in it where it has two."""


def _placed(items: tuple[Item, ...]) -> list[Placed]:
    """Every wording with its place, five for each item."""
    return [
        Placed(f"item {item.id} {place_name(place)}", str(place[0]), wording)
        for item in items
        for place, wording in zip(_PLACES, item.wordings.all(), strict=True)
    ]


def _misplaced(ids: list[int]) -> Fault:
    """Says which items are missing, repeated or out of order, at the first one that should be another."""
    missing = ", ".join(map(str, sorted(set(range(1, ITEMS + 1)) - set(ids)))) or "none"
    twice = ", ".join(map(str, sorted({i for i in ids if ids.count(i) > 1}))) or "none"
    reason = f"items must be 1 to {ITEMS} in order, each once (missing: {missing}; twice: {twice})"
    if not ids:
        return Fault(reason, ["items"], [])
    first = next((place for place, number in enumerate(ids) if number != place + 1), len(ids) - 1)
    return Fault(reason, ["items", first, "id"], ids[first])


def _check_formula(item: Item, place: int) -> None:
    """Refuses an item whose index or sign is not that of the published formulas."""
    if WEIGHTS[DIMENSIONS.index(item.index), item.id - 1] * item.sign > 0:
        return
    row = int(abs(WEIGHTS[:, item.id - 1]).argmax())
    sign = 1 if WEIGHTS[row, item.id - 1] > 0 else -1
    field = "sign" if item.index == DIMENSIONS[row] else "index"
    reason = (
        f"item {item.id} says index '{item.index}' sign {item.sign}: the formula has '{DIMENSIONS[row]}' sign {sign}"
    )
    raise Fault(reason, ["items", place, field], getattr(item, field))


def shared_wordings(first: Survey, second: Survey) -> list[str]:
    """The wordings of one survey that another has too, in whichever splits, by the rule that holds inside a survey.

    Returns:
        One phrase for each wording of `second` that repeats, holds or is part of one of `first`, with both places:
        "item 4 heldout repeats the wording of item 2 tuning 1"; empty where the two share none.
    """
    return shared(_placed(first.items), _placed(second.items))


def load_survey(path: Path | None = None) -> Survey:
    """Reads a survey file in TOML, the bundled one by default.

    Raises:
        InputError: the file is missing, too large, no TOML, or no complete survey; the message names the place.
    """
    source = BUNDLED if path is None else path
    fix = "give a TOML file like items.toml under 'harness path tasks'"
    file = Brought(source, f"survey {shown(source)}", SURVEY_BYTES, "expected the schema of items.toml", fix)
    text = with_newlines(file.text())
    try:
        content = parse_toml(text)
    except ValueError as error:
        raise InputError(f"survey '{source}'{not_toml(error)} is not TOML ({error}): mend that place") from error
    try:
        return Survey.model_validate(content)
    except ValidationError as error:
        raise InputError(f"survey '{source}' {described(error, content, text)}") from error
