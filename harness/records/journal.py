"""The journal of a run: what was asked and answered, in the order it happened, one JSON object per line.

A line begins with a checksum over the rest of it and the checksum of the line before, so that a changed, missing or
moved line shows. A line reaches the disk before the run goes on. A last line without its end was being written when the
process died: it is dropped and what it held is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from harness.errors import ResumeError
from harness.inputs import LINE_CHARACTERS, LOG_BYTES
from harness.records.files import open_plain, sync_folder, writing

ANSWERS: Final = "answers"
_DIGITS: Final = 16
_START: Final = b'{"check":"'
_AFTER: Final = len(_START) + _DIGITS
_GENERATIONS: Final = re.compile(rb'"generations":(\[.*?\]),"a')
_COUNT: Final = re.compile(rb",(\d+)\]")
_ABOUT: Final = 1 << 16
"""Bytes of a line within which it says whom it is about."""
_FIX: Final = "put back a copy of it, or begin anew in another directory"


@dataclass(frozen=True)
class Line:
    """One line: its number in the file, from 1, what it says, and where it stands."""

    number: int
    entry: dict[str, Any]
    begin: int
    size: int

    @property
    def evaluations(self) -> int:
        """Candidates of the search that it holds answers for; 0 where it does not say so as a run writes it."""
        match self.entry.get("generations"):
            case [*generations]:
                counts = [one[2] for one in generations if isinstance(one, list) and len(one) == 3]
                return sum(count for count in counts if isinstance(count, int))
        return 0


class Journal:
    """Append-only JSON lines with chained checksums.

    Args:
        path: of the file; made if it is missing, and read and verified if not.

    Attributes:
        lines: that were there; what was answered is left out, since there may be gigabytes of it.
        torn: bytes of an unfinished last line that were dropped.

    Raises:
        ResumeError: the file cannot be read or written, or a line is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with writing(path):
            self._file = open_plain(path)
        try:
            lines, self._check, self._size = _read(path, light=True)
            self.lines = tuple(lines)
            with writing(path):
                self.torn = os.fstat(self._file).st_size - self._size
                if self.torn:
                    os.ftruncate(self._file, self._size)
                sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise

    def answers(self, line: Line) -> dict[str, Any]:
        """What was answered on one of the lines that were there.

        Raises:
            ResumeError: it cannot be read any more.
        """
        with writing(self.path):
            raw = os.pread(self._file, line.size, line.begin)
        answers: dict[str, Any] = _parsed(self.path, line.number, raw)[ANSWERS]
        return answers

    def append(self, entry: Mapping[str, Any]) -> None:
        """Writes one line and waits for the disk.

        Raises:
            ResumeError: it cannot be written, and then nothing of it is; or somebody else has written into the file.
            ValueError: the entry holds NaN or infinity, which JSON has not.
        """
        body = json.dumps(entry, allow_nan=False, separators=(",", ":"))[1:].encode()
        check = _checksum(self._check, body)
        line = _START + check + b'",' + body + b"\n"
        with writing(self.path):
            if os.fstat(self._file).st_size != self._size:
                raise ResumeError(
                    f"journal '{self.path}' was written to by another program while the run went on: {_FIX}"
                )
            try:
                _write(self._file, line)
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, self._size)
                raise
        self._check, self._size = check, self._size + len(line)

    def close(self) -> None:
        """Closes the file."""
        with writing(self.path):
            os.close(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> tuple[Line, ...]:
    """The lines of a journal, without a torn last one; none where there is no file.

    Raises:
        ResumeError: it cannot be read, or a line is damaged.
    """
    try:
        if not _is_there(path):
            return ()
        if path.stat().st_size > LOG_BYTES:
            raise ResumeError(f"journal '{path}' is over {LOG_BYTES} bytes: {_FIX}")
        return tuple(_read(path)[0])
    except OSError as error:
        raise ResumeError(f"journal '{path}' cannot be read ({error.strerror or error}): {_FIX}") from error


def first_line(path: Path) -> dict[str, Any]:
    """What a journal begins with; nothing where there is none yet.

    Raises:
        ResumeError: it cannot be read, or is damaged there.
    """
    try:
        if not _is_there(path):
            return {}
        with path.open("rb") as file:
            raw = file.readline(LINE_CHARACTERS)
    except OSError as error:
        raise ResumeError(f"journal '{path}' cannot be read ({error.strerror or error}): {_FIX}") from error
    if not raw.endswith(b"\n"):
        return {}
    _verified(path, 1, raw, b"")
    return _parsed(path, 1, raw)


def evaluations(path: Path) -> int:
    """Candidates of the search that a journal holds answers for, counted without checking it.

    Raises:
        ResumeError: it cannot be read.
    """
    try:
        if not _is_there(path):
            return 0
        with path.open("rb") as file:
            found = (_GENERATIONS.search(line, 0, _ABOUT) for line in file)
            return sum(int(count) for one in found if one for count in _COUNT.findall(one[1]))
    except OSError as error:
        raise ResumeError(f"journal '{path}' cannot be read ({error.strerror or error}): {_FIX}") from error


def _is_there(path: Path) -> bool:
    """Whether there is a journal; a pipe would be waited for, and a device has no end."""
    if not os.path.lexists(path):
        return False
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise ResumeError(f"journal '{path}' is no plain file: {_FIX}")
    return True


def _write(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]


def _checksum(before: bytes, body: bytes) -> bytes:
    return hashlib.sha256(before + body).hexdigest()[:_DIGITS].encode()


def _read(path: Path, light: bool = False) -> tuple[list[Line], bytes, int]:
    """Lines, without answers if they are to be light, the checksum of the last one, and the bytes that they take."""
    lines: list[Line] = []
    check, size = b"", 0
    with path.open("rb") as file:
        while (raw := file.readline(LINE_CHARACTERS)).endswith(b"\n"):
            number = len(lines) + 1
            check = _verified(path, number, raw, check)
            entry = _parsed(path, number, raw)
            if light and ANSWERS in entry:
                entry[ANSWERS] = None
            lines.append(Line(number, entry, size, len(raw)))
            size += len(raw)
    number = len(lines) + 1
    if len(raw) == LINE_CHARACTERS:
        raise ResumeError(f"journal '{path}', line {number}: is over {LINE_CHARACTERS} bytes: {_FIX}")
    # What a process was writing when it died begins as a line does, or is zeros.
    if not (raw.startswith((_START, b"\0")) or _START.startswith(raw.rstrip(b"\0"))):
        raise ResumeError(f"journal '{path}', line {number}: is damaged, it is no part of a line: {_FIX}")
    return lines, check, size


def _verified(path: Path, number: int, raw: bytes, before: bytes) -> bytes:
    stated, body = raw[len(_START) : _AFTER], raw[_AFTER + 2 : -1]
    if number == 1 and raw.startswith(b"{") and not raw.startswith(_START):
        raise ResumeError(
            f"journal '{path}' has no checksums, as an earlier version wrote it, and is of no use: {_FIX}"
        )
    if not raw.startswith(_START) or raw[_AFTER : _AFTER + 2] != b'",' or stated != _checksum(before, body):
        raise ResumeError(
            f"journal '{path}', line {number}: is damaged, its checksum does not fit it and the line before: {_FIX}"
        )
    return stated


def _parsed(path: Path, number: int, raw: bytes) -> dict[str, Any]:
    try:
        entry: dict[str, Any] = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ResumeError(f"journal '{path}', line {number}: is not JSON ({error}): {_FIX}") from error
    del entry["check"]
    return entry
