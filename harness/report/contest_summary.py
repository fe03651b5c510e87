"""What a contest says, in plain sentences made of its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.contest import Analysis, Standing
from harness.report.literal import shortened
from harness.report.pairs import LEVEL

NAME = 100


def contest_sentences(analysis: Analysis) -> Iterator[str]:
    """Who ended with the lowest error, and whether that is shown."""
    entrants = [row for row in analysis.finals if not row.reference]
    regions, seeds = len(analysis.regions), len(analysis.seeds)
    yield (
        f"{len(entrants)} entrant{'s' * (len(entrants) != 1)} searched with {shortened(analysis.model, NAME)} in "
        f"{regions} region{'s' * (regions != 1)} with {seeds} seed{'s' * (seeds != 1)} each."
    )
    best = entrants[0]
    yield f"{best.label} ended with the lowest error on held-out wordings: {_error(best)}."
    if len(entrants) > 1:
        yield _second(analysis, best, entrants[1])
    yield from (
        f"{row.label}, which needs no model, is off by {row.mae.mean:.2f}." for row in analysis.finals if row.reference
    )


def _second(analysis: Analysis, best: Standing, second: Standing) -> str:
    text = f"Next comes {second.label} with {_error(second)}"
    names = {best.label, second.label}
    pair = next(one for one in analysis.comparisons[0].pairs if {one.one, one.other} == names)
    if pair.p is None:
        return f"{text}; there is no test of the difference."
    beaten = [one for one in analysis.comparisons[0].pairs if best.label in (one.one, one.other) and one.p_holm < LEVEL]
    verdict = "shown" if pair.p_holm < LEVEL else "not shown"
    return (
        f"{text}: a difference that is {verdict} (p {pair.p_holm:.2g} after Holm's correction over all pairs). By "
        f"that test {best.label} differs from {len(beaten)} of {len(analysis.running) - 1} others."
    )


def _error(row: Standing) -> str:
    own = row.mae
    interval = "" if own.low is None else f" (95 % interval {own.low:.2f} to {own.high:.2f})"
    return f"{own.mean:.2f} index points{interval}"
