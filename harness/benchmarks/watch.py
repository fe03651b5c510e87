"""What benchmarks of optimizers measure with."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path


class Watch:
    """A stopwatch: the seconds spent within its `with` blocks."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._begun = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        self.seconds += time.perf_counter() - self._begun


def threads() -> int:
    """Threads that numpy's library may use, as far as the environment says; else all cores."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def peak_memory_mb() -> float:
    """Highest memory of this process so far, 10^6 bytes."""
    try:
        # Counted since the program was started; getrusage would begin with what the process that started it had.
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * 1024 / 1e6
