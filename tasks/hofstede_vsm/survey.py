"""The survey as a validated value: 24 items, five wordings each, and the answer options of their scales."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from harness.errors import InputError, one_line
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, ITEMS, WEIGHTS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BUNDLED: Final = Path(__file__).with_name("items.toml")
MOST_BYTES: Final = 1_000_000


def _printable(text: str) -> str:
    if not text.replace("\n", "").isprintable():
        raise ValueError("expected printable text")
    return text


def _one_line(text: str) -> str:
    if "\n" in text:
        raise ValueError("expected text on one line")
    return text


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(_printable)
]
Line = Annotated[Text, AfterValidator(_one_line)]
Labels = tuple[Line, Line, Line, Line, Line]
Direction = Literal["standard", "reversed"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wordings(_Frozen):
    """Five different sentences that ask the same; each belongs to one split."""

    tuning: tuple[Text, Text]
    validation: Text
    heldout: Text
    demonstration: Text

    def all(self) -> tuple[str, ...]:
        """The five sentences, the two for tuning first."""
        return (*self.tuning, self.validation, self.heldout, self.demonstration)


class Item(_Frozen):
    """One question of the survey, with its place in the index formulas."""

    id: int = Field(ge=1, le=ITEMS, strict=True)
    topic: Line
    scale: Line
    direction: Direction
    index: Literal["pdi", "idv", "mas", "uai", "lto", "ivr"]
    sign: Literal[-1, 1]
    wordings: Wordings

    @model_validator(mode="after")
    def _matches_formula(self) -> Item:
        weight = WEIGHTS[DIMENSIONS.index(self.index), self.id - 1]
        if weight * self.sign <= 0:
            row = int(abs(WEIGHTS[:, self.id - 1]).argmax())
            sign = 1 if WEIGHTS[row, self.id - 1] > 0 else -1
            raise ValueError(
                f"item {self.id} says index '{self.index}' sign {self.sign}: "
                f"the formula has '{DIMENSIONS[row]}' sign {sign}"
            )
        return self


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
            missing = sorted(set(range(1, ITEMS + 1)) - set(ids))
            twice = sorted({i for i in ids if ids.count(i) > 1})
            raise ValueError(
                f"items must be 1 to {ITEMS} in order, each once (missing: {missing or 'none'}, "
                f"twice: {twice or 'none'})"
            )
        for scale, labels in self.scales.items():
            if len({label.casefold() for label in labels}) != len(labels):
                raise ValueError(f"scale '{scale}' repeats a label: expected five different ones")
        owner: dict[str, str] = {}
        for item in self.items:
            if item.scale not in self.scales:
                raise ValueError(f"item {item.id} has scale '{item.scale}': expected one of {', '.join(self.scales)}")
            for place, wording in zip(_PLACES, item.wordings.all(), strict=True):
                here = f"item {item.id} {place}"
                if (before := owner.setdefault(" ".join(wording.casefold().split()), here)) != here:
                    raise ValueError(f"{here} repeats the wording of {before}: splits may not share a wording")
        return self

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


_PLACES: Final = ("tuning 1", "tuning 2", "validation", "heldout", "demonstration")


def load_survey(path: Path | None = None) -> Survey:
    """Reads a survey file in TOML, the bundled one by default.

    Raises:
        InputError: the file is missing, too large, no TOML, or no complete survey; the message names the place.
    """
    source = BUNDLED if path is None else path
    try:
        if source.stat().st_size > MOST_BYTES:
            raise InputError(f"survey '{source}' is over {MOST_BYTES} bytes: expected the schema of items.toml")
        content = tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"survey '{source}' cannot be read ({error.strerror or error}): give a TOML file like items.toml under "
            "'harness path tasks'"
        ) from error
    except (ValueError, RecursionError) as error:
        # The parser also lets through errors of the text's encoding, of endless numbers and of nesting.
        raise InputError(f"survey '{source}' is not TOML ({error}): mend that place") from error
    try:
        return Survey.model_validate(content)
    except ValidationError as error:
        raise InputError(f"survey '{source}': {one_line(error.errors())}") from error
