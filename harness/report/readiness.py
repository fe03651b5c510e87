"""Whether a run can begin as rich renderables and lines: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from harness.records.benchmark import Spread
from harness.records.readiness import Estimate, Readiness
from harness.report.terminal import listing

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def findings_table(result: Readiness) -> Table:
    """Every check with what it found."""
    rows = [[one.check, one.state, one.text] for one in result.findings]
    table = listing(["check", "state", "found"], rows, f"run {result.run}" if result.run else "run")
    for column in table.columns[:2]:
        column.no_wrap = True
    return table


def problem_lines(result: Readiness) -> Iterator[str]:
    """The problems, numbered."""
    problems = [one for one in result.findings if one.state == "problem"]
    for number, one in enumerate(problems, start=1):
        yield f"{number} of {len(problems)}, {one.check}: {one.text}"


def waiting_line(result: Readiness) -> str:
    """What the problems keep from being checked; "" for nothing."""
    waiting = dict.fromkeys(one.check for one in result.findings if one.state == "not checked")
    return f"not checked until those are mended: {', '.join(waiting)}" if waiting else ""


def estimate_table(result: Estimate) -> Table:
    """The parts of the run with what each would take."""
    rows = []
    for one in result.portions:
        whole = one.seconds.times(one.times)
        evaluations = str(one.evaluations) if one.evaluations else "-"
        rows.append([one.part, str(one.times), evaluations, _each(one.seconds), duration(whole.median)])
    headings = ["part", "times", "evaluations", "ms each", "time"]
    return listing(headings, rows, "estimate", left=1)


def estimate_lines(result: Estimate, rest: float) -> Iterator[str]:
    """The sum, and what must be known to believe it.

    Args:
        result: of the trial.
        rest: the tuned error at which a search ends, index points.
    """
    each = result.seconds_per_evaluation
    yield (
        f"at most {result.evaluations} evaluations; while tuning {_each(each)} ms for each, measured on "
        f"{result.candidates} candidates together in {result.rounds} rounds"
    )
    cost = ""
    if result.cost is not None and result.price_per_hour is not None:
        low, high = money(result.cost.low), money(result.cost.high)
        cost = f", cost about {low if low == high else f'{low} to {high}'} at {result.price_per_hour:g} an hour"
    yield f"estimated time {span(result.seconds)}{cost}"
    yield (
        f"the range is wider than the trial's; another load of the machine is not in it, and a search ends before its "
        f"budget at a tuned error of {rest:g}"
    )


def span(seconds: Spread) -> str:
    """A range of time such as "3 min 10 s to 4 min"."""
    low, high = duration(seconds.low), duration(seconds.high)
    return low if low == high else f"{low} to {high}"


def duration(seconds: float) -> str:
    """A time in one or two units, to about two or three digits."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    for size, unit, smaller, small in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        whole, left = divmod(round(seconds / smaller), round(size / smaller))
        if whole:
            return f"{whole} {unit}" + (f" {left} {small}" if left and whole < 10 else "")
    return f"{seconds:.0f} s"


def money(amount: float) -> str:
    """An amount to the hundredth, or to one digit where it is smaller."""
    return f"{amount:.2f}" if amount >= 0.01 else f"{amount:.1g}"


def _each(seconds: Spread) -> str:
    median, low, high = (_thousandths(one) for one in (seconds.median, seconds.low, seconds.high))
    return f"{median} [{low}, {high}]"


def _thousandths(seconds: float) -> str:
    number = 1e3 * seconds
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"
