"""A run's directory: spec.json, inputs.json, journal.jsonl, record.json and one adapter folder per tuned prompt."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import RunError, one_line
from harness.records.files import read_json, write_atomically, writing
from harness.records.journal import ANSWERS, Journal
from harness.records.kinds import RECORD as RECORD_KIND
from harness.records.lock import LOCK, locked
from harness.records.schema import Record, SpecFacts
from harness.records.versions import read_versioned

RECORD: Final = "record.json"
SPEC: Final = "spec.json"
JOURNAL: Final = "journal.jsonl"
INPUTS: Final = "inputs.json"


class Inputs(BaseModel):
    """Where the files of a run stood; their content is held by digests in its specification.

    Attributes:
        folder: from which the command was given.
        survey, targets: files of the user's, None for the bundled ones.
        instrument: whether the survey is scored alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    survey: Path | None = None
    targets: Path | None = None
    instrument: bool = False


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run."""

    path: Path

    @property
    def run_id(self) -> str:
        """Name of the directory, also where it is given as "."; what is no text in it is spelt out."""
        name = Path(os.path.abspath(self.path)).name
        return name.encode(errors="backslashreplace").decode()

    @property
    def finished(self) -> bool:
        """Whether the record was written."""
        return (self.path / RECORD).is_file()

    @staticmethod
    def create(
        parent: Path, name: str, spec: Mapping[str, Any], inputs: Inputs | None = None, fresh: bool = True
    ) -> RunDirectory:
        """Makes a new directory `name`, or one numbered behind those there, and writes the spec into it.

        Unless it shall be `fresh`, one that another process makes at the same moment is taken as it is.

        Raises:
            RunError: it cannot be made.
        """
        with _making(parent):
            parent.mkdir(parents=True, exist_ok=True)
            for number in itertools.count(_last_number(parent, name) + 1):
                path = _numbered(parent, name, number)
                try:
                    path.mkdir()
                except FileExistsError:
                    if not fresh:
                        return RunDirectory(path)
                    continue
                break
            directory = RunDirectory(path)
            directory.begin(spec, inputs)
        return directory

    @staticmethod
    def newest(parent: Path, name: str) -> RunDirectory | None:
        """The run of that name that was begun last, None where there is none; earlier ones may be gone.

        Raises:
            RunError: the folder cannot be read.
        """
        with _making(parent):
            number = _last_number(parent, name)
        return RunDirectory(_numbered(parent, name, number)) if number else None

    def begin(self, spec: Mapping[str, Any], inputs: Inputs | None = None) -> None:
        """Writes what a run begins with.

        Raises:
            RunError: it cannot be written.
        """
        if inputs is not None:
            self.write_inputs(inputs)
        with writing(self.path):
            write_atomically(self.path / SPEC, json.dumps(spec, indent=1, ensure_ascii=False) + "\n")

    def write_inputs(self, inputs: Inputs) -> None:
        """Writes where the run's files stand, as it is now.

        Raises:
            RunError: it cannot be written, or a path is no text.
        """
        try:
            text = inputs.model_dump_json(indent=1)
        except ValueError as error:
            raise RunError(
                f"the path of {INPUTS}'s folder or of a file in it is not UTF-8: give the command from another folder"
            ) from error
        with writing(self.path):
            write_atomically(self.path / INPUTS, text + "\n")

    @property
    def begun(self) -> bool:
        """Whether a specification was written; a process may have died before.

        Raises:
            RunError: the directory holds something else.
        """
        try:
            there = {path.name for path in self.path.iterdir()}
        except OSError as error:
            raise RunError(f"run '{self.path}' cannot be read ({error.strerror}): give --out another folder") from error
        # What an atomic write leaves behind when it is cut off begins with a point.
        strange = sorted(name for name in there - {LOCK, INPUTS} if not name.startswith("."))
        if strange and SPEC not in there:
            raise RunError(f"'{self.path}' holds {strange[0]!r} and no run: give --out another folder, or --fresh")
        return SPEC in there

    @contextmanager
    def claimed(self) -> Iterator[str]:
        """Keeps other processes out; yields who left a lock behind and is gone, "" for nobody.

        Raises:
            RunError: another process is at work here.
        """
        with locked(self.path) as left:
            yield left

    def read_inputs(self) -> Inputs:
        """Where the run's files stood when it began.

        Raises:
            RunError: that is not known.
        """
        path = self.path / INPUTS
        content = read_json(path)
        if content is None:
            raise RunError(f"run '{self.path}' has no {INPUTS}: repeat the command that began it")
        try:
            return Inputs.model_validate(content)
        except ValidationError as error:
            raise RunError(f"'{path}': {one_line(error.errors())}; repeat the command that began the run") from error

    def adapter_path(self, optimizer: str, seed: int, region: str) -> Path:
        """Where the tuned prompt of a region is saved.

        Raises:
            RunError: a link leads from there out of the directory.
        """
        folder = self.path / "adapters" / optimizer / f"seed{seed}" / region
        if not folder.resolve().is_relative_to(self.path.resolve()):
            raise RunError(f"'{folder}' leads out of the run's directory: remove the link and go on")
        return folder

    def open_journal(self) -> Journal:
        """Opens the journal for appending."""
        return Journal(self.path / JOURNAL)

    def write_record(self, record: Record) -> None:
        """Writes the record, whole or not at all."""
        with writing(self.path / RECORD):
            write_atomically(self.path / RECORD, record.model_dump_json(indent=1) + "\n")

    def read_plain_spec(self) -> dict[str, Any]:
        """Reads the specification as it was written.

        Raises:
            RunError: it is missing or damaged.
        """
        content = read_json(self.path / SPEC)
        if not isinstance(content, dict):
            raise RunError(f"'{self.path}' has no {SPEC} of a run: give the directory of one, see 'harness ls runs'")
        return content

    def read_spec(self) -> SpecFacts:
        """Reads what reports need of the specification, also of an unfinished run.

        Raises:
            RunError: it is missing or damaged.
        """
        try:
            return SpecFacts.model_validate(read_json(self.path / SPEC))
        except ValidationError as error:
            raise RunError(f"'{self.path / SPEC}': {one_line(error.errors())}") from error

    def discard(self) -> bool:
        """Removes the directory of a run that has no answer yet; True if it did."""
        early = not os.path.lexists(self.path / RECORD) and not self.answered
        if early:
            shutil.rmtree(self.path, ignore_errors=True)
        return early

    @property
    def answered(self) -> bool:
        """Whether the journal holds an answer of the model; one that cannot be read counts."""
        path = self.path / JOURNAL
        try:
            if not path.is_file():
                return os.path.lexists(path)
            with path.open("rb") as file:
                return any(f'"{ANSWERS}":'.encode() in line for line in file)
        except OSError:
            return True

    def read_record(self) -> Record:
        """Reads the record.

        Raises:
            RunError: there is none, it is damaged, or its schema version is newer than this harness.
        """
        absent = f"run '{self.path}' has no {RECORD}: give the directory of a finished run, see 'harness ls runs'"
        return read_versioned(self.path / RECORD, RECORD_KIND, absent)


def the_run(path: Path) -> RunDirectory:
    """The run at a path: its directory, or a folder that holds it alone.

    Raises:
        RunError: the folder holds more than one, or cannot be read.
    """
    if not path.is_dir() or any((path / name).exists() for name in (RECORD, SPEC)):
        return RunDirectory(path)
    below = list_runs(path)
    if len(below) > 1:
        names = ", ".join(one.run_id for one in below[:3]) + (", ..." if len(below) > 3 else "")
        raise RunError(f"'{path}' holds {len(below)} runs ({names}): give one of them")
    return below[0] if below else RunDirectory(path)


def list_runs(parent: Path) -> list[RunDirectory]:
    """The runs below a folder, finished or not, by name.

    Raises:
        RunError: the folder cannot be read.
    """
    try:
        if not parent.is_dir():
            return []
        return [RunDirectory(path) for path in sorted(parent.iterdir()) if (path / SPEC).is_file()]
    except OSError as error:
        raise RunError(f"folder '{str(parent)[:200]}' cannot be read ({error.strerror}): give --out another") from error


def _numbered(parent: Path, name: str, number: int) -> Path:
    """`name`, `name-2`, `name-3`, ... below a folder, by number from 1."""
    return parent / (name if number == 1 else f"{name}-{number}")


def _last_number(parent: Path, name: str) -> int:
    """The highest number of a directory of that name, 0 for none; one in between may have been removed."""
    try:
        found = [re.fullmatch(re.escape(name) + "(?:-([2-9]|[1-9][0-9]{1,8}))?", one) for one in os.listdir(parent)]
    except (FileNotFoundError, NotADirectoryError):
        return 0
    return max((int(one[1] or 1) for one in found if one), default=0)


@contextmanager
def _making(parent: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(
            f"run directory below '{parent}' cannot be made ({error.strerror or error}): give --out a folder that "
            "can be written"
        ) from error
