"""`harness check text-agreement`: what a model writes against the first token of its answer."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli import asking, options, output, subjects

MOST = 4096
UNENDING = "it was trained on first tokens alone and ends no answer: --max-new-tokens 1 reads what it was trained for"


def text_agreement(
    method: subjects.Method = None,
    prompt: subjects.Prompt = None,
    region: subjects.OneRegion = None,
    shots: options.Shots = 6,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", help="Tokens of a written answer at most.")] = 24,
    show: Annotated[
        int, typer.Option("--show", help="Texts to print that differ or are no answer.", rich_help_panel="Output")
    ] = 0,
    model: options.Model = "respondent",
    dtype: options.Dtype = "auto",
    device: options.Device = "auto",
    device_map: options.DeviceMap = None,
    trust_remote_code: options.TrustRemoteCode = False,
    memory_gb: options.MemoryGb = None,
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    out: options.OutFile = None,
    as_json: options.Json = False,
) -> None:
    """Let the model write its answers, and compare them with the first tokens that are scored.

    Refusals and texts that name no option, or several, are counted and never made an answer.
    """
    options.whole("--max-new-tokens", max_new_tokens, 1, MOST)
    options.whole("--show", show, 0)
    output.check_file(out)
    who = asking.Who(method, prompt, region, shots, survey, targets)
    spec = options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb)

    from rich.console import Console

    from harness.checks.text_agreement import check_text_agreement
    from harness.report.text_agreement import counts_table, readers_table, text_agreement_notes, texts_table

    with Console(stderr=True).status("loading", spinner="line") as status:
        asked = who.load(spec)
        result = check_text_agreement(asked.subject, asked.survey, asked.region, max_new_tokens, status.update)
    notes = [*text_agreement_notes(result), *([UNENDING] if asked.subject.lm.simulation else [])]
    tables = [counts_table(result), readers_table(result), texts_table(result, show)]
    asking.finish(result, filter(None, tables), notes, out, as_json)
