"""The journal of a run: what was asked and answered, in the order it happened, one JSON object per line.

A line begins with a checksum over the rest of it and the checksum of the line before, so that a changed, missing or
moved line shows. A line reaches the disk before the run goes on. A last line without its end was being written when the
process died: it is dropped and what it held is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from harness.errors import ResumeError
from harness.records.files import open_plain, sync_folder, writing

MOST_LINE_BYTES: Final = 1 << 28
_DIGITS: Final = 16
_START: Final = b'{"check":"'
_AFTER: Final = len(_START) + _DIGITS
_FIX: Final = "put back a copy of it, or begin anew in another directory"


@dataclass(frozen=True)
class Line:
    """One line: its number in the file, from 1, and what it says."""

    number: int
    entry: dict[str, Any]


class Journal:
    """Append-only JSON lines with chained checksums.

    Args:
        path: of the file; made if it is missing, and read and verified if not.

    Attributes:
        lines: that were there.
        torn: bytes of an unfinished last line that were dropped.

    Raises:
        ResumeError: the file cannot be read or written, or a line is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with writing(path):
            self._file = open_plain(path)
        try:
            self.lines, self._check, self._size = _read(path)
            with writing(path):
                self.torn = os.fstat(self._file).st_size - self._size
                if self.torn:
                    os.ftruncate(self._file, self._size)
                sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise

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
    return tuple(iterate(path))


def iterate(path: Path) -> Iterator[Line]:
    """The same one by one, for whoever needs only the first ones of a long journal."""
    try:
        # A pipe would be waited for.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ResumeError(f"journal '{path}' is no plain file: {_FIX}")
        for line, _, _ in _lines(path):
            yield line
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise ResumeError(f"journal '{path}' cannot be read ({error.strerror or error}): {_FIX}") from error


def _write(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]


def _checksum(before: bytes, body: bytes) -> bytes:
    return hashlib.sha256(before + body).hexdigest()[:_DIGITS].encode()


def _read(path: Path) -> tuple[tuple[Line, ...], bytes, int]:
    """Lines, the checksum of the last one, and the bytes that they take."""
    lines: list[Line] = []
    check, size = b"", 0
    for line, own, length in _lines(path):
        lines.append(line)
        check = own
        size += length
    return tuple(lines), check, size


def _lines(path: Path) -> Iterator[tuple[Line, bytes, int]]:
    """Each whole line, its checksum and the bytes that it takes."""
    number, check = 1, b""
    with path.open("rb") as file:
        while (raw := file.readline(MOST_LINE_BYTES)).endswith(b"\n"):
            check = _verified(path, number, raw, check)
            yield Line(number, _parsed(path, number, raw)), check, len(raw)
            number += 1
        if len(raw) == MOST_LINE_BYTES:
            raise ResumeError(f"journal '{path}', line {number}: is over {MOST_LINE_BYTES} bytes: {_FIX}")
        # What a process was writing when it died begins as a line does, or is zeros.
        if not (raw.startswith((_START, b"\0")) or _START.startswith(raw.rstrip(b"\0"))):
            raise ResumeError(f"journal '{path}', line {number}: is damaged, it is no part of a line: {_FIX}")


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
