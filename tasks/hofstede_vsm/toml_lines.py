"""Where in a TOML text a value stands. The parser keeps no positions, so it is asked about beginnings of the text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Place = Sequence[str | int]
MOST_PARSES: Final = 200
MOST_CHARACTERS: Final = 200_000
"""A text with so many lines inside one value, or one so long, gets no answer rather than a slow one."""


def row_of(text: str, place: Place) -> int | None:
    """The row on which the statement begins that first names a value, counted from 1.

    A beginning of a valid text that ends with a statement is valid itself, and one that ends inside a statement is not.
    So the shortest beginning in which the parser finds the place ends with the statement that was looked for.

    Args:
        text: valid TOML.
        place: keys of tables and positions in arrays, from the top.

    Returns:
        None if there is nothing at this place, or finding it would take too long.
    """
    if not place or len(text) > MOST_CHARACTERS or not _holds(tomllib.loads(text), place):
        return None
    lines = text.split("\n")
    without, within = 0, len(lines)
    parses = 0
    while within - without > 1:
        for count in _outwards(without, within):
            parses += 1
            if parses > MOST_PARSES:
                return None
            content = _parsed(lines[:count])
            if content is None:
                continue
            if _holds(content, place):
                within = count
            else:
                without = count
            break
        else:
            break
    return without + 1


def known_part(content: Any, place: Place) -> Place:
    """The longest beginning of a place that the content has: the table in which a missing key was expected."""
    length = len(place)
    while length and not _holds(content, place[:length]):
        length -= 1
    return place[:length]


def _outwards(low: int, high: int) -> Iterator[int]:
    """The numbers strictly between two, the middle first."""
    middle = (low + high) // 2
    yield from range(middle, high)
    yield from range(middle - 1, low, -1)


def _parsed(lines: Sequence[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines) + "\n")
    except ValueError:
        return None


def _holds(content: Any, place: Place) -> bool:
    for part in place:
        table = isinstance(content, dict) and part in content
        if not table and not (isinstance(content, list) and isinstance(part, int) and part < len(content)):
            return False
        content = content[part]
    return True
