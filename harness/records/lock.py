"""One process at a time in a run directory."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from harness.errors import ResumeError
from harness.records.files import open_plain, writing

LOCK: Final = "lock"
_MOST_BYTES: Final = 4096
_NO_LOCKS: Final = (errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK, errno.EINVAL)


class Holder(BaseModel):
    """Who holds a lock."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


@contextmanager
def locked(folder: Path) -> Iterator[str]:
    """Keeps other processes out of a folder; the system lets go when the process ends, however it ends.

    Yields:
        Who left the lock behind, where that process is gone; "" where nobody did.

    Raises:
        ResumeError: another process holds it, or the lock cannot be written.
    """
    path = folder / LOCK
    with writing(path):
        file, enforced = _acquire(path)
    try:
        left = _holder(file)
        if left is not None and not enforced:
            _check_gone(left, path)
        mine = Holder(pid=os.getpid(), host=socket.gethostname(), since=_now())
        with writing(path):
            os.ftruncate(file, 0)
            os.pwrite(file, mine.model_dump_json().encode(), 0)
        try:
            yield str(left) if left else ""
        finally:
            # On a disk that has become read-only it stays, and is found stale.
            with suppress(OSError):
                path.unlink()
    finally:
        os.close(file)


def at_work(folder: Path) -> Holder | None:
    """Who works in a folder, as far as can be seen without asking for the lock: a process elsewhere is believed."""
    try:
        file = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        holder = _holder(file)
        if holder is not None:
            _check_gone(holder, folder / LOCK)
    except (OSError, ResumeError):
        return holder
    finally:
        os.close(file)
    return None


def _acquire(path: Path) -> tuple[int, bool]:
    """The open lock file, and whether the file system keeps others out."""
    while True:
        file = open_plain(path)
        enforced = True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(file)
            os.close(file)
            raise _taken(path, str(holder or "another process")) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                os.close(file)
                raise
            enforced = False
        # The one who held it may have removed the file between opening and locking.
        try:
            if os.path.samestat(os.stat(path), os.fstat(file)):
                return file, enforced
        except FileNotFoundError:
            pass
        os.close(file)


def _holder(file: int) -> Holder | None:
    """Who is named in a lock file; None where it names nobody."""
    content = os.pread(file, _MOST_BYTES, 0)
    try:
        return Holder.model_validate(json.loads(content)) if content else None
    except (ValueError, RecursionError, ValidationError):
        return None


def _check_gone(holder: Holder, path: Path) -> None:
    """Where the file system knows no locks, a process of this machine can be looked up; one elsewhere cannot."""
    if holder.host != socket.gethostname():
        raise ResumeError(
            f"run '{path.parent}' is held by {holder}, and this file system cannot tell whether that is still at work: "
            f"if it is gone, remove '{path}' and repeat the command"
        )
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return
    except PermissionError:
        pass
    raise _taken(path, str(holder))


def _taken(path: Path, holder: str) -> ResumeError:
    return ResumeError(
        f"run '{path.parent}' is being worked on by {holder}: wait for it or stop it, or give --fresh for a run of its "
        "own"
    )


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
