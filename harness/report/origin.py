"""Where a run's numbers come from, as names and values to be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.records.contest import Contest
from harness.records.execution import ExecutionFacts
from harness.records.schema import Provenance, Record
from harness.report.execution import losses, machines, many, summary
from harness.report.notes import TIMES
from harness.report.settings import flatten, short


def provenance(record: Record) -> Iterator[tuple[str, str]]:
    """Model, machine and versions of a run."""
    model, origin = record.model, record.provenance
    yield "run id", record.run_id
    yield "started", record.started
    yield "model", model.name
    yield "weights", f"{model.digest}, {model.parameters} parameters, {model.dtype} on {model.device}"
    yield "specification", record.spec_digest
    for name, split in record.splits.items():
        yield f"{name} wordings", f"{split.digest}, {split.prompts} prompts"
    yield from _process(origin)
    if record.execution is not None:
        yield from _execution(record.execution)


def contest_provenance(contest: Contest) -> Iterator[tuple[str, str]]:
    """Model of a contest, and machine and versions of each process that worked on it."""
    model = contest.model
    yield "model", model.name
    yield "weights", f"{model.digest}, {model.parameters} parameters, {model.dtype} on {model.device}"
    yield "specification", contest.spec_digest
    for origin in contest.provenance:
        yield from _process(origin)


def _process(origin: Provenance) -> Iterator[tuple[str, str]]:
    yield "versions", ", ".join(f"{name} {version}" for name, version in origin.versions.items())
    if origin.git_revision is not None:
        yield "commit", origin.git_revision + (" with changes" if origin.git_dirty else "")
    yield "machine", _machine(origin.machine)
    yield "threads", str(origin.threads)
    # A resumed run may have been on others before.
    yield from (("before that", _machine(one)) for one in origin.earlier)


def _execution(facts: ExecutionFacts) -> Iterator[tuple[str, str]]:
    """Who answered; the machine of the run's own process is told before."""
    yield "workers", summary(facts).removeprefix("workers: ")
    yield "their times", TIMES
    for what, workers, nodes in machines(facts):
        yield "machine of workers", f"{what} ({many(workers, 'worker')} on {many(nodes, 'node')})"
    yield from (("lost", line) for line in losses(facts))


def _machine(facts: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)


def settings(record: Record) -> Iterator[tuple[str, str]]:
    """The settings of a run, with the names that its specification gives them."""
    yield from ((key, "-" if value is None else short(value)) for key, value in flatten(record.spec))


def contest_settings(contest: Contest) -> Iterator[tuple[str, str]]:
    """Regions and seeds of a contest, and the settings of each entrant."""
    spec = contest.spec
    yield "regions", short(spec.regions)
    yield "seeds", short(spec.seeds)
    for entrant in spec.entrants:
        own = (f"{key} {'-' if value is None else short(value)}" for key, value in flatten(entrant.settings))
        yield entrant.label, ", ".join(own)
