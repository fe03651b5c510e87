"""Versions, source revision and machine: what another person needs to repeat a run."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Final

import harness
from harness.records.schema import Provenance

LIBRARIES: Final = (
    "torch",
    "transformers",
    "tokenizers",
    "lm-eval",
    "peft",
    "pymoo",
    "cma",
    "numpy",
    "scipy",
    "jinja2",
)


def gather(threads: int, gpu: str | None) -> Provenance:
    """Collects the provenance of this process.

    Args:
        threads: of the numerical library.
        gpu: name of the GPU in use, None without one.
    """
    revision, dirty = _git(Path(harness.__file__).resolve().parent)
    versions = {"vsm-harness": harness.__version__, "python": platform.python_version()}
    versions.update({name: version for name in LIBRARIES if (version := _version(name))})
    # Optimizers of others, which may have had a say.
    plugins = {one.dist for one in metadata.entry_points(group="harness.optimizers") if one.dist}
    versions.update({one.name: one.version for one in plugins})
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "gpu": gpu,
    }
    return Provenance(versions=versions, git_revision=revision, git_dirty=dirty, machine=machine, threads=threads)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git(folder: Path) -> tuple[str | None, bool | None]:
    """Commit and dirty flag of the tree that tracks `folder`; (None, None) outside one or without git."""
    try:
        tracked = _run_git(folder, "ls-files", "--error-unmatch", "__init__.py")
        if tracked is None:
            return None, None
        status = _run_git(folder, "status", "--porcelain", "--untracked-files=no")
        return _run_git(folder, "rev-parse", "HEAD"), None if status is None else bool(status)
    except (OSError, subprocess.TimeoutExpired):
        return None, None


def _run_git(folder: Path, *arguments: str) -> str | None:
    result = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=False)
    return result.stdout.strip() if result.returncode == 0 else None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _memory_gb() -> float | None:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    return round(total / 2**30, 1)
