"""A contest's folder: spec.json, log.jsonl with what is finished, and contest.json at the end."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from harness.errors import RunError, one_line
from harness.records.contest import Contest, ContestSpec, LogLine
from harness.records.differences import first_difference
from harness.records.files import read_json, write_atomically, writing
from harness.records.journal import Journal, read_journal
from harness.records.kinds import CONTEST as CONTEST_KIND
from harness.records.versions import read_versioned

SPEC: Final = "spec.json"
LOG: Final = "log.jsonl"
CONTEST: Final = "contest.json"


@dataclass(frozen=True)
class ContestDirectory:
    """The files of one contest."""

    path: Path

    @staticmethod
    def open(path: Path, spec: ContestSpec) -> ContestDirectory:
        """Makes the folder of a contest, or opens that of the same contest to go on with it.

        Raises:
            RunError: it cannot be made, or holds something else.
        """
        directory = ContestDirectory(path)
        if directory.holds(spec):
            return directory
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise RunError(f"--out {path}: holds other files and no contest; give a new folder")
            write_atomically(path / SPEC, spec.model_dump_json(indent=1) + "\n")
        return directory

    def holds(self, spec: ContestSpec) -> bool:
        """Whether this contest was begun here; False where there is none.

        Raises:
            RunError: another one was.
        """
        known = read_json(self.path / SPEC)
        if known is None:
            return False
        try:
            digest = ContestSpec.model_validate(known).digest
        except ValidationError as error:
            raise RunError(f"'{self.path / SPEC}': {one_line(error.errors())}; give --out a new folder") from error
        if digest != spec.digest:
            place = first_difference(known, json.loads(spec.model_dump_json()))
            raise RunError(
                f"--out {self.path}: holds another contest ({place}); repeat its settings or give a new folder"
            )
        return True

    @property
    def finished(self) -> bool:
        """Whether the contest was written."""
        return (self.path / CONTEST).is_file()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keeps other processes from working on this contest; a process that ends lets go in any case.

        Raises:
            RunError: another one is at work.
        """
        with (self.path / SPEC).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RunError(
                    f"--out {self.path}: another process works on this contest; wait for it, or give a new folder"
                ) from error
            yield

    def read_log(self) -> tuple[LogLine, ...]:
        """What was finished so far; half a last line, as a kill leaves it, does not count.

        Raises:
            RunError: it is damaged.
        """
        path, lines = self.path / LOG, []
        for line in read_journal(path):
            try:
                lines.append(LogLine.model_validate(line.entry))
            except ValidationError as error:
                raise RunError(
                    f"'{path}', line {line.number}: {one_line(error.errors())}; give --out a new folder"
                ) from error
        return tuple(lines)

    def open_log(self) -> Journal:
        """Opens the log for appending, after cutting off half a last line."""
        return Journal(self.path / LOG)

    def write(self, contest: Contest) -> None:
        """Writes the finished contest, whole or not at all."""
        with writing(self.path / CONTEST):
            write_atomically(self.path / CONTEST, contest.model_dump_json(indent=1) + "\n")

    def read(self) -> Contest:
        """Reads the finished contest.

        Raises:
            RunError: there is none, it is damaged, or its schema version is newer than this harness.
        """
        return read_contest(self.path / CONTEST)


def read_contest(path: Path) -> Contest:
    """Reads a finished contest from its file.

    Raises:
        RunError: there is none, it is damaged, or its schema version is newer than this harness.
    """
    return read_versioned(path, CONTEST_KIND, f"there is no contest '{path}': give the {CONTEST} of a finished one")
