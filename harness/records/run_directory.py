"""A run's directory: spec.json, journal.jsonl, record.json and one adapter folder per tuned prompt."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from pydantic import ValidationError

from harness.errors import RunError, one_line
from harness.records.schema import SCHEMA_VERSION, Record

RECORD: Final = "record.json"
SPEC: Final = "spec.json"
JOURNAL: Final = "journal.jsonl"
MOST_BYTES: Final = 500_000_000


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
        write_atomically(self.path / RECORD, record.model_dump_json(indent=1) + "\n")

    def read_record(self) -> Record:
        """Reads the record.

        Raises:
            RunError: there is none, it is damaged, or it has another schema version.
        """
        path = self.path / RECORD
        if not path.is_file():
            raise RunError(
                f"run '{self.path}' has no {RECORD}: give the directory of a finished run, see 'harness ls runs'"
            )
        if path.stat().st_size > MOST_BYTES:
            raise RunError(f"record '{path}' is over {MOST_BYTES} bytes: that is no record of this harness")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"record '{path}' cannot be read ({error}): run it again") from error
        version = content.get("schema_version") if isinstance(content, dict) else None
        if version != SCHEMA_VERSION:
            raise RunError(
                f"record '{path}' has schema version {version!r}: expected {SCHEMA_VERSION}; use the version of the "
                "harness that wrote it"
            )
        try:
            return Record.model_validate(content)
        except ValidationError as error:
            raise RunError(f"record '{path}': {one_line(error.errors())}") from error


class Journal:
    """Append-only JSON lines, one per generation; each line reaches the disk before the run goes on."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def append(self, entry: Mapping[str, Any]) -> None:
        """Writes one line; NaN and inf are refused, a failed candidate is written as null by the caller."""
        self._file.write(json.dumps(entry, allow_nan=False, separators=(",", ":")) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def list_runs(parent: Path) -> list[RunDirectory]:
    """The runs below a folder, finished or not, by name."""
    if not parent.is_dir():
        return []
    return [RunDirectory(path) for path in sorted(parent.iterdir()) if (path / SPEC).is_file()]


def write_atomically(path: Path, text: str) -> None:
    """Writes a file so that a reader sees the old content or the new, never half."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
