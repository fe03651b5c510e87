"""Cells that hold Python literals, read without executing anything."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Final

_DEFAULTDICT: Final = re.compile(r"defaultdict\(<class 'list'>,\s*(\{.*\})\s*\)", re.DOTALL)
_SHOWN: Final = 40
_LARGE: Final = 1e9


def literal(cell: str) -> object:
    """The value of a cell that holds texts, numbers, lists and dicts of them.

    A dict may also stand in the words that Python prints a defaultdict of lists with.

    Raises:
        ValueError: it holds anything else, or a dict names a key twice.
    """
    text = cell.strip()
    match = _DEFAULTDICT.fullmatch(text)
    try:
        with warnings.catch_warnings():
            # What the parser warns of, such as an unknown escape, no literal that was printed has.
            warnings.simplefilter("error")
            tree = ast.parse(match.group(1) if match else text, mode="eval")
            value: object = ast.literal_eval(tree)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"expected a literal list or dict and nothing else, got {cell[:_SHOWN]!r}") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            _check_keys(node)
    return value


def _check_keys(node: ast.Dict) -> None:
    seen = set()
    for key in node.keys:
        if isinstance(key, ast.Constant):
            if key.value in seen:
                raise ValueError(f"{str(key.value)[:_SHOWN]!r} stands in it twice")
            seen.add(key.value)


def texts(cell: str) -> tuple[str, ...]:
    """A literal list of texts or numbers, as texts without spaces around.

    Raises:
        ValueError: it is something else, or an entry is empty.
    """
    value = literal(cell)
    if not isinstance(value, list):
        raise ValueError(f"expected a list, got {cell[:_SHOWN]!r}")
    found = []
    for entry in value:
        if not isinstance(entry, str | int | float) or isinstance(entry, bool) or not str(entry).strip():
            raise ValueError(f"expected a list of texts, got {entry!r} in it")
        found.append(str(entry).strip())
    return tuple(found)


def shares(cell: str) -> dict[str, tuple[float, ...]]:
    """A literal dict of lists of numbers.

    Raises:
        ValueError: it is something else, or empty.
    """
    value = literal(cell)
    if not isinstance(value, dict) or not value:
        raise ValueError(f"expected a dict of lists, got {cell[:_SHOWN]!r}")
    for key, row in value.items():
        if not isinstance(key, str) or not key.strip():
            raise ValueError(f"expected the name of a country, got {key!r}")
        if not isinstance(row, list) or not all(type(entry) in (int, float) and abs(entry) < _LARGE for entry in row):
            raise ValueError(f"{key[:_SHOWN]!r}: expected a list of finite numbers")
    return {key: tuple(float(entry) for entry in row) for key, row in value.items()}
