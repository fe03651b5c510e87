"""`harness side-effects`: what a soft prompt changes in other tasks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options, output
from harness.errors import UsageError
from harness.report.literal import literal

MOST_DOCUMENTS = 10_000_000
MOST_SHOTS = 1000
MOST_AT_ONCE = 100_000


def side_effects(
    prompt: Annotated[Path, typer.Option("--prompt", help="Adapter folder of a tuned prompt.")],
    tasks: Annotated[
        str,
        typer.Option("--tasks", help="Of lm-eval: names, groups, patterns or YAML files, separated by commas."),
    ] = "persona_following",
    include_path: Annotated[
        list[Path] | None,
        typer.Option(
            "--include-path",
            help="Folder of tasks of your own; their Python code is run. May be given several times.",
            show_default=False,
        ),
    ] = None,
    apply_chat_template: Annotated[
        bool,
        typer.Option(help="Whether questions stand in the model's chat template, as the survey's do."),
    ] = True,
    num_fewshot: Annotated[
        int | None,
        typer.Option("--num-fewshot", help="Solved examples; by default as the task says.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", help="The first N documents of each task; by default all.", show_default=False),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", help="Requests in one pass.")] = 16,
    model: options.Model = "respondent",
    dtype: options.Dtype = "auto",
    device: options.Device = "auto",
    device_map: options.DeviceMap = None,
    trust_remote_code: options.TrustRemoteCode = False,
    memory_gb: options.MemoryGb = None,
    out: options.OutFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """What does a soft prompt change in other tasks? Runs lm-eval without and with it, and pairs the documents.

    persona_following, which comes with the package, asks whether the model still
    answers as the person that the text names. The exit code is 0 whatever it says.
    """
    names = [name.strip() for name in tasks.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--tasks '{tasks}': no task given; give names separated by commas, such as persona_following")
    if num_fewshot is not None:
        options.whole("--num-fewshot", num_fewshot, 0, MOST_SHOTS)
    if limit is not None:
        options.whole("--limit", limit, 1, MOST_DOCUMENTS)
    options.whole("--batch-size", batch_size, 1, MOST_AT_ONCE)
    output.check_file(out)
    spec = options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb)

    from harness.checks.finding import find
    from harness.checks.side_effects import Asking, measure
    from harness.models.adapter import check_config
    from harness.report.side_effects import effects_notes, effects_table

    check_config(prompt)
    found = find(names, include_path or ())
    lm = options.load_quietly(spec)
    asking = Asking(apply_chat_template, num_fewshot, limit, batch_size)
    bars = not quiet and sys.stderr.isatty()
    result = measure(lm, prompt, found, asking, lambda stage: _tell(stage, quiet), bars)
    text = result.model_dump_json(indent=1)
    output.finish(text, [effects_table(result)], effects_notes(result), out, as_json)


def _tell(stage: str, quiet: bool) -> None:
    if not quiet:
        typer.echo(literal(stage), err=True)
