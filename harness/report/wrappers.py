"""Benchmarks of optimizers as rich renderables: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from harness.records.schema import Provenance
from harness.records.wrappers import AsksBenchmark, WrappersBenchmark
from harness.report.terminal import listing


def wrappers_table(result: WrappersBenchmark) -> Table:
    """Each wrapper against its library, and the library against itself."""
    rows = []
    for row in result.rows:
        for who, one, time in (
            (f"{row.optimizer} wrapper", row.ours, f"{row.times_as_long:.2f}"),
            (f"{row.raw} again", row.noise, ""),
        ):
            interval = f"[{one.low:+.2f}, {one.high:+.2f}]"
            counts = [str(one.better), str(one.worse)]
            rows.append([who, f"{one.median:+.3f}", interval, *counts, f"{one.p_holm:.2g}", time])
    headings = ["search", "log10", "95 %", "better", "worse", "p", "time"]
    return listing(headings, rows, "wrappers against the libraries they wrap", left=1)


def wrappers_notes(result: WrappersBenchmark) -> Iterable[str]:
    """What must be known to read the table."""
    problems = len(result.functions) * len(result.dimensions) * len(result.instances)
    yield (
        f"{result.suite}: {_counted(len(result.functions), 'function')} in "
        f"{', '.join(map(str, result.dimensions))} dimensions, {_counted(len(result.instances), 'instance')} each: "
        f"{problems} problems, {result.budget} evaluations per dimension"
    )
    yield (
        "error: lowest loss above the lowest possible one, at least 1e-8; log10: of the ratio of errors, median over "
        "the problems: 0 is equal, above 0 worse; its 95 % interval is by bootstrap over functions; better, worse: "
        "problems"
    )
    yield (
        "p: Wilcoxon's signed-rank test, two-sided, after Holm's correction over the optimizers; all seeds differ, so "
        "'again', the library with another seed, is what noise looks like; time: ask and tell, as a multiple of the "
        "library's"
    )
    worse = [row.optimizer for row in result.rows if row.loses]
    yield f"worse beyond noise: {', '.join(worse)}" if worse else "no wrapper is worse beyond noise"
    yield _machine(result.provenance)


def asks_table(result: AsksBenchmark) -> Table:
    """Seconds and memory of ask and tell."""
    rows = [
        [
            row.optimizer + "".join(f" {key}={value}" for key, value in row.settings.items()),
            f"{row.dimensions:,}",
            str(row.popsize),
            f"{1e3 * row.seconds.median:.3g}",
            f"{row.memory_mb:.0f}",
            f"{row.library_mb:.0f}",
        ]
        for row in sorted(result.rows, key=lambda row: (row.dimensions, row.optimizer, len(row.settings)))
    ]
    headings = ["optimizer", "dimensions", "popsize", "ms", "MB", "library"]
    return listing(headings, rows, "cost of a candidate, asked and told", left=1)


def asks_notes(result: AsksBenchmark) -> Iterable[str]:
    """What must be known to read the table."""
    yield (
        f"default settings, a budget of {result.budget} and {result.initial} initial rows; popsize: of the last "
        "generation; ms: for one candidate, median over generations"
    )
    yield (
        "MB: highest memory of a process above one that does all the rest; library: the same in 2 dimensions, mostly "
        "the code of the optimizer's library; 10^6 bytes"
    )
    yield _machine(result.provenance)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _machine(provenance: Provenance) -> str:
    versions = ", ".join(f"{name} {provenance.versions.get(name)}" for name in ("numpy", "pymoo", "cma"))
    return f"{provenance.machine.get('processor')}, {provenance.threads} threads, {versions}"
