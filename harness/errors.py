"""Errors that the user can mend, apart from our own bugs.

The command line prints these as one line and exits with 2; anything else is a bug and keeps its traceback.

    HarnessError
    +-- UsageError      a flag, name or parameter value
    +-- InputError      a file the user brought: survey, targets, adapter, record
    +-- ModelError      a model that cannot be loaded or cannot answer a survey
    +-- RunError        a run directory that cannot be written or read
        +-- ResumeError a run that cannot be gone on with as it is
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_CHOICES_SHOWN = 8


class HarnessError(Exception):
    """Base of everything the user can mend. The message holds the value, what was expected and the fix, on one line."""

    def __init__(self, message: str) -> None:
        # What is quoted may have lines of its own.
        super().__init__(" ".join(message.split()))


class UsageError(HarnessError):
    """A flag, a name or a parameter value is not one that exists."""


class InputError(HarnessError):
    """A file that the user brought does not say what it should; the message names file and place."""


class ModelError(HarnessError):
    """A model cannot be loaded, or is not able to answer a survey."""


class RunError(HarnessError):
    """A run directory cannot be written, read or continued."""


class ResumeError(RunError):
    """A run cannot be gone on with: it is damaged, at work elsewhere, or was begun with something else."""


def closest_first(value: str, choices: Iterable[str]) -> list[str]:
    """Returns the choices ordered by similarity to `value`, the closest first, case ignored."""
    return sorted(
        choices,
        key=lambda choice: -difflib.SequenceMatcher(None, value.lower(), choice.lower()).ratio(),
    )


def unknown_choice(kind: str, value: str, choices: Iterable[str], fix: str) -> UsageError:
    """Builds the error for a name that is not in a list.

    Args:
        kind: what the name stands for, for example "region".
        value: what the user gave.
        choices: every name that would have worked; at most eight are shown, the closest first.
        fix: what to do, for example "see 'harness ls regions'".
    """
    ordered = closest_first(value, choices)
    shown = ", ".join(ordered[:_CHOICES_SHOWN])
    rest = len(ordered) - _CHOICES_SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return UsageError(f"unknown {kind} '{value}': expected one of {shown}{more}; {fix}")


def _dotted(problem: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in problem["loc"]) or "the whole"


def one_line(
    problems: Sequence[Mapping[str, Any]], most: int = 3, place: Callable[[Mapping[str, Any]], str] = _dotted
) -> str:
    """Renders the problems of a pydantic `ValidationError` (its `errors()`) as one line: place, reason, value.

    Args:
        problems: what `ValidationError.errors()` returns, not empty.
        most: how many problems are spelt out; the rest is counted.
        place: names where a problem stands; by default its keys and positions, joined by points.
    """
    shown = []
    for problem in problems[:most]:
        shown.append(f"{place(problem)}: {problem['msg'].removeprefix('Value error, ')}{_got(problem.get('input'))}")
    rest = len(problems) - most
    return "; ".join(shown) + (f"; and {rest} more" if rest > 0 else "")


def _got(value: object) -> str:
    """The value, cut; nothing for a whole table, whose place says enough."""
    if isinstance(value, (Mapping, list, tuple)):
        return ""
    text = repr(value)
    return f" (got {text if len(text) <= 60 else text[:57] + '...'})"
