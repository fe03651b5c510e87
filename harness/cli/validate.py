"""`harness validate`: everything that can be checked before a long run, and what the run would take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, output, refused_flags, run_settings
from harness.cli.run_flags import RunFlags, with_run_flags
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.checks.steps import Steps
    from harness.records.readiness import Readiness
    from harness.tasks.hofstede_vsm.regions import Region, Regions
    from harness.tasks.hofstede_vsm.survey import Survey

Trial = Annotated[int, typer.Option("--trial", help="Candidates answered together in the trial.")]
Price = Annotated[float | None, typer.Option("--price-per-hour", help="Of the machine, in a currency of yours.")]
MOST_TOGETHER = 256


@with_run_flags
def validate(
    flags: RunFlags,
    trial: Trial = 8,
    price_per_hour: Price = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Check everything that a run needs, and estimate its time from a short trial; nothing is written.

    Takes the flags of 'harness run'. Every problem is listed at once, with exit code 2.
    """
    from rich.console import Console

    from harness.report.readiness import problem_lines, waiting_line

    status = nullcontext() if quiet else Console(stderr=True).status("flags and files", spinner="line")
    with status as shown:
        result = check(flags, trial, price_per_hour, shown.update if shown else lambda _text: None)
    if as_json:
        typer.echo(result.model_dump_json(indent=1))
    elif result.ready:
        _show(result, flags.rest)
    for line in [] if result.ready else problem_lines(result):
        sys.stderr.write(output.error_line(line))
    if waiting := waiting_line(result):
        sys.stderr.write(f"harness: {waiting}\n")
    if not result.ready:
        raise typer.Exit(output.MENDABLE)


def check(flags: RunFlags, trial: int, price_per_hour: float | None, told: Callable[[str], None]) -> Readiness:
    """Makes every check that can be made.

    Args:
        flags: of the run.
        trial: candidates answered together.
        price_per_hour: of the machine; None for no cost.
        told: of what comes next.
    """
    from harness.benchmarks.asks import seconds_per_candidate
    from harness.checks import place
    from harness.checks.readiness import Readying
    from harness.checks.steps import Steps, there
    from harness.models.loading import quiet_libraries
    from harness.records.readiness import Readiness
    from harness.tuning.brief import Brief

    quiet_libraries()
    steps = Steps()
    fields = refused_flags.take_flags(steps, flags)
    _take_own(steps, trial, price_per_hour)
    data = _take_data(steps, flags, fields["dimensions"])
    known = replace(flags, region=",".join(one.code for one in data.regions or data.table.complete[:1]))
    spec = run_settings.run_spec(known, fields, data.survey, data.other, data.table)
    folder = steps.take("folder", lambda: place.check_folder(flags.out))

    brief = Brief(spec, data.survey, data.table, data.other)
    ready = Readying(steps, brief, data.regions, options.load_quietly, told)
    lm = ready.outline()
    ready.search()
    width = 0 if ready.shape is None or steps.failed("flags", "regions") else ready.shape.width
    steps.take("disk", lambda: place.check_disk(there(folder), spec, width), ["folder"])
    name = None
    if not steps.failed("flags", "survey", "targets", "regions"):
        name = run_settings.name(spec, data.table)
        steps.take("run", lambda: place.check_earlier(flags.out, name), ["folder"])
    estimate = ready.trial(trial, seconds_per_candidate, price_per_hour)
    return Readiness(
        ready=not steps.problems,
        run=name,
        findings=tuple(steps.findings),
        context=lm.context_length if lm else None,
        prompts=tuple(ready.prompts),
        estimate=estimate,
    )


@dataclass(frozen=True)
class _Data:
    """What is asked and compared with; the bundled ones where others were refused."""

    survey: Survey
    other: Survey | None
    table: Regions
    regions: Sequence[Region]


def _take_own(steps: Steps, trial: int, price_per_hour: float | None) -> None:
    """Checks this command's own flags."""
    from harness.checks.steps import Found

    def own() -> Found[bool]:
        options.whole("--trial", trial, 1, MOST_TOGETHER)
        if price_per_hour is not None and not 0 <= price_per_hour < float("inf"):
            raise UsageError(f"--price-per-hour {price_per_hour:g}: expected a number from 0, such as 2.5")
        return Found(True)

    steps.take("flags", own, key="--trial")


def _take_data(steps: Steps, flags: RunFlags, aimed: Sequence[str]) -> _Data:
    """Reads survey, targets and regions, each by itself."""
    from harness.checks.readiness import check_regions
    from harness.checks.steps import Found, there
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tasks.hofstede_vsm.targets import load_regions

    def questions() -> Found[tuple[Survey, Survey | None]]:
        found = survey, other = options.questionnaires(flags.survey, flags.instrument)
        beside = f", with {other.name} held out" if other else ""
        return Found(found, f"{survey.name}, {len(survey.items)} items{beside}")

    def published() -> Found[Regions]:
        table = load_regions(flags.targets)
        name = flags.targets or "bundled"
        return Found(table, f"{name}, {len(table.complete)} of {len(table.rows)} regions have all six scores")

    survey, other = steps.take("survey", questions) or (load_survey(), None)
    table = steps.take("targets", published)
    regions = steps.take(
        "regions", lambda: check_regions(there(table), flags.region, aimed), ["targets", "--dimensions"]
    )
    # Without a region, a bundled one stands in for what needs any.
    return _Data(survey, other, table if table and regions else load_regions(), regions or ())


def _show(result: Readiness, rest: float) -> None:
    from rich.console import Console

    from harness.report.readiness import estimate_lines, estimate_table, findings_table

    console = Console()
    console.print(findings_table(result))
    console.print()
    if result.estimate is not None:
        output.show(console, estimate_table(result.estimate))
        console.print()
        for line in estimate_lines(result.estimate, rest):
            console.print(line, markup=False, highlight=False)
