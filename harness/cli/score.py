"""`harness score`: indices and errors of one method, or of a saved prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, output, subjects
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from harness.models.language_model import LanguageModel
    from harness.records.schema import Record, RegionResult
    from harness.tasks.hofstede_vsm.regions import Region


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
    response: options.Response = "expected",
    respondents: options.Respondents = 50,
    seed: Annotated[
        int, typer.Option("--seed", help="Of the samples, with --response sample.", rich_help_panel="Answers")
    ] = 0,
    survey: options.SurveyFile = None,
    instrument: options.Instrument = "tuned",
    targets: options.TargetsFile = None,
    as_json: options.Json = False,
) -> None:
    """Score one method, or a saved prompt, on the held-out wordings of the survey, beside the null rows."""
    from harness.tasks.hofstede_vsm.demonstrations import check_shots
    from harness.tasks.hofstede_vsm.targets import load_regions
    from harness.tuning.baselines import METHODS, MODEL_FREE
    from harness.tuning.exam import Questions

    if (method is None) == (prompt is None):
        raise UsageError("give either --method NAME or --prompt DIR, one of the two; see 'harness ls methods'")
    if method is not None and method not in METHODS:
        raise unknown_choice(
            "method", method, METHODS, "see 'harness ls methods'; a tuned prompt is given with --prompt"
        )
    check_shots(shots)
    asking = options.asking(response, respondents)
    options.whole("--seed", seed, 0)
    questions = Questions(*options.questionnaires(survey, instrument), asking, seed)
    table = load_regions(targets)
    regions = table.select(region or subjects.named_after(table, prompt) or ("core" if targets is None else "all"))
    spec = options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb)
    lm = None if method in MODEL_FREE else options.load_quietly(spec)

    from harness.models.adapter import origin_note
    from harness.report.literal import literal
    from harness.tuning.scored import PROMPT, score_alone

    what = method if method is not None else _load(prompt, lm)
    record = score_alone(lm, questions, table, regions, what, shots)
    results = next(one.results for one in record.methods if one.method == (method or PROMPT))
    if as_json:
        typer.echo(json.dumps(_plain(spec.name, str(prompt or method), record, results), indent=1))
    else:
        _print_tables(lm, str(prompt or method), record, results, regions)
    if prompt is not None and lm is not None and (remark := origin_note(prompt, lm)):
        typer.echo(literal(remark), err=as_json)


def _load(prompt: Path | None, lm: LanguageModel | None) -> NDArray[np.float32]:
    from harness.models.adapter import load_adapter

    if prompt is None or lm is None:
        raise ValueError("expected a prompt and a model where no method is given")
    return load_adapter(prompt, lm)


def _plain(model: str, method: str, record: Record, results: Sequence[RegionResult]) -> dict[str, object]:
    from harness.report.leaderboard import build, to_plain

    shown = {
        result.region: {
            "indices": result.indices,
            "mae": result.mae,
            "mae_tuned": result.mae_tuned,
            "mae_instrument": result.mae_instrument,
            "option_mass": result.option_mass,
            "order_gap": result.order_gap,
            "entropy": result.entropy,
            "sampling_error": result.sampling_error,
        }
        for result in results
    }
    return {"model": model, "method": method, "regions": shown, "leaderboard": to_plain(build({"": record}))}


def _print_tables(
    lm: LanguageModel | None, method: str, record: Record, results: Sequence[RegionResult], regions: Sequence[Region]
) -> None:
    from rich.console import Console

    from harness.report.leaderboard import build
    from harness.report.terminal import listing
    from harness.tasks.hofstede_vsm.indices import DIMENSIONS

    rows: list[list[str | tuple[str, ...]]] = []
    for region, result in zip(regions, results, strict=True):
        # Each cell: the index the answers give, and the published score it is compared with.
        pairs = zip((result.indices[d] for d in DIMENSIONS), region.scores, strict=True)
        cells = [(f"{index:.1f}", f"({target:g})" if target == target else "(-)") for index, target in pairs]
        mass = "-" if result.option_mass is None else f"{result.option_mass:.3f}"
        rows.append([result.region, *cells, f"{result.mae:.1f}", f"{result.mae_tuned:.1f}", mass])
    headings = ["region", *DIMENSIONS, "mae", "tuned", "mass"]
    who = f"{lm.spec.name}, {method}" if lm else method
    console = Console()
    indices = listing(headings, rows, f"{who}: index (published), held-out wordings", left=1)
    output.show_board(console, build({"": record}), indices)
