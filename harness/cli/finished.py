"""Finished runs and contests by their directories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RunError

if TYPE_CHECKING:
    from harness.records.contest import Contest
    from harness.records.schema import Record


def read_finished(paths: Sequence[Path]) -> tuple[dict[str, Record], dict[str, Contest]]:
    """Records of runs and contests by path; which one a directory holds is told by its file.

    Raises:
        RunError: one cannot be read or is not finished.
    """
    from harness.records.contest_directory import CONTEST, LOG, ContestDirectory
    from harness.records.run_directory import RunDirectory

    records, contests = {}, {}
    for path in dict.fromkeys(paths):
        if _holds(path, CONTEST):
            contests[str(path)] = ContestDirectory(path).read()
        elif _holds(path, LOG):
            raise RunError(
                f"contest '{path}' has no {CONTEST}: repeat the command that began it, which goes on with it"
            )
        else:
            records[str(path)] = RunDirectory(path).read_record()
    return records, contests


def _holds(path: Path, name: str) -> bool:
    try:
        return (path / name).is_file()
    except (OSError, ValueError):
        # Reading it says what is wrong.
        return False
