"""`harness score`: indices and errors of one method, or of a saved prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.models.language_model import LanguageModel
    from harness.records.schema import RegionResult
    from harness.tasks.hofstede_vsm.regions import Region, Regions
    from harness.tasks.hofstede_vsm.survey import Survey


def score(
    method: Annotated[
        str | None, typer.Option("--method", help="null, world-mean, naive, persona or icl; see 'harness ls methods'.")
    ] = None,
    prompt: Annotated[Path | None, typer.Option("--prompt", help="Adapter folder of a tuned prompt.")] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            help="all, core, or codes such as USA,CHN; by default the region that a prompt's folder is named after, "
            "else core, or all with --targets.",
        ),
    ] = None,
    shots: options.Shots = 6,
    model: options.Model = "respondent",
    dtype: options.Dtype = "auto",
    device: options.Device = "auto",
    device_map: options.DeviceMap = None,
    trust_remote_code: options.TrustRemoteCode = False,
    memory_gb: options.MemoryGb = None,
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    as_json: options.Json = False,
) -> None:
    """Score one method, or a saved prompt, on the held-out wordings of the survey."""
    from harness.tasks.hofstede_vsm.demonstrations import check_shots
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tasks.hofstede_vsm.targets import load_regions
    from harness.tuning.baselines import METHODS, MODEL_FREE, Baselines

    if (method is None) == (prompt is None):
        raise UsageError("give either --method NAME or --prompt DIR, one of the two; see 'harness ls methods'")
    if method is not None and method not in METHODS:
        raise unknown_choice(
            "method", method, METHODS, "see 'harness ls methods'; a tuned prompt is given with --prompt"
        )
    check_shots(shots)
    questionnaire, table = load_survey(survey), load_regions(targets)
    regions = table.select(region or _usual_regions(table, prompt, "core" if targets is None else "all"))
    spec = options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb)
    lm = None if method in MODEL_FREE else options.load_quietly(spec)
    name = str(prompt or method)
    if prompt is not None and lm is not None:
        results = _score_prompt(lm, questionnaire, regions, prompt)
    else:
        results = Baselines(lm, questionnaire, table, shots).score(name, regions)
    if as_json:
        typer.echo(json.dumps(_plain(spec.name, name, results), indent=1))
    else:
        _print_table(lm, name, results, regions, prompt)


def _usual_regions(table: Regions, prompt: Path | None, otherwise: str) -> str:
    """The region that a run named the prompt's folder after, if there is one."""
    codes = [region.code for region in table.rows]
    return prompt.resolve().name if prompt and prompt.resolve().name in codes else otherwise


def _score_prompt(lm: LanguageModel, survey: Survey, regions: tuple[Region, ...], folder: Path) -> list[RegionResult]:
    from harness.models.adapter import load_adapter
    from harness.tuning.baselines import score_prompt

    return score_prompt(lm, survey, regions, load_adapter(folder, lm))


def _plain(model: str, method: str, results: list[RegionResult]) -> dict[str, object]:
    return {
        "model": model,
        "method": method,
        "regions": {
            result.region: {
                "indices": result.indices,
                "mae": result.mae,
                "mae_tuned": result.mae_tuned,
                "option_mass": result.option_mass,
            }
            for result in results
        },
    }


def _print_table(
    lm: LanguageModel | None,
    method: str,
    results: list[RegionResult],
    regions: tuple[Region, ...],
    prompt: Path | None,
) -> None:
    from rich.console import Console

    from harness.report.leaderboard import partial_note
    from harness.report.terminal import listing
    from harness.tasks.hofstede_vsm.indices import DIMENSIONS
    from harness.tuning.identity import note

    rows = []
    for region, result in zip(regions, results, strict=True):
        # Each cell: the index the answers give, and the published score it is compared with.
        pairs = zip((result.indices[d] for d in DIMENSIONS), region.scores, strict=True)
        cells = [f"{index:.1f}\n({target:g})" if target == target else f"{index:.1f}\n(-)" for index, target in pairs]
        mass = "-" if result.option_mass is None else f"{result.option_mass:.3f}"
        rows.append([result.region, *cells, f"{result.mae:.1f}", f"{result.mae_tuned:.1f}", mass])
    headings = ["region", *DIMENSIONS, "mae", "tuned", "mass"]
    who = f"{lm.spec.name}, {method}" if lm else method
    console = Console()
    options.show(console, listing(headings, rows, f"{who}: index (published), held-out wordings", left=1))
    notes = [note(lm)] if lm else []
    if lm and prompt:
        from harness.models.adapter import origin_note

        notes.append(origin_note(prompt, lm))
    notes += [partial_note(region.code, region.missing) for region in regions if region.missing]
    for line in filter(None, notes):
        console.print(line, style="yellow", markup=False, highlight=False)
