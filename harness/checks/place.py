"""Where a run would write: whether it can, what it would need there, and what stands there already."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

from harness.checks.steps import Found
from harness.errors import RunError
from harness.models.memory import readable
from harness.records.run_directory import RunDirectory
from harness.tuning.spec import RunSpec

# Bytes, from above; what runs of two optimizers took is about half of it (docs/validate.md).
_JOURNAL_LINE: Final = {"mean": 1_000, "worst": 2_600}
"""For each evaluation, with the remembered candidates that are asked again."""
_RESULT: Final = 2_000
"""One method's result of one region in the record."""
_ADAPTER: Final = 16_000
"""The files beside an adapter's weights, and the folders."""
_WHOLE: Final = 100_000
_METHODS: Final = 7
"""Baselines and null rows."""


def check_folder(out: Path) -> Found[Path]:
    """Whether the folder of the runs can be written; a temporary folder is made in it, or above it, and removed.

    Returns:
        The folder, or the nearest above it that exists.

    Raises:
        RunError: it cannot.
    """
    nearest = _nearest(out)
    if not nearest.is_dir():
        raise RunError(f"--out {str(out)[:200]}: '{str(nearest)[:200]}' is a file; give a folder")
    try:
        with tempfile.TemporaryDirectory(prefix=".harness-", dir=nearest) as folder:
            (Path(folder) / "file").write_bytes(b"1")
    except OSError as error:
        raise RunError(
            f"--out {str(out)[:200]}: nothing can be written in '{str(nearest)[:200]}' ({error.strerror or error}); "
            "mend that, or give another folder"
        ) from error
    made = "" if nearest == out else f", which a run makes below '{nearest}'"
    return Found(nearest, f"'{out}'{made}: can be written")


def _nearest(out: Path) -> Path:
    """The folder itself, or what exists of the path to it.

    Raises:
        RunError: it cannot be looked at.
    """
    try:
        return out if out.exists() else next(one for one in out.absolute().parents if one.exists())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"--out {str(out)[:200]}: cannot be looked at ({reason}); give another folder") from error


def check_disk(folder: Path, spec: RunSpec, width: int) -> Found[int]:
    """Whether what a run writes fits the disk.

    Args:
        folder: that exists on the disk in question.
        spec: the run.
        width: D, of an embedding; 0 where it is not known, and the need is then one from below.

    Raises:
        RunError: it does not.
    """
    need = bytes_written(spec, width)
    about = "about" if width else "more than"
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise RunError(f"'{folder}': free space cannot be told ({error.strerror or error}); give another") from error
    if need > free:
        raise RunError(
            f"the run writes {about} {readable(need)}, '{folder}' has {readable(free)} free: make room, or give --out "
            "a folder on another disk"
        )
    return Found(need, f"{about} {readable(need)} to write, {readable(free)} free")


def bytes_written(spec: RunSpec, width: int) -> int:
    """What a run writes, an estimate from above: journal, record and adapters."""
    searches = len(spec.regions) * len(spec.optimizers) * spec.seeds
    journal = spec.budget * searches * _JOURNAL_LINE[spec.aggregate]
    adapters = searches * (spec.tokens * width * 4 + _ADAPTER)
    results = (searches + _METHODS * len(spec.regions) * spec.seeds) * _RESULT
    return journal + adapters + results + _WHOLE


def check_earlier(out: Path, name: str) -> Found[None]:
    """Whether the same run was begun before."""
    known = sorted(path for path in (out / name, *out.glob(f"{name}-*")) if path.is_dir()) if out.is_dir() else []
    remarks = []
    for path in known:
        finished = RunDirectory(path).finished
        then = (
            "finished: the same command shows its record"
            if finished
            else "unfinished: the same command goes on from it, and the estimate is of the whole run"
        )
        remarks.append(f"{path} is there already, {then}")
    return Found(None, "" if remarks else f"new: {name}", remarks)
