"""`harness check transfer`: a subject on another instrument, from files that the user has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import asking, options, output, subjects
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.tasks.hofstede_vsm.regions import Region
    from harness.tasks.opinions.question import Instrument

BENCHMARKS = ("cdeval", "globalopinionqa", "worldvaluesbench")


def transfer(
    benchmark: Annotated[str, typer.Option("--benchmark", help="cdeval, globalopinionqa or worldvaluesbench.")],
    file: Annotated[Path, typer.Option("--file", help="Its questions, or participants' answers: CSV, TSV, JSON.")],
    metadata: Annotated[
        Path | None, typer.Option("--metadata", help="worldvaluesbench: question_metadata.json.", show_default=False)
    ] = None,
    demographics: Annotated[
        Path | None,
        typer.Option("--demographics", help="worldvaluesbench: the participants' countries.", show_default=False),
    ] = None,
    region: subjects.OneRegion = None,
    country: Annotated[
        str | None,
        typer.Option(
            "--country", help="The region's label in the file, where its name is another.", show_default=False
        ),
    ] = None,
    method: subjects.Method = None,
    prompt: subjects.Prompt = None,
    shots: options.Shots = 6,
    limit: Annotated[int, typer.Option("--limit", help="Questions, drawn by --seed; 0 asks all.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw.")] = 0,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave wrong rows out, and count them.")] = False,
    model: options.Model = "respondent",
    dtype: options.Dtype = "auto",
    device: options.Device = "auto",
    device_map: options.DeviceMap = None,
    trust_remote_code: options.TrustRemoteCode = False,
    memory_gb: options.MemoryGb = None,
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    out: options.OutFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Does a prompt carry over to CDEval, GlobalOpinionQA or WorldValuesBench? Beside the naive model, by their metric.

    The files are yours to get: docs/other-instruments.md says from where, and what is read.
    """
    from harness.checks.transfer import choose
    from harness.checks.transfer_run import run
    from harness.report.transfer import transfer_notes, transfer_tables

    if benchmark not in BENCHMARKS:
        raise unknown_choice("benchmark", benchmark, BENCHMARKS, "give --benchmark one of them")
    if benchmark != "worldvaluesbench" and (metadata or demographics):
        raise UsageError(f"--metadata and --demographics belong to worldvaluesbench: {benchmark} is one file, --file")
    options.whole("--limit", limit, 0)
    options.whole("--seed", seed, 0)
    output.check_file(out)
    who = asking.Who(method, prompt, region, shots, survey, targets)
    questionnaire, chosen = who.read()
    instrument = _read(benchmark, file, metadata, demographics, skip_bad)
    asked = choose(instrument, _labels(instrument, chosen, country), limit, seed)
    spec = options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb)

    lm = options.load_quietly(spec)
    subject = who.subject(lm, questionnaire, chosen)
    if not quiet:
        typer.echo(f"asking {len(asked.questions)} questions of {benchmark}, each in both option orders", err=True)
    result = run(instrument, str(file), subject, questionnaire, chosen, asked)
    text = result.model_dump_json(indent=1)
    output.finish(text, transfer_tables(result), transfer_notes(result), out, as_json, apart=True)


def _read(benchmark: str, file: Path, metadata: Path | None, demographics: Path | None, skip_bad: bool) -> Instrument:
    from harness.tasks.opinions.cdeval import read_cdeval
    from harness.tasks.opinions.globalopinionqa import read_globalopinionqa
    from harness.tasks.opinions.worldvaluesbench import read_worldvaluesbench

    if benchmark == "worldvaluesbench":
        return read_worldvaluesbench(file, metadata, demographics, skip_bad)
    return (read_cdeval if benchmark == "cdeval" else read_globalopinionqa)(file, skip_bad)


def _labels(instrument: Instrument, region: Region | None, country: str | None) -> tuple[str, ...]:
    """Under which labels the instrument has the region's people; empty for one without people.

    Raises:
        UsageError: it has none, or nothing says whose answers are meant.
    """
    from harness.tasks.opinions.countries import label_named, labels_of

    if instrument.metric == "preference":
        if country is not None:
            raise UsageError(f"--country {country}: nobody answered {instrument.name}, leave it out")
        return ()
    if country is not None:
        return (label_named(country, instrument.labels),)
    if region is None:
        raise UsageError(f"{instrument.name} compares with people: give their --region, such as JPN, or --country")
    return labels_of(region.code, region.name, instrument.labels)
