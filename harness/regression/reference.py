"""A baseline: a reference run, and what the same settings gave with other seeds."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import RunError
from harness.records.repeatability import Baseline, Repeated
from harness.records.schema import Record, SpecFacts
from harness.regression.metrics import Measured, measure


def build(reference: Record, repeats: Sequence[Record]) -> Baseline:
    """Puts a run and its repeats together.

    Args:
        reference: the run.
        repeats: at least one, of the same settings with other seeds.

    Raises:
        RunError: a run lacks what another one has.
    """
    runs = [_measured(record) for record in (reference, *repeats)]
    for record, run in zip(repeats, runs[1:], strict=True):
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


def _measured(record: Record) -> dict[str, Measured]:
    settings = SpecFacts.model_validate(record.spec)
    found = measure(record, settings.regions, settings.seeds or 1)
    if not any(one.metric.area == "speed" for one in found.values()):
        raise RunError(f"run {record.run_id} holds no calibrated times: run it again with this version, with --fresh")
    return found
