"""A contest's folder: spec.json, log.jsonl with what is finished, and contest.json at the end."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from harness.errors import RunError, one_line
from harness.inputs import LINE_CHARACTERS, LOG_BYTES, Brought, shown
from harness.records.contest import CONTEST_VERSION, Contest, ContestSpec, LogLine
from harness.records.files import read_json, write_atomically, writing
from harness.records.journal import Journal

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
            place = _first_difference(known, json.loads(spec.model_dump_json()))
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
        path = self.path / LOG
        fix = "give --out a new folder"
        file = Brought(path, shown(path), LOG_BYTES, fix, fix, RunError)
        raw = file.raw_if_there()
        if raw is None:
            return ()
        lines = []
        for number, line in enumerate(file.decoded(raw[: raw.rfind(b"\n") + 1]).split("\n")[:-1], start=1):
            if len(line) > LINE_CHARACTERS:
                raise RunError(f"'{path}', line {number} has over {LINE_CHARACTERS} characters: {fix}")
            try:
                lines.append(LogLine.model_validate_json(line))
            except ValidationError as error:
                raise RunError(
                    f"'{path}', line {number}: {one_line(error.errors())}; give --out a new folder"
                ) from error
        return tuple(lines)

    def open_log(self) -> Journal:
        """Opens the log for appending, after cutting off half a last line."""
        path = self.path / LOG
        with writing(path):
            if path.exists():
                content = path.read_bytes()
                with path.open("r+b") as file:
                    file.truncate(content.rfind(b"\n") + 1)
        return Journal(path)

    def write(self, contest: Contest) -> None:
        """Writes the finished contest, whole or not at all."""
        with writing(self.path / CONTEST):
            write_atomically(self.path / CONTEST, contest.model_dump_json(indent=1) + "\n")

    def read(self) -> Contest:
        """Reads the finished contest.

        Raises:
            RunError: there is none, it is damaged, or it has another schema version.
        """
        return read_contest(self.path / CONTEST)


def read_contest(path: Path) -> Contest:
    """Reads a finished contest from its file.

    Raises:
        RunError: there is none, it is damaged, or it has another schema version.
    """
    content = read_json(path)
    if content is None:
        raise RunError(f"there is no contest '{path}': give the {CONTEST} of a finished one")
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != CONTEST_VERSION:
        raise RunError(
            f"contest '{path}' has schema version {version!r}: expected {CONTEST_VERSION}; use the version of the "
            "harness that wrote it"
        )
    try:
        return Contest.model_validate(content)
    except ValidationError as error:
        raise RunError(f"contest '{path}': {one_line(error.errors())}") from error


def _first_difference(known: Any, wanted: Any, place: str = "") -> str:
    """The first place where two JSON values differ, as in "entrants.0.settings.budget is 300 there, 200 here"."""
    if isinstance(known, Mapping) and isinstance(wanted, Mapping):
        for key in dict.fromkeys((*known, *wanted)):
            if key != "title" and known.get(key) != wanted.get(key):
                return _first_difference(known.get(key), wanted.get(key), f"{place}.{key}".lstrip("."))
    if _is_list(known) and _is_list(wanted) and len(known) == len(wanted):
        for number, (one, other) in enumerate(zip(known, wanted, strict=True)):
            if one != other:
                return _first_difference(one, other, f"{place}.{number}".lstrip("."))
    return f"{place} is {_short(known)} there, {_short(wanted)} here"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else text[:57] + "..."
