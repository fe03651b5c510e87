"""What is wrong with a survey file, by row, item and field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from harness.errors import one_line
from harness.tasks.hofstede_vsm.toml_lines import Place, known_part, row_of


class Fault(ValueError):
    """What is wrong with a whole survey although each of its parts may be right.

    Attributes:
        place: keys and positions down to the field that is to be mended.
        value: what stands there.
    """

    def __init__(self, reason: str, place: Place, value: object) -> None:
        super().__init__(reason)
        self.place = tuple(place)
        self.value = value


def described(error: ValidationError, content: Mapping[str, Any], text: str) -> str:
    """Renders the problems as one line, each with its row in the file, the item's number and the field.

    Args:
        error: what the schema said of the content.
        content: the parsed file.
        text: the file; rows are counted in it.
    """
    problems = [_at_its_place(problem) for problem in error.errors()]
    return one_line(problems, place=lambda problem: _where(problem["loc"], content, text))


def _at_its_place(problem: Mapping[str, Any]) -> Mapping[str, Any]:
    found = problem.get("ctx", {}).get("error")
    return {**problem, "loc": found.place, "input": found.value} if isinstance(found, Fault) else problem


def _where(place: Place, content: Mapping[str, Any], text: str) -> str:
    known = known_part(content, place)
    row = row_of(text, known)
    parts = [] if row is None else [f"row {row}"]
    rest = list(place)
    if len(rest) > 1 and rest[0] == "items":
        parts.append(_item(content["items"], rest[1]))
        rest = rest[2:]
    return ", ".join([*parts, place_name(rest)] if rest else parts)


def place_name(place: Place) -> str:
    """Keys and positions as they are read out: "wordings.tuning 2"; positions count from 1."""
    return "".join(f" {part + 1}" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def not_toml(error: Exception) -> str:
    """Where a text cannot be parsed, ready to follow its name: ' row 7', or nothing where the error says no place."""
    found = re.search(r"\(at line (\d+), column \d+\)", str(error))
    return f" row {found[1]}" if found else ""


def _item(items: object, position: int | str) -> str:
    """The item by its number; by its position in the file where it has none of its own."""
    if not isinstance(position, int):
        return str(position)
    item = items[position] if isinstance(items, list) else None
    number = item.get("id") if isinstance(item, dict) else None
    return f"item {number}" if type(number) is int else f"item at position {position + 1}"
