"""What a run would take: how often each of its parts is done, times what that took in a trial."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.checks.trial import Measured
from harness.records.benchmark import Spread
from harness.records.readiness import Estimate, Portion
from harness.tuning.counts import Counts, count
from harness.tuning.spec import REFERENCE, RunSpec

_SURER: Final = (0.9, 1.25)
"""By how much a range is widened: a trial of seconds does not see how a machine differs from itself over minutes."""
_HOUR: Final = 3600.0


def estimate(spec: RunSpec, measured: Measured, loaded: float, price_per_hour: float | None = None) -> Estimate:
    """Adds up a run.

    Args:
        spec: the run.
        measured: in the trial.
        loaded: seconds that loading the model and planning took.
        price_per_hour: of the machine, in the user's currency.
    """
    portions = tuple(_portions(spec, count(spec, measured.layouts), measured, loaded))
    middle, low, high = (
        sum(one.times * getattr(one.seconds, name) for one in portions) for name in ("median", "low", "high")
    )
    seconds = Spread(median=middle, low=low * _SURER[0], high=high * _SURER[1])
    return Estimate(
        evaluations=sum(one.evaluations for one in portions),
        seconds_per_evaluation=measured.seconds["tuning"],
        candidates=measured.together,
        rounds=measured.rounds,
        portions=portions,
        seconds=seconds,
        price_per_hour=price_per_hour,
        cost=None if price_per_hour is None else seconds.times(price_per_hour / _HOUR),
    )


def _portions(spec: RunSpec, counts: Counts, measured: Measured, loaded: float) -> Iterator[Portion]:
    seconds, once = measured.seconds, loaded + measured.prepared
    yield Portion(part="set-up", times=1, evaluations=0, seconds=Spread.of([once]))
    # The naive answers are the same for every region.
    for name, times in (("naive", 1), ("persona", counts.regions), ("icl", counts.regions)):
        yield Portion(part=name, times=times, evaluations=times * counts.splits, seconds=seconds[name])
    # What is remembered counts against the budget of each search and is answered once.
    name, evaluations = ("tuning", counts.asked) if counts.asked else ("first sample", counts.answered)
    yield Portion(part=name, times=counts.answered, evaluations=evaluations, seconds=seconds["tuning"])
    if counts.asked:
        each = counts.asked // len(measured.own)
        for name, own in measured.own.items():
            yield Portion(part=f"{name} itself", times=each, evaluations=0, seconds=own)
    if counts.steps:
        yield Portion(part=REFERENCE, times=counts.steps, evaluations=counts.steps, seconds=seconds[REFERENCE])
    exam = seconds["held-out"]
    if spec.finalists > 1:
        chosen = counts.searches * spec.finalists
        yield Portion(part="finalists", times=counts.searches, evaluations=chosen, seconds=seconds["finalists"])
    for name, times in (("held-out", counts.searches), ("null rows", counts.nulls)):
        yield Portion(part=name, times=times, evaluations=times * counts.splits, seconds=exam)
