"""A run's directory: spec.json, journal.jsonl, record.json and one adapter folder per tuned prompt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from harness.errors import RunError, one_line
from harness.records.files import read_json, write_atomically, writing
from harness.records.journal import Journal
from harness.records.kinds import RECORD as RECORD_KIND
from harness.records.schema import Record, SpecFacts
from harness.records.versions import read_versioned

RECORD: Final = "record.json"
SPEC: Final = "spec.json"
JOURNAL: Final = "journal.jsonl"


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run."""

    path: Path

    @property
    def run_id(self) -> str:
        """Name of the directory."""
        return self.path.name

    @property
    def finished(self) -> bool:
        """Whether the record was written."""
        return (self.path / RECORD).is_file()

    @staticmethod
    def create(parent: Path, name: str, spec: Mapping[str, Any]) -> RunDirectory:
        """Makes a new directory `name`, or `name-2`, `name-3`, ... where it is taken, and writes the spec into it.

        Raises:
            RunError: it cannot be made.
        """
        try:
            parent.mkdir(parents=True, exist_ok=True)
            number = 1
            while True:
                path = parent / (name if number == 1 else f"{name}-{number}")
                try:
                    path.mkdir()
                    break
                except FileExistsError:
                    number += 1
            write_atomically(path / SPEC, json.dumps(spec, indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            raise RunError(
                f"run directory below '{parent}' cannot be made ({error.strerror or error}): give --out a folder that "
                "can be written"
            ) from error
        return RunDirectory(path)

    def adapter_path(self, optimizer: str, seed: int, region: str) -> Path:
        """Where the tuned prompt of a region is saved."""
        return self.path / "adapters" / optimizer / f"seed{seed}" / region

    def open_journal(self) -> Journal:
        """Opens the journal for appending."""
        return Journal(self.path / JOURNAL)

    def write_record(self, record: Record) -> None:
        """Writes the record, whole or not at all."""
        with writing(self.path / RECORD):
            write_atomically(self.path / RECORD, record.model_dump_json(indent=1) + "\n")

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
        """Removes the directory of a run that ended before its first evaluation; one with a journal stays."""
        early = not (self.path / JOURNAL).exists()
        if early:
            shutil.rmtree(self.path, ignore_errors=True)
        return early

    def read_record(self) -> Record:
        """Reads the record.

        Raises:
            RunError: there is none, it is damaged, or its schema version is newer than this harness.
        """
        absent = f"run '{self.path}' has no {RECORD}: give the directory of a finished run, see 'harness ls runs'"
        return read_versioned(self.path / RECORD, RECORD_KIND, absent)


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
