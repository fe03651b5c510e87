"""Threads and memory of the process. What holds for the whole of it is set by the command line; a library must not."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch

Each = Callable[..., Iterator[Any]]
_M_MMAP_THRESHOLD: Final = -3
_M_TRIM_THRESHOLD: Final = -1
_M_ARENA_MAX: Final = -8
_KEPT: Final = 1 << 30
"""Bytes that the allocator keeps rather than return to the system: one pass frees what the next one asks for."""
_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


def settle(threads: int | None = None) -> None:
    """Keeps freed memory for the next pass, and uses so many threads, or no more than the container may.

    The C library returns large blocks to the system when they are freed and pays for every page again when it asks for
    them; a small model spends a fifth of its time there. OMP_NUM_THREADS and MALLOC_* variables of the user's win.
    """
    if not any(name.startswith("MALLOC_") for name in os.environ):
        _keep_memory()
    quota = _cpu_quota()
    if threads is not None:
        torch.set_num_threads(threads)
    elif quota is not None and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(min(torch.get_num_threads(), quota))


@contextmanager
def side_by_side(workers: int) -> Iterator[Each]:
    """A `map` that runs so many calls at a time, each with its share of torch's threads; in order, and lazy for one.

    A pass of a small model over few tokens keeps few threads busy; passes side by side keep them all.
    """
    if workers == 1:
        yield map
        return
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(max(1, threads // workers),))
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)
        # torch gives the number that was set last to every thread that begins later.
        torch.set_num_threads(threads)


def _keep_memory() -> None:
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    # Other C libraries have no such function, and manage without.
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _KEPT)
        set_option(_M_TRIM_THRESHOLD, _KEPT)
        # Threads would take from heaps of their own, which are too small to keep much.
        set_option(_M_ARENA_MAX, 1)


def _cpu_quota() -> int | None:
    """Whole processors that a Linux container may use, None where nothing limits it."""
    try:
        quota, period = _QUOTA.read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, round(int(quota) / int(period)))
