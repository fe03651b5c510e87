"""Running a session in its directory: begun, gone on with, or shown because it is finished."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, ResumeError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.records.run_directory import Inputs, RunDirectory
    from harness.records.schema import Record
    from harness.report.progress import Silent
    from harness.tuning.session import Session

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AT_ONCE = 5.0
"""Seconds after a signal in which another one says the same; what it interrupted is being put in order."""


class Stopped(BaseException):
    """A signal that asks the process to end, as a machine that goes away sends it.

    Not a `KeyboardInterrupt`, which Typer replaces by an exit code of its own.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


def execute(
    session: Session,
    out: Path,
    name: str,
    console: Console,
    quiet: bool,
    fresh: bool = False,
    inputs: Inputs | None = None,
    again: str = "",
    flags: Sequence[str] = (),
) -> tuple[RunDirectory, Record]:
    """Runs a session in the newest directory of its name below `out`, or in a new one; its progress is shown."""
    from harness.records.run_directory import RunDirectory

    known = None if fresh else RunDirectory.newest(out, name)
    directory = known or RunDirectory.create(out, name, session.spec.plain(), inputs, fresh)
    return directory, work_on(directory, session, console, quiet, inputs, known is None, again, flags)


def work_on(
    directory: RunDirectory,
    session: Session,
    console: Console,
    quiet: bool,
    inputs: Inputs | None = None,
    new: bool = False,
    again: str = "",
    flags: Sequence[str] = (),
) -> Record:
    """Does what a run still needs and returns its record; no other process may work in the directory meanwhile.

    Args:
        directory: of the run.
        session: what it works with.
        console: where progress is shown.
        quiet: shows none.
        inputs: where its files stand now.
        new: whether the directory was made for it.
        again: the command that goes on with it; by default that of the run alone.
        flags: that this command says who answers with.

    Raises:
        RunError: another process does, or the run was begun with something else; see `Session.run` too.
    """
    from harness.report.progress import watch

    total = len(session.spec.regions) * len(session.spec.optimizers) * session.spec.seeds
    with _stoppable(), directory.claimed() as left, watch(console, total, quiet) as watcher:
        if left:
            watcher.remark(f"the lock of {left}, is taken over: that process is gone")
        if directory.finished:
            return _finished(directory, session, watcher)
        if not directory.begun:
            directory.begin(session.spec.plain(), inputs)
        elif inputs is not None:
            # Files may have moved since, and the command that goes on looks for them here.
            directory.write_inputs(inputs)
        if not quiet:
            for line in _header(session, directory):
                watcher.remark(line)
        if not new and not directory.answered:
            watcher.remark(f"run {directory.path} was begun before and holds no answer: begins anew")
        try:
            return session.run(directory, watcher)
        except ResumeError:
            raise
        except HarnessError as error:
            if directory.discard():
                raise
            how = f"what was answered is kept, go on with: {again or resume_command(directory, session, flags)}"
            raise type(error)(f"{error}; {how}") from error
        except BaseException as error:
            kept = not directory.discard()
            # What is said now is the last that is seen.
            watcher.stop()
            if isinstance(error, (KeyboardInterrupt, Stopped)):
                watcher.remark("interrupted; " + ("what was answered is kept" if kept else "nothing was kept"))
            if kept:
                watcher.remark(f"go on with: {again or resume_command(directory, session, flags)}")
            raise


def resume_command(directory: RunDirectory, session: Session, flags: Sequence[str] = ()) -> str:
    """The command that goes on with a run, as it can be pasted into a shell; `flags` say who answers."""
    words = [*_invocation(), "resume", str(directory.path.absolute())]
    words += ["--trust-remote-code"] if session.spec.model.trust_remote_code else []
    words += flags
    return " ".join(map(_quoted, words))


def typed_command() -> str:
    """This command as it was typed, as it can be pasted into a shell."""
    return " ".join(map(_quoted, [*_invocation(), *sys.argv[1:]]))


def _quoted(word: str) -> str:
    """A word for any shell; what is not printed is spelt out, in octal numbers, which every shell reads."""
    if word.isprintable():
        return shlex.quote(word)
    octal = "".join(f"\\{byte:03o}" for byte in os.fsencode(word))
    return f"\"$(printf '{octal}')\""


def _invocation() -> list[str]:
    """How this program was called."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return [sys.executable, "-m", "harness"]
    if not called.exists():
        return ["harness"]
    found = shutil.which(called.name)
    return [called.name if found and os.path.samefile(found, called) else str(called)]


def _finished(directory: RunDirectory, session: Session, watcher: Silent) -> Record:
    from harness.tuning.opening import check_finished

    record = directory.read_record()
    check_finished(record, session.facts, directory.path)
    watcher.remark(
        f"run {directory.path} is finished, begun {record.started}: shown from its record; --fresh runs it again"
    )
    return record


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turns the signals that end a process into an interrupt, unless they are ignored, as `nohup` asks."""
    last = -_AT_ONCE

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _AT_ONCE:
            last = now
            raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number)

    before: dict[signal.Signals, Any] = {}
    for one in _SIGNALS:
        if signal.getsignal(one) != signal.SIG_IGN:
            before[one] = signal.signal(one, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _header(session: Session, directory: RunDirectory) -> list[str]:
    spec, model = session.spec, session.facts.identity
    names = ", ".join(one.name for one in spec.optimizers)
    lines = [
        f"run {directory.path}",
        f"model {spec.model.name} ({model.parameters / 1e6:.1f}M parameters, {model.device}), "
        f"{names} for {_many(len(spec.regions), 'region')}, "
        f"{_many(spec.budget, 'evaluation')} each, {_many(spec.tokens, 'virtual token')}, {_many(spec.seeds, 'seed')}",
    ]
    lines.append(f"answers checked against the model's own forward pass: {session.facts.gap:.1g} nats apart")
    lines += [model.note] if model.note else []
    incomplete = [region for region in session.brief.regions if region.missing]
    return lines + [f"{r.code} has no published {', '.join(r.missing)}: scored on the others" for r in incomplete]


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
