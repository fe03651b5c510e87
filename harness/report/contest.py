"""From a contest's record to what its tables, plots and JSON show: pure functions on values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np

from harness.records.contest import Cell, Contest
from harness.report import contest_statistics as numbers
from harness.report.contest_statistics import TARGETS
from harness.report.notes import partial_note
from harness.report.settings import differences
from harness.report.statistics import DIGITS, Floats, holm, interval, wilcoxon

MEASURES: Final = ("mae", "mae_tuned")
"""Held out, the headline, and on the wordings that the optimizers saw."""
GRID: Final = 500
"""Points of a curve at most; up to this number of evaluations a curve is exact."""


@dataclass(frozen=True)
class Summary:
    """Errors over regions, each the mean over its seeds; index points.

    Attributes:
        low, high: 95 % interval of the mean over regions and seeds; see `statistics.interval`.
        rank: mean rank over regions among the entrants, 1 is best; None for what is no entrant.
        values: of each region.
    """

    mean: float
    median: float
    low: float | None
    high: float | None
    rank: float | None
    values: tuple[float, ...]


@dataclass(frozen=True)
class Standing:
    """An entrant at its end, or a method that needs no model (`reference`); evaluations and seconds per cell."""

    label: str
    mae: Summary
    mae_tuned: Summary
    evaluations: float = 0.0
    seconds: float = 0.0
    reference: bool = False


@dataclass(frozen=True)
class Pair:
    """Two entrants in the same regions, each the mean over its seeds.

    Attributes:
        wins, losses: regions in which `one` has the lower error, and the higher one.
        difference: median over regions of the error of `one` minus that of `other`, index points.
        low, high: its 95 % bootstrap interval; None for one region.
        p: of Wilcoxon's signed-rank test, None where that is not defined.
        p_holm: the same, adjusted for the number of pairs; an undefined one counts as 1.
    """

    one: str
    other: str
    wins: int
    losses: int
    difference: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float


@dataclass(frozen=True)
class Comparison:
    """All pairs by one measure, and Friedman's p over all entrants, None where it is not defined."""

    measure: str
    regions: int
    friedman: float | None
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Running:
    """Expected running time of an entrant to each target, in evaluations per region; inf where no run reached it.

    Attributes:
        successes: runs that reached each target, out of `runs`.
    """

    label: str
    ert: tuple[float, ...]
    successes: tuple[int, ...]
    runs: int


@dataclass(frozen=True)
class Course:
    """How an entrant's error on the tuning wordings fell, over all its cells.

    Attributes:
        evaluations: per region, to the end of the entrant's longest cell.
        low, median, high: quartiles and median of the best error so far; NaN while a cell has none.
        reached: share of all cells and targets that were reached.
    """

    label: str
    evaluations: tuple[float, ...]
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    reached: tuple[float, ...]


@dataclass(frozen=True)
class Analysis:
    """Everything that is shown of a contest; `finals` best first by held-out error, the rest in the entrants' order.

    Attributes:
        settings: per entrant, those in which another one differs.
        notes: what must be known to read the numbers.
    """

    title: str
    model: str
    regions: tuple[str, ...]
    seeds: tuple[int, ...]
    finals: tuple[Standing, ...]
    comparisons: tuple[Comparison, ...]
    targets: tuple[float, ...]
    running: tuple[Running, ...]
    courses: tuple[Course, ...]
    settings: dict[str, str]
    notes: tuple[str, ...]


def analyse(contest: Contest, targets: Sequence[float] = TARGETS) -> Analysis:
    """Computes everything that is shown of a contest.

    Args:
        contest: the record.
        targets: errors on the tuning wordings to which run lengths are taken, index points.
    """
    spec = contest.spec
    cells = {label: [cell for cell in contest.cells if cell.entrant == label] for label in spec.labels}
    points = grid(max(cell.evaluations for cell in contest.cells))
    return Analysis(
        title=spec.title,
        model=contest.model.name,
        regions=spec.regions,
        seeds=spec.seeds,
        finals=tuple(_finals(contest, cells)),
        comparisons=tuple(_comparison(contest, measure) for measure in MEASURES),
        targets=tuple(targets),
        running=tuple(_running(label, own, targets) for label, own in cells.items()),
        courses=tuple(
            course(label, [cell.curve for cell in own], max(cell.evaluations for cell in own), targets, points)
            for label, own in cells.items()
        ),
        settings=differences({entrant.label: entrant.settings for entrant in spec.entrants}),
        notes=tuple(_notes(contest)),
    )


def to_plain(analysis: Analysis) -> dict[str, Any]:
    """The analysis as JSON values; what is not a number (a target never reached) is None."""
    plain = _plain(asdict(analysis))
    return plain if isinstance(plain, dict) else {}


def matrix(contest: Contest, measure: str) -> Floats:
    """(E, R) errors of entrants in regions by "mae" or "mae_tuned", means over the seeds, which are not independent."""
    means: Floats = _errors(contest, measure).mean(axis=2)
    return means


def _errors(contest: Contest, measure: str) -> Floats:
    """(E, R, S) errors of entrants in regions with each seed."""
    spec = contest.spec
    values = [getattr(cell, measure) for cell in contest.cells]
    return np.array(values, dtype=np.float64).reshape(len(spec.entrants), len(spec.regions), len(spec.seeds))


def _finals(contest: Contest, cells: dict[str, list[Cell]]) -> Iterator[Standing]:
    errors = {measure: _errors(contest, measure) for measure in MEASURES}
    ranks = {measure: numbers.ranks(matrix(contest, measure)).mean(axis=1) for measure in MEASURES}
    rows = [
        Standing(
            label=label,
            mae=_summary(errors["mae"][place], float(ranks["mae"][place])),
            mae_tuned=_summary(errors["mae_tuned"][place], float(ranks["mae_tuned"][place])),
            evaluations=float(np.mean([cell.evaluations for cell in own])),
            seconds=float(np.mean([cell.seconds for cell in own])),
        )
        for place, (label, own) in enumerate(cells.items())
    ]
    for name, per_region in contest.references.items():
        own = _summary(np.array([[per_region[code]] for code in contest.spec.regions]))
        rows.append(Standing(name, own, own, reference=True))
    yield from sorted(rows, key=lambda row: row.mae.mean)


def _summary(errors: Floats, rank: float | None = None) -> Summary:
    low, high = interval(errors, least=0.0)
    means = errors.mean(axis=1)
    return Summary(float(means.mean()), float(np.median(means)), low, high, rank, tuple(means.tolist()))


def _comparison(contest: Contest, measure: str) -> Comparison:
    errors = matrix(contest, measure)
    couples = list(combinations(range(len(errors)), 2))
    gaps = [np.round(errors[one] - errors[other], DIGITS) for one, other in couples]
    raw = [wilcoxon(gap) for gap in gaps]
    adjusted = holm([1.0 if p is None else p for p in raw])
    labels = contest.spec.labels
    pairs = []
    for (one, other), gap, p, p_holm in zip(couples, gaps, raw, adjusted, strict=True):
        low, high = numbers.bootstrap(gap)
        wins, losses = int((gap < 0).sum()), int((gap > 0).sum())
        pairs.append(Pair(labels[one], labels[other], wins, losses, float(np.median(gap)), low, high, p, p_holm))
    return Comparison(measure, errors.shape[1], numbers.friedman(errors), tuple(pairs))


def _running(label: str, cells: Sequence[Cell], targets: Sequence[float]) -> Running:
    lengths = numbers.run_lengths([cell.curve for cell in cells], targets)
    spent = np.array([cell.evaluations for cell in cells])
    return Running(
        label,
        ert=tuple(numbers.expected_running_time(column, spent) for column in lengths.T),
        successes=tuple(int(count) for count in np.isfinite(lengths).sum(axis=0)),
        runs=len(cells),
    )


def course(
    label: str, curves: Sequence[numbers.Curve], last: float, targets: Sequence[float], points: Floats
) -> Course:
    """How errors fell over all curves of one method.

    Args:
        label: of the method.
        curves: one per region and seed, not empty.
        last: evaluations of the longest search.
        targets: errors that count as reached, index points.
        points: evaluations at which the curves are read; see `grid`.
    """
    own = np.unique([*points[points <= last], last])
    low, median, high = numbers.bands(curves, own)
    reached = numbers.ecdf(numbers.run_lengths(curves, targets), own)
    return Course(label, *(tuple(row.tolist()) for row in (own, low, median, high, reached)))


def grid(most: float) -> Floats:
    """Evaluations at which curves are shown: whole numbers, evenly spaced on a log axis where there are many."""
    most = max(1.0, most)
    found: Floats = np.arange(1.0, most + 1) if most <= GRID else np.unique(np.round(np.geomspace(1.0, most, GRID)))
    return found


def _notes(contest: Contest) -> Iterator[str]:
    spec = contest.spec
    if contest.model.note:
        yield contest.model.note
    yield "one model, one survey: how optimizers compare on others is not known from this"
    regions = len(spec.regions)
    if regions < 2:
        yield "one region: no test and no interval over regions"
    elif regions < 6:
        yield f"{regions} regions: no signed-rank test can give a p below {2 / 2**regions:.3g}, however large the gap"
    if len(spec.seeds) < 2:
        yield "one seed: luck of the seed is part of every number"
    if any(entrant.settings.get("share") for entrant in spec.entrants) and regions > 1:
        yield (
            "entrants with share tuned all regions of a seed in one search: each region chose among the "
            "candidates of all, and their cells depend on each other, which tests and intervals do not know"
        )
    if len({entrant.settings.get("budget") for entrant in spec.entrants}) > 1:
        yield "entrants have different budgets: compare their curves at equal evaluations, not their ends"
    for region, dimensions in contest.missing.items():
        yield partial_note(region, dimensions)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
