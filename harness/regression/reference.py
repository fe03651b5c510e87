"""A baseline: a reference run, and what the same settings gave with other seeds."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import RunError
from harness.records.repeatability import Baseline, Repeated
from harness.records.schema import Record, SpecFacts
from harness.regression.metrics import Measured, elsewhere, measure, timed


def build(reference: Record, repeats: Sequence[Record]) -> Baseline:
    """Puts a run and its repeats together.

    Args:
        reference: the run.
        repeats: at least one, of the same settings with other seeds.

    Raises:
        RunError: a run lacks what another one has, or was timed on another kind of machine.
    """
    runs = [_measured(record) for record in (reference, *repeats)]
    for record, run in zip(repeats, runs[1:], strict=True):
        check_machine(reference, record)
        if odd := runs[0].keys() ^ run.keys():
            raise RunError(f"runs {reference.run_id} and {record.run_id} do not both have {', '.join(sorted(odd))}")
    return Baseline(
        run_id=reference.run_id,
        spec=reference.spec,
        spec_digest=reference.spec_digest,
        model=reference.model,
        splits=reference.splits,
        provenance=reference.provenance,
        repeats=tuple(record.spec_digest for record in repeats),
        measures=tuple(
            Repeated(
                metric=one.metric,
                values=tuple(run[label].value for run in runs),
                arithmetic=max(run[label].arithmetic for run in runs),
            )
            for label, one in runs[0].items()
        ),
    )


def check_timed(record: Record) -> None:
    """Refuses a run without calibrated times.

    Raises:
        RunError: it has none.
    """
    if timed(record):
        return
    if record.execution is not None:
        raise RunError(
            f"run {record.run_id} holds no calibrated times: workers answered it, whose times are not those of one "
            "machine; run it again with --fresh and without workers"
        )
    raise RunError(
        f"run {record.run_id} holds no calibrated times: an older version took none, and a run that goes on after "
        "its search is over has none; run it again with --fresh"
    )


def check_machine(reference: Record, repeat: Record) -> None:
    """Refuses a repeat whose times do not compare with those of the reference.

    Raises:
        RunError: it was done on another kind of machine, or with another number of threads.
    """
    if changed := elsewhere(reference.provenance, repeat.provenance):
        raise RunError(
            f"run {repeat.run_id} was done on another machine than {reference.run_id} ({'; '.join(changed)}): times of "
            "a baseline are of one; remove what was done elsewhere, and give the command as the run was made"
        )


def _measured(record: Record) -> dict[str, Measured]:
    check_timed(record)
    settings = SpecFacts.model_validate(record.spec)
    return measure(record, settings.regions, settings.seeds or 1)
