"""The workers that answered a run: a table and sentences, for the terminal, for Markdown and for HTML.

Cells hold names as they stand in records: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.records.execution import ExecutionFacts, WorkerFacts
from harness.report.literal import shortened
from harness.report.sheets import Sheet

NAME: Final = 40
"""Characters of a name that are shown."""
SHORT: Final = 16
"""The same where a terminal is narrow."""
NARROW: Final = 100
"""Columns below which it is."""
REASON: Final = 200
"""Characters of why a worker is gone that are shown."""
TABLED: Final = range(2, 17)
"""Numbers of workers that a terminal shows one by one when a run is over."""
LOSSES: Final = 4
"""Lost workers that a terminal names when a run is over."""
ENOUGH: Final = 0.75
"""Part of the workers' time in which they worked that needs no advice."""
_WHOLE: Final = 100
"""From it on a number is shown without a fraction."""
_TENTHS: Final = 1
"""From it on a number is shown in tenths."""


def workers_sheet(facts: ExecutionFacts, most: int = NAME) -> Sheet:
    """One row per worker, lost ones too.

    Args:
        facts: of the workers.
        most: characters of a name that are shown.
    """
    headings = ("worker", "node", "device", "busy", "tasks", "candidates", "per second")
    lost = any(one.lost for one in facts.workers)
    rows = (
        (
            *(shortened(name, most) or "-" for name in (one.name, one.node, one.device)),
            share(one.busy, one.present),
            str(one.tasks),
            str(one.candidates),
            digits(one.candidates / one.present) if one.present else "-",
            *(["lost" if one.lost else ""] if lost else []),
        )
        for one in facts.workers
    )
    return Sheet("Workers", (*headings, *(["state"] if lost else [])), tuple(rows), left=(0, 1, 2))


def summary(facts: ExecutionFacts) -> str:
    """The workers of a record in one line."""
    named = "; ".join([facts.executor, *_missing(facts)])
    parts = [f"workers: {_count(facts)} ({named})", _busy(facts), f"{_speed(facts)} of all together"]
    if facts.candidates:
        parts.append(f"driver {digits(1e3 * facts.driver / facts.candidates)} ms per candidate")
    return ", ".join([*parts, *_mishaps(facts)])


def advice(facts: ExecutionFacts, shares: bool) -> str:
    """What would give workers more to do at once, where they had too little; "" where they had enough.

    Args:
        facts: of the workers.
        shares: whether the regions of the run shared what they evaluated.
    """
    if len(facts.workers) <= 1 or facts.utilisation >= ENOUGH:
        return ""
    ways = ["--block", "--no-share"] if shares else []
    return f"workers had too little to do at once: {', '.join([*ways, 'more optimizers or seeds'])} give them more"


def at_work(facts: ExecutionFacts) -> str:
    """The workers of a run at work, for a log."""
    missing = "".join(f" ({what})" for what in _missing(facts))
    return ", ".join([f"workers: {_count(facts)}{missing}", _busy(facts), _speed(facts), *_mishaps(facts)])


def crowd(facts: ExecutionFacts) -> str:
    """Many workers of a run at work; the one that works least is named, lost ones apart."""
    here = [one for one in facts.workers if not one.lost and one.present]
    parts = [_busy(facts)]
    if here:
        least = min(here, key=lambda one: one.busy / one.present)
        parts.append(f"lowest {shortened(least.name, NAME)} {share(least.busy, least.present)}")
    told = ", ".join([*parts, _speed(facts), *_mishaps(facts)])
    return f"{many(len(facts.workers), 'worker')} on {_nodes(facts)}: {told}"


def losses(facts: ExecutionFacts, most: int | None = None) -> Iterator[str]:
    """Which workers were lost, and why.

    Args:
        facts: of all workers.
        most: how many are told, all if None; the rest is counted.
    """
    lost = [one for one in facts.workers if one.lost]
    for one in lost[:most]:
        where = f"{shortened(one.name, NAME)} on {shortened(one.node, NAME)}"
        yield f"{where} was lost after {one.present:.0f} s: {shortened(one.lost, REASON)}"
    if most is not None and len(lost) > most:
        yield f"{len(lost) - most} more lost"


def machines(facts: ExecutionFacts) -> Iterator[tuple[str, int, int]]:
    """Each kind of machine that workers ran on, with how many workers and nodes that were."""
    alike: dict[str, list[WorkerFacts]] = {}
    for one in facts.workers:
        known = [f"{name} {value}" for name, value in one.machine.items() if value is not None]
        alike.setdefault(", ".join([*known, f"{many(one.threads, 'thread')} each"]), []).append(one)
    for what, workers in alike.items():
        yield what, len(workers), len({one.node for one in workers})


def many(number: int, what: str) -> str:
    """A number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def share(busy: float, present: float) -> str:
    """A part of a time in percent; "-" of no time."""
    return f"{100 * busy / present:.0f} %" if present else "-"


def digits(value: float) -> str:
    """A number of at least 0 in digits that matter."""
    return f"{value:.0f}" if value >= _WHOLE else f"{value:.1f}" if value >= _TENTHS else f"{value:.2g}"


def _count(facts: ExecutionFacts) -> str:
    """How many workers there were, lost ones too, and on how many nodes."""
    return f"{len(facts.workers)} on {_nodes(facts)}"


def _missing(facts: ExecutionFacts) -> list[str]:
    """How many there are of those that were asked for, where some are lost or were never started."""
    here = sum(not one.lost for one in facts.workers)
    return [f"{here} of {facts.wanted} are there"] if here < facts.wanted else []


def _nodes(facts: ExecutionFacts) -> str:
    return many(len({one.node for one in facts.workers}), "node")


def _busy(facts: ExecutionFacts) -> str:
    return f"busy {100 * facts.utilisation:.0f} %"


def _speed(facts: ExecutionFacts) -> str:
    return f"{digits(facts.throughput)} candidates/s"


def _mishaps(facts: ExecutionFacts) -> Iterator[str]:
    """What did not go as it should."""
    if lost := sum(bool(one.lost) for one in facts.workers):
        yield f"{lost} of them lost"
    if facts.retried:
        yield f"{many(facts.retried, 'task')} retried"
    if facts.resubmitted:
        yield f"{many(facts.resubmitted, 'task')} resubmitted"
