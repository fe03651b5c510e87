"""Reading and writing the files of a run so that what fails is one line."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import ResumeError, RunError
from harness.inputs import RECORD_BYTES, Brought, parse_json, shown


def read_json(path: Path) -> Any:
    """The content of a file, None if it is not there.

    Raises:
        RunError: it cannot be read.
    """
    expected = "this harness wrote no such file"
    file = Brought(path, f"file {shown(path)}", RECORD_BYTES, expected, "give another run", RunError)
    raw = file.raw_if_there()
    if raw is None:
        return None
    try:
        return parse_json(file.decoded(raw))
    except ValueError as error:
        raise RunError(f"file {shown(path)} cannot be read ({error}): give another run") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns a failure to write below a run directory into one line.

    Raises:
        RunError: the disk is full, the folder read-only or the like.
    """
    try:
        yield
    except OSError as error:
        raise RunError(
            f"'{path}' cannot be written ({error.strerror or error}): mend that, or give --out another folder"
        ) from error


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
        sync_folder(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def open_plain(path: Path) -> int:
    """Opens a file of a run, or makes it, for reading and appending; never one that a link leads to.

    Raises:
        OSError: it cannot be opened.
        ResumeError: it is a link, a pipe or the like.
    """
    # Without blocking, so that a named pipe is refused and not waited for.
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
    strange = ResumeError(f"'{path}' is no plain file of this run: remove it, or begin anew with another --out")
    try:
        file = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise strange from error
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise strange
    return file


def sync_folder(folder: Path) -> None:
    """Waits until the disk knows the names in a folder; a file system that cannot be asked is believed."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def sync_files(folder: Path) -> None:
    """Waits until the disk has the files of a folder and their names."""
    for path in folder.iterdir():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    sync_folder(folder)
