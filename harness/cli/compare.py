"""`harness baseline` and `harness compare`: the regression gate."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, output
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.records.repeatability import Verdict
    from harness.records.run_directory import RunDirectory
    from harness.records.schema import Record

REGRESSION = 1
"""Exit code of a run that is worse than its baseline."""
MOST_REPEATS = 1000
FEW = 5
"""Repeats below which a limit is little more than a guess."""
REPEATS = "repeats"
"""Folder of a run in which its repeats are kept."""
Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="Directory of a finished run, or a folder that holds one run alone.")
]


def baseline(
    run: Run,
    out: Annotated[Path, typer.Option("--out", help="File for the baseline, such as results/baselines/NAME.json.")],
    repeats: Annotated[
        int, typer.Option("--repeats", help="Runs with other seeds, from 2; the run itself is one more.")
    ] = 5,
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    trust_remote_code: options.TrustRemoteCode = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Measure how far runs with these settings differ from each other, and keep it as a baseline.

    The run is repeated with other seeds, in its folder. An interrupted baseline goes on when given again.
    """
    from harness.records.run_directory import RECORD, the_run
    from harness.regression.judge import beyond, limit
    from harness.regression.reference import build, check_timed
    from harness.report.terminal import SheetView
    from harness.report.verdict import repeated_sheet

    options.whole("--repeats", repeats, 2, MOST_REPEATS)
    output.check_file(out)
    directory = the_run(run)
    _check_apart({"--out": out}, [directory.path / RECORD])
    reference = directory.read_record()
    check_timed(reference)
    records = _repeated(directory, reference, repeats, (survey, targets, trust_remote_code, quiet))
    made = build(reference, records)
    sheet = repeated_sheet(made.measures, tuple(map(limit, made.measures)))
    notes = [
        f"limit: by how much a run may be worse than the mean, 2.8 standard deviations of {repeats + 1} runs, or what "
        "the machine's arithmetic may change; nothing smaller is seen"
    ]
    if repeats < FEW:
        notes.append(f"{repeats + 1} runs tell a standard deviation poorly: --repeats {FEW} or more are better")
    if odd := beyond(made):
        notes.append(
            f"the run itself lies beyond the limit ({', '.join(odd)}): an unchanged run would fail; take another"
        )
    output.finish(made.model_dump_json(indent=1), [SheetView(sheet)], [*notes, f"baseline: {out}"], out, as_json)


def compare(
    run: Run,
    reference: Annotated[Path, typer.Option("--baseline", help="File that harness baseline wrote.")],
    gate: Annotated[
        str, typer.Option("--gate", help="What fails the run, of quality, cost and speed; the rest is shown.")
    ] = "quality,cost,speed",
    any_machine: Annotated[
        bool, typer.Option("--any-machine/--same-machine", help="Judge times of another kind of machine too.")
    ] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="File for JUnit's XML.", rich_help_panel="Output")
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", help="File for Markdown, such as a job's summary.", rich_help_panel="Output"),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Hold a run against a baseline: exit code 0 if nothing is worse than repeated runs differ, else 1."""
    from harness.records.kinds import BASELINE
    from harness.records.run_directory import RECORD, the_run
    from harness.records.versions import read_versioned
    from harness.regression.judge import judge

    areas = _areas(gate)
    for flag, file in (("--junit", junit), ("--markdown", markdown)):
        output.check_file(file, flag)
    directory = the_run(run)
    _check_apart({"--junit": junit, "--markdown": markdown}, [reference, directory.path / RECORD])
    known = read_versioned(reference, BASELINE)
    verdict = judge(known, directory.read_record(), areas, any_machine, str(directory.path))
    _show(verdict, junit, markdown, as_json)
    if not verdict.passed:
        raise typer.Exit(REGRESSION)


def _check_apart(written: Mapping[str, Path | None], read: Sequence[Path]) -> None:
    """Refuses a file that would be written over what is read, or over another result.

    Raises:
        UsageError: two are one.
    """
    taken = {os.path.realpath(path): "is read" for path in read}
    for flag, path in written.items():
        if path is None:
            continue
        if reason := taken.get(os.path.realpath(path)):
            raise UsageError(f"{flag} {path}: {reason} by this command, and would be overwritten; give another file")
        taken[os.path.realpath(path)] = f"is written as {flag}"


def _areas(text: str) -> list[str]:
    from harness.records.repeatability import AREAS

    areas = [name.strip().lower() for name in text.split(",") if name.strip()]
    for name in areas:
        if name not in AREAS:
            raise unknown_choice("area", name, AREAS, "give --gate some of them, separated by commas")
    if not areas:
        raise UsageError(f"--gate '{text}': expected some of {', '.join(AREAS)}, separated by commas")
    return areas


def _repeated(
    directory: RunDirectory, reference: Record, repeats: int, given: tuple[Path | None, Path | None, bool, bool]
) -> list[Record]:
    """The run with other seeds, each in a folder of its own below it."""
    from dataclasses import replace

    from harness.cli import execution, resuming
    from harness.cli.run_settings import name
    from harness.regression.metrics import timed
    from harness.regression.reference import check_machine
    from harness.report.progress import Log
    from harness.tuning.session import Session

    survey, targets, trust_remote_code, quiet = given
    brief = resuming.brief_of(directory, survey, targets, trust_remote_code)
    lm = options.load_quietly(brief.spec.model)
    inputs = resuming.moved(directory.read_inputs(), survey, targets)
    beside, again = directory.path / REPEATS, execution.typed_command()
    records = []
    for number in range(1, repeats + 1):
        first = reference.spec["first_seed"] + number * brief.spec.seeds
        other = replace(brief, spec=brief.spec.model_copy(update={"first_seed": first}))
        one = Session.of(other, lm)
        label = name(other.spec, other.table)
        _, record = execution.execute(one, beside, label, Log(), quiet, inputs=inputs, again=again)
        if not timed(record):
            # It went on after its search was over, and there was nothing to time.
            _, record = execution.execute(one, beside, label, Log(), quiet, True, inputs, again)
        check_machine(reference, record)
        records.append(record)
    return records


def _show(verdict: Verdict, junit: Path | None, markdown: Path | None, as_json: bool) -> None:
    from rich.text import Text

    from harness.report import verdict as shown
    from harness.report.terminal import SheetView

    text = verdict.model_dump_json(indent=1)
    last = Text(shown.summary(verdict), style="bold green" if verdict.passed else "bold red")
    lines: list[str | Text] = [*shown.notes(verdict), last]
    output.finish(text, [SheetView(shown.verdict_sheet(verdict), strong="bold red")], lines, None, as_json, apart=True)
    output.write_file(junit, shown.junit(verdict), "--junit")
    output.write_file(markdown, shown.markdown(verdict), "--markdown")
