"""The flags that say who answers a run: this process, or the workers of a Ray cluster. They change no number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, output
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from rich.console import Console

    from harness.executors.ray_pool import RayPool
    from harness.executors.scheduler import Scheduler
    from harness.tuning.brief import Brief
    from harness.tuning.session import Session

EXECUTORS = ("local", "ray")
_PANEL = "Workers"

Executor = Annotated[
    str,
    typer.Option(
        "--executor", help="Who answers: local (this process) or ray, workers of a cluster.", rich_help_panel=_PANEL
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="Head node as HOST:PORT, auto for the cluster of this machine, or local to start one.",
        show_default="RAY_ADDRESS, else auto, else local",
        rich_help_panel=_PANEL,
    ),
]
CpusPerWorker = Annotated[
    int, typer.Option("--cpus-per-worker", help="Processors, and threads, of each Ray worker.", rich_help_panel=_PANEL)
]
GpusPerWorker = Annotated[
    float | None,
    typer.Option(
        "--gpus-per-worker",
        help="GPUs of each Ray worker; below 1 it shares one.",
        show_default="1 where there are any, a whole node's with --device-map",
        rich_help_panel=_PANEL,
    ),
]
RayWorkers = Annotated[
    int,
    typer.Option(
        "--workers", help="Ray workers, each with its own model; 0 is as many as fit.", rich_help_panel=_PANEL
    ),
]


@dataclass(frozen=True)
class Staffing:
    """Who answers.

    Attributes:
        executor: one of `EXECUTORS`.
        address: of a Ray cluster, None for the usual one.
        workers: of Ray, 0 for as many as fit.
        cpus, gpus: of each; None for as many GPUs as its model needs.
    """

    executor: str = "local"
    address: str | None = None
    workers: int = 0
    cpus: int = 1
    gpus: float | None = None

    @property
    def remote(self) -> bool:
        """Whether others than this process answer."""
        return self.executor != "local"

    @property
    def flags(self) -> list[str]:
        """As they are typed to have the same answer again."""
        if not self.remote:
            return []
        given = {"--ray-address": self.address, "--gpus-per-worker": None if self.gpus is None else f"{self.gpus:g}"}
        given |= {"--workers": str(self.workers or ""), "--cpus-per-worker": str(self.cpus) if self.cpus != 1 else ""}
        words = [word for flag, value in given.items() if value for word in (flag, value)]
        return ["--executor", self.executor, *words]

    def check(self, local_workers: bool = True) -> None:
        """Refuses flags that are out of range, or that nobody would follow.

        Args:
            local_workers: whether this process heeds a number of workers.

        Raises:
            UsageError: there are such.
        """
        if self.executor not in EXECUTORS:
            raise unknown_choice("executor", self.executor, EXECUTORS, "give --executor one of them")
        options.whole("--workers", self.workers, 0)
        options.whole("--cpus-per-worker", self.cpus, 1)
        if self.gpus is not None and not (
            0 <= self.gpus < 1 or (self.gpus.is_integer() and 0 < self.gpus < options.MOST)
        ):
            raise UsageError(
                f"--gpus-per-worker {self.gpus:g}: expected a whole number from 0, or a part of one GPU such as 0.5"
            )
        if self.remote:
            from harness.executors.ray_cluster import asked_address

            asked_address(self.address)
        else:
            self._check_local(local_workers)

    def _check_local(self, local_workers: bool) -> None:
        given = {
            "--ray-address": self.address is not None,
            "--cpus-per-worker": self.cpus != 1,
            "--gpus-per-worker": self.gpus is not None,
            "--workers": self.workers and not local_workers,
        }
        for flag in (name for name, there in given.items() if there):
            raise UsageError(f"{flag} is for workers of a Ray cluster: give --executor ray too, or leave it out")


@contextmanager
def staffed(brief: Brief, staffing: Staffing, console: Console, quiet: bool) -> Iterator[Session]:
    """A run with those who answer it, who are let go at the end.

    Args:
        brief: what the run is.
        staffing: who answers.
        console: where it is told that workers are started.
        quiet: whether it is not.

    Raises:
        HarnessError: a model cannot be loaded, or there is no such cluster.
    """
    from harness.tuning.session import Session

    if not staffing.remote:
        yield Session.of(brief, options.load_quietly(brief.spec.model))
        return

    def told(line: str) -> None:
        if not quiet:
            output.tell(console, line, soft_wrap=True)

    began = False
    executor = _scheduler(brief, staffing, told)
    try:
        session = Session.with_executor(brief, executor)
        began = True
        yield session
    except KeyboardInterrupt:
        if not began:
            told("interrupted; nothing was begun")
        raise
    finally:
        executor.close()


def _scheduler(brief: Brief, staffing: Staffing, told: Callable[[str], None]) -> Scheduler:
    from harness.executors.limits import Hooks
    from harness.executors.ray_cluster import Cluster
    from harness.executors.ray_pool import RayPool
    from harness.executors.scheduler import Scheduler
    from harness.tuning.hire import Hire, described, differences, gpus_of

    model = brief.spec.model
    # What this refuses by itself is refused before a cluster is looked for.
    gpus_of(model, 0, staffing.gpus)
    make = Hire.of(model, brief.questions, staffing.cpus)
    pool = RayPool(Cluster(staffing.address, staffing.cpus, lambda most: gpus_of(model, most, staffing.gpus)), make)
    try:
        # Where others have taken all of the room, one worker waits for some.
        wanted = staffing.workers or max(1, pool.room())
        told(_starting(wanted, pool, staffing))
        return Scheduler(pool, wanted, hooks=Hooks(told, differences, described))
    except BaseException:
        pool.close()
        raise


def _starting(wanted: int, pool: RayPool, staffing: Staffing) -> str:
    each = f"{staffing.cpus} CPU{'' if staffing.cpus == 1 else 's'}"
    each += f" and {pool.gpus:g} GPU{'' if pool.gpus == 1 else 's'}" if pool.gpus else ""
    line = f"starting {wanted} Ray worker{'' if wanted == 1 else 's'} of {each} each, {pool.where}"
    room = pool.room()
    return line if room >= wanted else f"{line}; the cluster has room for {room} now, and the others wait"
