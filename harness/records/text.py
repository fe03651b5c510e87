"""What names in records may be: what this harness never writes is refused when a record is read."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

LONGEST_NAME: Final = 100
LONGEST_TEXT: Final = 5000


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected printable text on one line")
    return text


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text:
        raise ValueError("expected a folder below the run directory")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME), AfterValidator(_printable)]
"""Of a region, a method, an entrant: printable, on one line."""
Line = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
"""Text that may come from the machine or the command line, where anything may stand: shown escaped."""
Inside = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_printable), AfterValidator(_inside)
]
"""A path that cannot lead out of the run directory."""
