"""Reading JSON of others: a list of objects, or one object on each line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.inputs import CELL_CHARACTERS, OPINIONS_ROWS, parse_json
from harness.tasks.opinions.tables import Source, cells

JSON = (".json", ".jsonl")


def rows(source: Source, text: str, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file by field: JSON by its name, else a table (`tables.cells`).

    Args:
        source: the file.
        text: its content.
        needed: fields that must be in every row.

    Yields:
        The row's number, from 1 for the first object, and those of its fields that are needed.

    Raises:
        InputError: the file is no JSON, or a field is missing, no text or too long.
    """
    if source.path.suffix.lower() not in JSON:
        yield from cells(source, text, needed)
        return
    for number, value in enumerate(_objects(source, text), start=1):
        if number > OPINIONS_ROWS:
            raise source.error(number, "", f"expected at most {OPINIONS_ROWS} objects; give a part of the file")
        if not isinstance(value, dict):
            raise source.error(number, "", f"expected an object, got {str(value)[:40]!r}")
        found = {}
        for field in needed:
            cell = value.get(field)
            if not isinstance(cell, str):
                raise source.error(number, field, "expected a text" + (f", got {str(cell)[:40]}" if cell else ""))
            if len(cell) > CELL_CHARACTERS:
                raise source.error(number, field, f"expected at most {CELL_CHARACTERS} characters, got {len(cell)}")
            found[field] = cell
        yield number, found


def each_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys are all different, for `json.loads`.

    Raises:
        ValueError: a key stands twice.
    """
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"'{key[:40]}' stands in it twice")
        found[key] = value
    return found


def _objects(source: Source, text: str) -> Iterator[object]:
    if text.lstrip()[:1] == "[":
        value = _loaded(source, None, text)
        yield from value if isinstance(value, list) else ()
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _loaded(source, number, line)


def _loaded(source: Source, number: int | None, text: str) -> object:
    try:
        value: object = parse_json(text, each_once)
    except ValueError as error:
        raise source.error(number, "", f"no JSON that names each field once ({error})") from error
    return value
