"""Where two JSON values differ, in words for a message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def first_difference(known: Any, wanted: Any, place: str = "") -> str:
    """The first place where two JSON values differ, as in "entrants.0.settings.budget is 300 there, 200 here".

    Args:
        known: what is there.
        wanted: what should be.
        place: where both stand.
    """
    return next(differences(known, wanted, place), _described(known, wanted, place))


def differences(known: Any, wanted: Any, place: str = "") -> Iterator[str]:
    """Every place where two JSON values differ; see `first_difference`. Titles may."""
    if isinstance(known, Mapping) and isinstance(wanted, Mapping):
        for key in dict.fromkeys((*known, *wanted)):
            if key != "title":
                yield from differences(known.get(key), wanted.get(key), f"{place}.{key}".lstrip("."))
    elif _is_list(known) and _is_list(wanted) and len(known) == len(wanted):
        for number, (one, other) in enumerate(zip(known, wanted, strict=True)):
            yield from differences(one, other, f"{place}.{number}".lstrip("."))
    elif known != wanted:
        yield _described(known, wanted, place)


def _described(known: Any, wanted: Any, place: str) -> str:
    return f"{place or 'it'} is {_short(known)} there, {_short(wanted)} here"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else text[:57] + "..."
