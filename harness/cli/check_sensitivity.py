"""`harness check sensitivity`: would the result be another one under other choices?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import optimizer_settings, options, output, resuming, run_settings
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.records.schema import Record
    from harness.report.sensitivity import Scores


def sensitivity(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN...]", help="Finished runs; without any, two are made, on 2 wordings and on 1."),
    ] = None,
    vintage: Annotated[
        Path | None, typer.Option("--vintage", help="Other published scores, CSV like regions.csv.", show_default=False)
    ] = None,
    optimizer: Annotated[str, typer.Option("--optimizer", help="Of the runs that are made.")] = "de",
    region: options.Region = "all",
    budget: Annotated[int, typer.Option("--budget", help="Evaluations per region of the runs that are made.")] = 50,
    model: options.Model = "respondent",
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    runs_folder: Annotated[
        Path, typer.Option("--runs", help="Folder that holds the runs that are made.", rich_help_panel="Output")
    ] = options.RUNS,
    out: options.OutFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Score the same answers under other constants, other targets and another number of tuning wordings."""
    output.check_file(out)
    other = None if vintage is None else _scores(vintage)
    if runs:
        records = _read(runs)
    else:
        records = _make(
            optimizer_settings.optimizer_names(optimizer), region, budget, model, survey, targets, runs_folder, quiet
        )

    from rich.text import Text

    from harness.report.sensitivity import sensitivity as measure
    from harness.report.sensitivity_table import sensitivity_notes, sensitivity_table, to_plain

    found = measure(records, other)
    notes = (Text(line, style="dim") for line in sensitivity_notes(found, vintage.name if vintage else None))
    output.finish(json.dumps(to_plain(found), indent=1), [sensitivity_table(found)], notes, out, as_json)


def _scores(path: Path) -> Scores:
    from harness.tasks.hofstede_vsm.targets import load_regions

    return {region.code: region.published for region in load_regions(path).rows}


def _read(runs: list[Path]) -> dict[str, Record]:
    from harness.records.run_directory import RunDirectory

    records = {str(path): RunDirectory(path).read_record() for path in runs}
    for name, record in records.items():
        if record.targets is None:
            raise InputError(f"run '{name}' is of an earlier version and holds no targets: run it again")
    return records


def _make(
    names: list[str],
    region: str,
    budget: int,
    model: str,
    survey: Path | None,
    targets: Path | None,
    folder: Path,
    quiet: bool,
) -> dict[str, Record]:
    """Two runs that differ in the wordings that are tuned on."""
    from harness.cli.execution import execute
    from harness.report.progress import Log
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tasks.hofstede_vsm.targets import load_regions
    from harness.tuning.brief import Brief
    from harness.tuning.session import Session
    from harness.tuning.spec import RunSpec

    options.whole("--budget", budget, 1)
    optimizers = optimizer_settings.optimizer_specs(names, [])
    questionnaire, table = load_survey(survey), load_regions(targets)
    lm = options.load_quietly(options.model_spec(model, "auto", "auto"))
    two = RunSpec(
        model=lm.spec,
        **run_settings.sources(questionnaire, targets, table),
        regions=tuple(one.code for one in table.select(region)),
        optimizers=optimizers,
        budget=budget,
    )
    sessions = [
        Session.of(Brief(spec, questionnaire, table), lm) for spec in (two, two.model_copy(update={"wordings": 1}))
    ]
    for session in sessions:
        session.check()
    records, inputs = {}, resuming.places(survey, targets)
    for session in sessions:
        name = f"sensitivity-{'-'.join(names)}-{session.spec.wordings}wordings-{session.spec.digest[:8]}"
        directory, record = execute(session, folder, name, Log(), quiet, inputs=inputs)
        records[str(directory.path)] = record
    return records
