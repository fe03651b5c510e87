"""A run beside a baseline: what is worse by more than repeated runs differ.

Source: ISO 5725-6 (1994), section 4: two results of one method differ by no more than the repeatability limit, 2.8
standard deviations, in 95 of 100 cases. A run is held against the mean of the baseline's runs, which scatters less than
a single one, so that fewer false alarms are to be expected than that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from statistics import fmean, stdev
from typing import Any, Final

from harness.errors import UsageError
from harness.records.differences import differences, first_difference
from harness.records.header import changed_versions
from harness.records.repeatability import AREAS, Baseline, Finding, Repeated, Status, Verdict
from harness.records.schema import Record, SpecFacts
from harness.regression.metrics import Measured, elsewhere, lacking, measure, timed

FACTOR: Final = 2.8
"""Standard deviations in the repeatability limit: 1.96, of the normal distribution, times the root of 2."""
DIGITS: Final = 9
_EXAM: Final = ("survey", "targets", "dimensions", "response", "respondents", "wordings", "instrument", "constants")
_OTHERWISE_SAID: Final = (*_EXAM, "regions", "seeds", "first_seed", "model", "scorer")
_SHOWN: Final = 8


def judge(
    baseline: Baseline, record: Record, areas: Collection[str] = AREAS, any_machine: bool = False, name: str = ""
) -> Verdict:
    """Holds a run against a baseline.

    Args:
        baseline: with at least two values of each metric.
        record: of the run.
        areas: those of `AREAS` in which something worse, or missing, fails the run; the others are shown.
        any_machine: judges times that were taken on another kind of machine than the baseline's too.
        name: of the run, its own by default.

    Raises:
        UsageError: the run was asked something else, so that its numbers do not compare.
    """
    _check_exam(baseline, record)
    settings = baseline.settings
    found = measure(record, settings.regions, settings.seeds or 1)
    here = any_machine or not elsewhere(baseline.provenance, record.provenance)
    findings = tuple(
        _finding(one, found.get(one.metric.label), one.metric.area in areas, here) for one in baseline.measures
    )
    return Verdict(
        baseline=baseline.run_id,
        run=name or record.run_id,
        passed=not any(finding.failed for finding in findings),
        findings=findings,
        notes=tuple(_notes(baseline, record, found)),
    )


def limit(repeated: Repeated) -> float:
    """By how much a run may be worse than the mean of the baseline's values.

    Where these are all the same, what the machine's arithmetic may change takes the place of their scatter. It is that
    of the baseline: a run that calculates worse shall not widen its own limit.
    """
    scatter = round(FACTOR * stdev(repeated.values), DIGITS)
    return scatter or repeated.arithmetic


def beyond(baseline: Baseline) -> list[str]:
    """The metrics by which the reference itself would fail, for which an unchanged run would be called worse."""
    return [one.metric.label for one in baseline.measures if _worse(one, one.values[0], fmean(one.values)) > limit(one)]


def _finding(repeated: Repeated, measured: Measured | None, gated: bool, here: bool) -> Finding:
    mean, most = fmean(repeated.values), limit(repeated)
    status: Status = "same"
    if measured is None:
        status = "missing"
    elif repeated.metric.area == "speed" and not here:
        status = "elsewhere"
    elif abs(harm := _worse(repeated, measured.value, mean)) > most:
        status = "worse" if harm > 0 else "better"
    return Finding(
        metric=repeated.metric,
        mean=mean,
        deviation=stdev(repeated.values),
        limit=most,
        value=measured.value if measured else None,
        status=status,
        gated=gated,
    )


def _worse(repeated: Repeated, value: float, mean: float) -> float:
    """By how much a value is worse than the mean, above 0 if it is."""
    return round((mean - value) if repeated.metric.higher_is_better else (value - mean), DIGITS)


def _check_exam(baseline: Baseline, record: Record) -> None:
    there, here = baseline.settings, SpecFacts.model_validate(record.spec)
    if there.seeds != here.seeds:
        raise UsageError(
            f"run {record.run_id} has {here.seeds} seeds, baseline {baseline.run_id} {there.seeds}: means over other "
            f"numbers of seeds scatter otherwise; run with --seeds {there.seeds}"
        )
    for name in _EXAM:
        one, other = (_identity(spec.get(name)) for spec in (baseline.spec, record.spec))
        if one != other:
            raise UsageError(
                f"run {record.run_id} was asked something else: {first_difference(one, other, name)}; compare runs "
                "with one survey, targets and way of answering, or make a baseline of this one"
            )
    for name in baseline.splits.keys() & record.splits.keys():
        if baseline.splits[name] != record.splits[name]:
            raise UsageError(
                f"run {record.run_id} was asked other {name} wordings than baseline {baseline.run_id}: make a new "
                "baseline"
            )


def _identity(setting: Any) -> Any:
    """A setting without the name of its file."""
    return setting.get("digest") if isinstance(setting, dict) else setting


def _notes(baseline: Baseline, record: Record, found: dict[str, Measured]) -> Iterator[str]:
    settings = baseline.settings
    known = {one.metric.method for one in baseline.measures}
    for method in record.methods:
        if method.method in known and (absent := lacking(method, settings.regions, settings.seeds or 1)):
            yield f"{method.method} lacks {_some(absent)}: it has no mean over the baseline's regions and seeds"
    new = [label for label in found if label not in {one.metric.label for one in baseline.measures}]
    if new:
        yield f"not in the baseline, and not judged: {_some(new)}"
    if record.model.digest != baseline.model.digest:
        yield f"the model is another one: {record.model.name} ({record.model.digest[:15]}), not {baseline.model.name}"
    there, here = (
        {name: value for name, value in spec.items() if name not in _OTHERWISE_SAID}
        for spec in (baseline.spec, record.spec)
    )
    if changed := list(differences(there, here)):
        yield f"settings that differ from the baseline's: {_some(changed, '; ')}"
    if changed := changed_versions(baseline.provenance.versions, record.provenance.versions):
        yield f"versions that differ: {_some(changed, '; ')}"
    if not timed(record):
        why = (
            "workers answered it; run it without them"
            if record.execution
            else "one that goes on after its search is over has none; give --fresh"
        )
        yield f"the run holds no calibrated times: {why}"
    if changed := elsewhere(baseline.provenance, record.provenance):
        yield (
            f"times were taken on another machine ({_some(changed, '; ')}), for which their limits say nothing; make a "
            "baseline there, or give --any-machine"
        )


def _some(names: list[str], between: str = ", ") -> str:
    rest = len(names) - _SHOWN
    return between.join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
