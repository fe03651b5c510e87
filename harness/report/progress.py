"""Progress of a run on the terminal: live bars, plain lines where there is no terminal, or silence."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from harness.records.execution import ExecutionFacts, WorkerFacts
from harness.report.execution import at_work, crowd, digits, share
from harness.report.literal import literal, shortened
from harness.report.terminal import compact

PLAIN_SECONDS = 15.0
WIDE = 100
TUNING: Final = "tuning"
"""The phase in which workers are shown."""
CREW: Final = 8
"""Workers up to which each has a row."""
_HEADINGS: Final = ("worker", "node", "device", "busy", "candidates", "/s", "state")
_NAMES: Final = (8, 15, 8)
"""Characters of the first three on a narrow terminal."""
_NUMBERS: Final = range(3, 6)


class Generation(Protocol):
    """What is shown of a generation."""

    @property
    def optimizer(self) -> str:
        """Name of the optimizer."""

    @property
    def seed(self) -> int:
        """Which repetition."""

    @property
    def region(self) -> str:
        """The region at work, "" for the first sample."""

    @property
    def generation(self) -> int:
        """Generations of the region so far."""

    @property
    def evaluations(self) -> int:
        """Candidate evaluations of the run so far."""

    @property
    def best(self) -> float:
        """Mean best tuned error, index points."""

    @property
    def kept(self) -> int:
        """Evaluations of the run that were answered by an earlier process."""

    @property
    def regions_done(self) -> int:
        """Regions finished, over all optimizers and seeds."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:5.1f}/s" if task.speed else "", style="dim")


class _Detail(ProgressColumn):
    """What is cut where the terminal is narrow, before numbers are."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=False))

    def render(self, task: Task) -> Text:
        return Text(task.fields["detail"], no_wrap=True, overflow="ellipsis")


class _Board(Progress):
    """Bars, and below them those who work."""

    facts: ExecutionFacts | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        """Bars first: what does not fit the height of the terminal is cut below."""
        yield from super().get_renderables()
        if self.facts is not None:
            yield _crew(self.facts, self.console.width, self.console.height - len(self.tasks))


def _crew(facts: ExecutionFacts, width: int, height: int) -> RenderableType:
    """One line per worker, or one for all of them where they are many or the terminal is low."""
    if not 0 < len(facts.workers) <= min(CREW, height - 1):
        return Text(literal(crowd(facts)), style="dim")
    times = 2 if width >= WIDE else 1
    return compact(_HEADINGS, [tuple(_cells(one, times)) for one in facts.workers], width, _NUMBERS)


def _cells(one: WorkerFacts, times: int) -> Iterator[str]:
    """What a worker is and did, and its state; names may be so many times as long as on a narrow terminal."""
    for name, most in zip((one.name, one.node, one.device or "-"), _NAMES, strict=True):
        yield shortened(literal(name), most * times)
    yield share(one.busy, one.present)
    yield str(one.candidates)
    yield digits(one.candidates / one.present) if one.present else "-"
    yield f"lost: {one.lost}" if one.lost else "working"


class Log(Console):
    """Standard error; a log that nobody reads any more is no reason to stop."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Prints nothing from now on."""
        self.quiet = True


class Silent:
    """Shows no progress, and remarks alone."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._kept = 0

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def stop(self) -> None:
        """Shows nothing any more but remarks."""

    def phase(self, name: str, steps: int) -> None:
        """Ignored."""

    def step(self) -> None:
        """Ignored."""

    def workers(self, facts: ExecutionFacts) -> None:
        """Ignored."""

    def remark(self, line: str) -> None:
        """Prints the line."""
        self._print(literal(line))

    def tuning(self, progress: Generation, /) -> None:
        """Ignored."""

    def _goes_on(self, progress: Generation) -> bool:
        """Whether these evaluations were taken from a journal, which says nothing of how long the others take."""
        before, self._kept = self._kept, progress.kept
        return self._kept > before

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Bars(Silent):
    """Live bars, one per phase; below them the workers of a run that tunes."""

    def __init__(self, console: Console, regions: int) -> None:
        super().__init__(console)
        self._regions, self._name = regions, ""
        self._bars = _Board(
            TextColumn("{task.description:<9}"),
            *([BarColumn(bar_width=20)] if console.width >= WIDE else []),
            TextColumn("{task.completed:>5.0f}/{task.total:.0f}"),
            _Rate(Column(no_wrap=True)),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
            _Detail(),
            console=console,
            refresh_per_second=4,
            speed_estimate_period=60,
        )

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leaves the bars as they are, and what is said from now on below them."""
        self._bars.facts = None
        self._bars.stop()

    def phase(self, name: str, steps: int) -> None:
        """Adds a bar."""
        self._name, self._bars.facts = name, None
        self._task = self._bars.add_task(name, total=steps, detail="")

    def step(self) -> None:
        """Moves the bar by one."""
        self._bars.advance(self._task)

    def remark(self, line: str) -> None:
        """Prints the line above the bars."""
        self._print(literal(line))

    def tuning(self, progress: Generation, /) -> None:
        """Moves the bar to the evaluations done and shows the best error; regions may be done before the budget is."""
        where = f"generation {progress.generation}" if progress.region else "first sample"
        done = f"regions {progress.regions_done}/{self._regions}"
        over = progress.regions_done == self._regions
        detail = f"{'' if over else 'left, '}best {progress.best:.2f}, {done}, {progress.optimizer} {where}"
        if self._goes_on(progress):
            self._bars.reset(self._task, completed=progress.evaluations)
        total = progress.evaluations if over else None
        self._bars.update(self._task, completed=progress.evaluations, total=total, detail=detail)

    def workers(self, facts: ExecutionFacts) -> None:
        """Shows the workers from the next refresh on, until tuning is over."""
        if self._name == TUNING:
            self._bars.facts = facts


class Lines(Silent):
    """One plain line now and then, for logs."""

    def __init__(self, console: Console, regions: int) -> None:
        super().__init__(console)
        self._regions = regions
        self._began = self._last = time.monotonic()
        self._name, self._steps, self._done, self._before = "", 0, 0, 0
        self._over = False
        self._facts: ExecutionFacts | None = None

    def phase(self, name: str, steps: int) -> None:
        """Prints that a phase begins."""
        self._name, self._steps, self._done, self._facts = name, steps, 0, None
        self._began = self._last = time.monotonic()
        self._print(f"{name}: {steps} {'candidate evaluations' if name == TUNING else 'steps'}")

    def step(self) -> None:
        """Counts; prints when the phase ends or enough time has passed."""
        self._done += 1
        if self._done == self._steps or self._due():
            self._print(f"{self._name}: {self._done}/{self._steps}")

    def tuning(self, progress: Generation, /) -> None:
        """Prints the state if enough time has passed or the tuning is over."""
        if self._goes_on(progress):
            self._began, self._before = time.monotonic(), progress.evaluations
        over = progress.regions_done == self._regions
        if self._over or not (self._due() or over):
            return
        self._over = over
        spent = max(time.monotonic() - self._began, 1e-9)
        rate = (progress.evaluations - self._before) / spent
        left = (self._steps - progress.evaluations) / rate if rate else 0.0
        self._print(
            f"tuning: {progress.evaluations}/{self._steps} evaluations, {progress.optimizer} seed {progress.seed}, "
            f"generation {progress.generation}, best {progress.best:.2f}, regions done "
            f"{progress.regions_done}/{self._regions}, {rate:.1f} evaluations/s"
            + ("" if over else f", {left:.0f} s left")
        )
        if self._facts is not None:
            self._print(literal(at_work(self._facts)))

    def workers(self, facts: ExecutionFacts) -> None:
        """Keeps what the next line of tuning tells of the workers."""
        if self._name == TUNING:
            self._facts = facts

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._last < PLAIN_SECONDS:
            return False
        self._last = now
        return True


def watch(console: Console, regions: int, quiet: bool) -> Silent:
    """Chooses how progress is shown.

    Args:
        console: where it is printed.
        regions: how many regions will be done, over all optimizers and seeds.
        quiet: shows nothing.
    """
    if quiet:
        return Silent(console)
    return Bars(console, regions) if console.is_terminal else Lines(console, regions)
