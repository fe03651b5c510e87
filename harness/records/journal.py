"""The journal of a run: what was asked and answered, in the order it happened."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from harness.records.files import writing


class Journal:
    """Append-only JSON lines, one per generation; each line reaches the disk before the run goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            self._file: IO[str] = path.open("a", encoding="utf-8")

    def append(self, entry: Mapping[str, Any]) -> None:
        """Writes one line; NaN and inf are refused, a failed candidate is written as null by the caller."""
        line = json.dumps(entry, allow_nan=False, separators=(",", ":")) + "\n"
        with writing(self._path):
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with writing(self._path):
            self._file.close()
