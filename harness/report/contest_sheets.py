"""A contest as tables of text and sentences, which terminal and HTML show each in their own way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.report.contest import MEASURES, Analysis, Comparison, Standing, Summary
from harness.report.sheets import Sheet, whole

MOST_PAIRS: Final = 15
_MEASURES: Final = {"mae": "held-out wordings", "mae_tuned": "tuning wordings"}


def contest_sheets(analysis: Analysis) -> Iterator[Sheet]:
    """All tables, in the order they are read."""
    for measure in MEASURES:
        yield finals_sheet(analysis, measure)
    for comparison in analysis.comparisons:
        if comparison.pairs:
            yield comparison_sheet(analysis, comparison)
    if _telling(analysis):
        yield running_sheet(analysis)


def finals_sheet(analysis: Analysis, measure: str) -> Sheet:
    """Errors at the end by one measure, best first."""
    rows = []
    for row in sorted(analysis.finals, key=lambda row: _summary(row, measure).mean):
        own = _summary(row, measure)
        cells = [row.label, f"{own.mean:.2f}", _between(own.low, own.high, ".2f"), f"{own.median:.2f}"]
        rank = "" if own.rank is None else f"{own.rank:.2f}"
        cost = ("", "") if row.reference else (whole(row.evaluations), f"{row.seconds:.3g}")
        rows.append((*cells, rank, *cost))
    headings = ("entrant", "mean", "95 %", "median", "rank", "evaluations", "seconds")
    return Sheet(f"error at the end, {_MEASURES[measure]}", headings, tuple(rows), left=(0,))


def comparison_sheet(analysis: Analysis, comparison: Comparison) -> Sheet:
    """Pairs by one measure; where there are many, those with the entrant that is best."""
    pairs = comparison.pairs
    if len(pairs) > MOST_PAIRS:
        entrants = [row for row in analysis.finals if not row.reference]
        best = min(entrants, key=lambda row: _summary(row, comparison.measure).mean).label
        pairs = tuple(pair for pair in pairs if best in (pair.one, pair.other))
    rows = tuple(
        (
            f"{pair.one} - {pair.other}",
            f"{_rounded(pair.difference):+.2f}",
            _between(pair.low, pair.high, "+.2f"),
            f"{pair.wins}/{pair.losses}",
            "-" if pair.p is None else f"{pair.p:.2g}",
            "-" if pair.p is None else f"{pair.p_holm:.2g}",
        )
        for pair in pairs
    )
    headings = ("pair", "difference", "95 %", "lower/higher", "p", "p Holm")
    return Sheet(f"paired differences, {_MEASURES[comparison.measure]}", headings, rows, left=(0,))


def _summary(row: Standing, measure: str) -> Summary:
    return row.mae if measure == "mae" else row.mae_tuned


def _rounded(value: float) -> float:
    """As it is shown; what rounds to nothing has no sign."""
    return round(value, 2) + 0.0


def _between(low: float | None, high: float | None, form: str) -> str:
    return "-" if low is None or high is None else f"[{_rounded(low):{form}}, {_rounded(high):{form}}]"


def running_sheet(analysis: Analysis) -> Sheet:
    """Expected running times to the targets that tell entrants apart, the easiest first."""
    rows = []
    for place in _telling(analysis):
        cells = [_running(row.ert[place], row.successes[place], row.runs) for row in analysis.running]
        rows.append((f"{analysis.targets[place]:g}", *cells))
    headings = ("error", *(row.label for row in analysis.running))
    return Sheet("expected running time, evaluations", headings, tuple(rows), left=())


def _telling(analysis: Analysis) -> list[int]:
    """Places of the targets that are not the same for all entrants, as those are that the first sample reaches."""
    return [place for place, _ in enumerate(analysis.targets) if len({row.ert[place] for row in analysis.running}) > 1]


def _running(ert: float, successes: int, runs: int) -> str:
    if not successes:
        return "-"
    return f"{ert:.0f}" if successes == runs else f"{ert:.0f} ({successes}/{runs})"


def contest_notes(analysis: Analysis) -> Iterator[str]:
    """What must be known to read the tables."""
    if analysis.title:
        yield analysis.title
    regions, seeds = len(analysis.regions), len(analysis.seeds)
    yield (
        f"model {analysis.model}, {regions} region{'s' * (regions > 1)}, {seeds} seed{'s' * (seeds > 1)}; errors: mean "
        "absolute error in index points, lower is better, mae on held-out and tuned on tuning wordings; [ ]: 95 % "
        "interval, of a mean over regions and seeds, of a difference over regions; rank: mean over regions, 1 is best"
    )
    tests = [(_MEASURES[one.measure], one.friedman) for one in analysis.comparisons if one.friedman is not None]
    if tests:
        yield f"Friedman's test that all rank alike: {', '.join(f'p {p:.2g} on {name}' for name, p in tests)}"
    if count := len(analysis.comparisons[0].pairs):
        yield (
            "difference: median over regions of the first's error minus the second's, negative where the first is "
            "better; lower/higher: regions; p: Wilcoxon's signed-rank test over regions, p Holm: adjusted for all "
            f"{count} pairs"
        )
    if _telling(analysis):
        yield (
            "expected running time (ERT) to an error on the tuning wordings: evaluations of all cells until they were "
            "there or ended, per cell that got there (as many of all, where not all did); - none did; errors that all "
            "reach alike, or none, are left out"
        )
    elif count:
        yield "no error is reached by one entrant sooner than by another: there is no table of running times"
    for label, text in analysis.settings.items():
        if text:
            yield f"{label}: {text}"
    yield from analysis.notes
