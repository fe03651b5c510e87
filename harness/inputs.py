"""Files that a user brings: looked at, limited and decoded in one place, so that none can hang, execute or fill memory.

Every limit stands here by name, in bytes, characters or as a count; docs/safety.md lists them.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.errors import HarnessError, InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SURVEY_BYTES: Final = 1_000_000
TARGETS_BYTES: Final = 1_000_000
TARGETS_ROWS: Final = 5_000
STUDY_BYTES: Final = 1_000_000
CONFIG_BYTES: Final = 1_000_000
OPINIONS_BYTES: Final = 300_000_000
OPINIONS_ROWS: Final = 2_000_000
OPINIONS_COLUMNS: Final = 10_000
CELL_CHARACTERS: Final = 131_072
"""What Python's csv reads unless told otherwise, and enough for the published files."""
RECORD_BYTES: Final = 500_000_000
LOG_BYTES: Final = 1_000_000_000
LINE_CHARACTERS: Final = 50_000_000
"""In one line of a table, a log or a journal."""
ADAPTER_JSON_BYTES: Final = 1_000_000
ADAPTER_BYTES: Final = 2_000_000_000
VIRTUAL_TOKENS: Final = 100_000
MODEL_JSON_BYTES: Final = 500_000_000
"""A tokenizer of 250,000 tokens takes some 30 MB."""
MODEL_LAYERS: Final = 2_000
NESTED: Final = 100
"""Lists and tables within each other, in JSON and TOML."""

_CHUNK: Final = 1 << 20
_SHOWN: Final = 200
_KINDS: Final = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class LongLine(ValueError):
    """A line has over `LINE_CHARACTERS`."""


@dataclass(frozen=True)
class Brought:
    """A file that may hold anything.

    Attributes:
        name: in messages, such as "survey 'mine.toml'".
        most: bytes that it may have.
        expected: what a file of this kind is, such as "expected one row per region".
        fix: what to do about one that cannot be read, such as "give a CSV file".
        error: what is raised.
    """

    path: Path
    name: str
    most: int
    expected: str
    fix: str
    error: type[HarnessError] = InputError

    def raw(self) -> bytes:
        """The content.

        Raises:
            HarnessError: of the kind `error`: there is no such file, it is no regular one, or it is over its limit.
        """
        found = self.raw_if_there()
        if found is None:
            raise self._unreadable("No such file or directory")
        return found

    def raw_if_there(self) -> bytes | None:
        """The content, None where there is no such file.

        Raises:
            HarnessError: as `raw`.
        """
        try:
            return self._limited()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            # A path with a NUL byte is a ValueError.
            raise self._unreadable(getattr(error, "strerror", None) or str(error)) from error

    def text(self) -> str:
        """The content in UTF-8, without a byte order mark.

        Raises:
            HarnessError: as `raw`, or it is something else than UTF-8.
        """
        return self.decoded(self.raw())

    def decoded(self, raw: bytes) -> str:
        """The text of a content in UTF-8, without a byte order mark.

        Raises:
            HarnessError: of the kind `error`: it is something else.
        """
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = len((raw[: error.start] + b".").splitlines())
            what = "UTF-16" if raw.startswith(_UTF_16) else f"byte {raw[error.start]:#04x}"
            raise self.error(f"{self.name} row {row} is not in UTF-8 ({what}): save it as UTF-8") from error

    def _limited(self) -> bytes:
        # What is no file may wait for ever, or act when it is opened, so it is looked at first.
        self._check(os.stat(self.path))
        handle = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            self._check(os.fstat(file.fileno()))
            chunks, length = [], 0
            while chunk := file.read(_CHUNK):
                chunks.append(chunk)
                length += len(chunk)
                if length > self.most:
                    raise self._too_long()
        return b"".join(chunks)

    def check(self) -> None:
        """Refuses what is no regular file within its limit, without reading it; one that is not there passes.

        Raises:
            HarnessError: of the kind `error`.
        """
        try:
            self._check(os.stat(self.path))
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError) as error:
            raise self._unreadable(getattr(error, "strerror", None) or str(error)) from error

    def _check(self, found: os.stat_result) -> None:
        if kind := next((text for is_kind, text in _KINDS if is_kind(found.st_mode)), ""):
            raise self._unreadable(f"{kind}, no file")
        if found.st_size > self.most:
            raise self._too_long()

    def _too_long(self) -> HarnessError:
        return self.error(f"{self.name} is over {self.most} bytes: {self.expected}")

    def _unreadable(self, reason: str) -> HarnessError:
        return self.error(f"{self.name} cannot be read ({reason}): {self.fix}")


def shown(path: Path) -> str:
    """A path as messages quote it, cut where it is endless."""
    return f"'{str(path)[:_SHOWN]}'"


def with_newlines(text: str) -> str:
    """The text with each row ended by one newline, so that rows can be counted."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_json(text: str, once: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a JSON text.

    Args:
        text: JSON without halves of characters, nested at most `NESTED` deep.
        once: makes an object of its pairs; by default the last of equal keys stays.

    Raises:
        ValueError: it is something else; one line.
    """
    try:
        content = json.loads(text, object_pairs_hook=once)
    except RecursionError as error:
        raise ValueError(f"nested more than {NESTED} deep") from error
    _check_depth(content)
    if _HALF.search(text):
        try:
            json.dumps(content, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("half a character, a surrogate without the other one") from error
    return content


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text, nested at most `NESTED` deep.

    Raises:
        ValueError: it is no TOML; the parser's message names row and column where it knows them.
    """
    try:
        content = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(f"nested more than {NESTED} deep") from error
    _check_depth(content)
    return content


def short_lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, for `csv.reader`.

    Raises:
        LongLine: one has over `LINE_CHARACTERS`.
    """
    for line in io.StringIO(text, newline=""):
        if len(line) > LINE_CHARACTERS:
            raise LongLine(f"a line of over {LINE_CHARACTERS} characters")
        yield line


def _check_depth(content: Any) -> None:
    level, depth = [content], 0
    while level := [
        part
        for one in level
        for part in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        if isinstance(part, (dict, list))
    ]:
        depth += 1
        if depth >= NESTED:
            raise ValueError(f"nested more than {NESTED} deep")
