"""What workers gain and what a driver costs as rich renderables: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from harness.records.benchmark import Spread
from harness.records.executors import ExecutorBenchmark, Load, OverheadRow, ScalingRow
from harness.report.terminal import listing


def executor_tables(result: ExecutorBenchmark) -> list[Table]:
    """A table for each part that was measured."""
    tables = [_scaling(result.scaling)] if result.scaling else []
    tables += [_overhead(result.overhead)] if result.overhead else []
    return [*tables, _load(result.load)] if result.load else tables


def executor_notes(result: ExecutorBenchmark) -> Iterable[str]:
    """What must be known to read them."""
    if result.scaling:
        yield (
            "workers have the bundled respondent and one thread each; per second: candidates; driver: its own time for "
            "one, ms; of linear: rate over that of one worker in the "
            "same round, for each worker; no driver: the same where every worker has one long task, which is what the "
            "machine has to give; medians, and [lowest, highest] of the rounds"
        )
    if result.overhead:
        yield (
            "the driver's own time for a candidate, beside two workers that answer at once: what it takes to name, "
            "keep, send and receive one (seam), and all of that with de asking and being told (search)"
        )
    if load := result.load:
        yield (
            f"{load.workers} simulated workers, {load.candidates:,} candidates of {load.dimensions:,} numbers in "
            f"{load.searches} searches by de; a candidate takes {load.latency:g} s, log-normal with {load.spread:g}: "
            f"{load.utilisation:.1%} busy over {load.seconds:.0f} s, driver {load.driver_ms:.2f} ms per candidate, "
            f"{load.bytes_per_candidate:.0f} bytes more for each candidate in the second half"
        )
    machine, versions = result.provenance.machine, result.provenance.versions
    names = ", ".join(f"{name} {versions[name]}" for name in ("numpy", "ray") if name in versions)
    yield f"{machine.get('processor')}, {machine.get('cores')} cores, {names}"


def _scaling(rows: Sequence[ScalingRow]) -> Table:
    cells = [
        [
            str(row.workers),
            f"{row.candidates_per_second.median:.1f}",
            _spread(row.of_linear, 2),
            _spread(row.alone.times(rows[0].workers / row.workers), 2),
            f"{row.utilisation.median:.0%}",
            f"{row.driver_ms.median:.1f}",
        ]
        for row in rows
    ]
    headings = ["workers", "per second", "of linear", "no driver", "busy", "driver"]
    return listing(headings, cells, "what workers gain", left=0)


def _overhead(rows: Sequence[OverheadRow]) -> Table:
    cells = [[f"{row.dimensions:,}", _spread(row.seam, 2), _spread(row.search, 2)] for row in rows]
    return listing(["dimensions", "seam, ms", "search, ms"], cells, "what a candidate costs the driver", left=0)


def _load(load: Load) -> Table:
    cells = [
        [f"{one.candidates:,}", f"{one.driver_ms:.2f}", f"{one.memory_mb:.0f}", f"{one.utilisation:.1%}"]
        for one in load.curve
    ]
    headings = ["candidates", "driver ms", "memory MB", "busy"]
    return listing(headings, cells, f"the driver of {load.workers} workers", left=0)


def _spread(values: Spread, digits: int) -> str:
    """The median, and between which values the rounds lie where there are several."""
    shown = f"{values.median:.{digits}f}"
    return shown if values.low == values.high else f"{shown} [{values.low:.{digits}f}, {values.high:.{digits}f}]"
