"""The beginning of a run, or its going on: what the journal says of it is held against what it is now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from pydantic import ValidationError

from harness.errors import ResumeError, one_line
from harness.records.header import JOURNAL_VERSION, Fact, Header, changed_versions, earlier, machine_facts
from harness.records.journal import ANSWERS, Journal, Line
from harness.records.schema import Provenance, Record
from harness.tuning.ledger import Kept
from harness.tuning.spec import RunSpec
from harness.tuning.worker import ModelFacts

Tell = Callable[[str], None]
"""Takes a line for whoever watches."""


@dataclass(frozen=True)
class Opened:
    """A run that has begun.

    Attributes:
        ledger: knows what was answered.
        started: when it began, UTC, ISO 8601.
        provenance: of this process, with the machines of earlier ones.
    """

    ledger: Kept
    started: str
    provenance: Provenance


def open_run(journal: Journal, spec: RunSpec, model: ModelFacts, executor: str, tell: Tell) -> Opened:
    """Begins a run in an empty journal, or goes on with it.

    Args:
        journal: of the run.
        spec: what it is.
        model: that answers now.
        executor: that has it answer.
        tell: is told how the run goes on.

    Raises:
        ResumeError: the journal is of a run that would go another way, of a newer version, or not one of a run.
    """
    provenance, now = model.provenance, datetime.now(timezone.utc).isoformat(timespec="seconds")
    facts = machine_facts(provenance, executor)
    header = Header(
        spec=spec.plain(), spec_digest=spec.digest, model=model.identity, versions=provenance.versions, started=now
    )
    answers: list[Line] = []
    sessions: list[dict[str, Fact]] = []
    if journal.lines:
        header = _checked(journal, header)
        for line in journal.lines[1:]:
            if ANSWERS in line.entry:
                answers.append(line)
            elif isinstance(line.entry.get("machine"), dict):
                sessions.append(line.entry["machine"])
            else:
                raise ResumeError(f"journal '{journal.path}', line {line.number}: holds neither answers nor a process")
        _tell_of_resuming(journal, answers, earlier(sessions, facts), facts, tell)
    else:
        journal.append(header.entry())
    journal.append({"phase": "process", "began": now, "machine": facts})
    return Opened(
        Kept(journal, answers),
        header.started,
        provenance.model_copy(update={"earlier": earlier(sessions, facts)}),
    )


def check_finished(record: Record, model: ModelFacts, path: object) -> None:
    """Refuses a finished run as the answer to a command that would give other numbers now.

    Raises:
        ResumeError: weights or libraries are others.
    """
    found = changed_versions(record.provenance.versions, model.provenance.versions)
    if record.model.digest != model.identity.digest:
        found.insert(0, f"the model's digest is {record.model.digest[:15]} there, {model.identity.digest[:15]} here")
    if found:
        raise ResumeError(
            f"run '{path}' is finished, and would give other numbers now: {'; '.join(found)}; give --fresh to run it "
            f"again beside it, or see it with 'harness leaderboard {path}'"
        )


def _checked(journal: Journal, now: Header) -> Header:
    """The header of a journal, after it was held against what is now."""
    entry = journal.lines[0].entry
    version = entry.get("journal")
    if isinstance(version, int) and version > JOURNAL_VERSION:
        raise ResumeError(
            f"journal '{journal.path}' has version {version}: this harness reads up to {JOURNAL_VERSION}; go on with a "
            "newer vsm-harness, or begin anew with 'harness run --fresh'"
        )
    try:
        known = Header.model_validate(entry)
    except ValidationError as error:
        raise ResumeError(
            f"journal '{journal.path}', line 1: {one_line(error.errors())}; begin anew with --fresh"
        ) from error
    if found := known.differences(now):
        raise ResumeError(
            f"run '{journal.path.parent}' was begun with something else: {'; '.join(found)}; go on with what it was "
            "begun with, or begin anew with 'harness run --fresh'"
        )
    return known


def _tell_of_resuming(
    journal: Journal, answers: list[Line], others: tuple[dict[str, Fact], ...], facts: dict[str, Fact], tell: Tell
) -> None:
    tell(
        f"going on with {journal.path.parent}: {len(answers)} lines of answers are in its journal, with "
        f"{sum(line.evaluations for line in answers)} evaluations of the search"
    )
    if journal.torn:
        tell(f"the journal's last line was cut off ({journal.torn} bytes): what it held is done again")
    for other in others:
        changed = [
            f"{name} {other.get(name)} then, {facts.get(name)} now" for name in facts if other.get(name) != facts[name]
        ]
        tell(f"an earlier process ran elsewhere ({', '.join(changed)}): last digits may differ, and the record says so")
