"""`harness bench`: what the harness costs, beside what else could be used."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import bench_executor, bench_optimizers, bench_wrappers, options, output

if TYPE_CHECKING:
    from harness.records.benchmark import ScorerBenchmark

app = typer.Typer(help="Measure optimizers, their cost and the scorer.", no_args_is_help=True)
bench_wrappers.register(app)


@app.callback()
def _commands() -> None:
    """Measure what optimizers find and cost, and what the scorer costs."""


app.command("executor")(bench_executor.executor)
app.command("optimizers")(bench_optimizers.optimizers)


@app.command("scorer")
def scorer(
    model: options.Model = "respondent",
    tokens: Annotated[int, typer.Option("--tokens", help="Virtual tokens of the soft prompt.")] = 10,
    rounds: Annotated[int, typer.Option("--rounds", help="Times that everything is measured, in turn.")] = 5,
    scorer: options.ScorerKind = "auto",
    micro_batch: options.MicroBatch = 0,
    workers: options.Workers = 0,
    dtype: options.Dtype = "auto",
    device: options.Device = "auto",
    device_map: options.DeviceMap = None,
    trust_remote_code: options.TrustRemoteCode = False,
    memory_gb: options.MemoryGb = None,
    survey: options.SurveyFile = None,
    out: options.OutFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Candidates per second: this harness, lm-eval with a PEFT adapter, transformers, and the machine's limit.

    All answer the same prompts, method by method in each round: seconds for the respondent, about five minutes for
    --model random:llama-34m on two cores.
    """
    options.whole("--tokens", tokens, 1)
    options.whole("--rounds", rounds, 1)
    wanted = options.scorer_spec(scorer, micro_batch, workers)
    spec = options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb)
    output.check_file(out)

    from rich.console import Console

    from harness.benchmarks.scorer import run
    from harness.tasks.hofstede_vsm.prompts import survey_prompts
    from harness.tasks.hofstede_vsm.survey import load_survey

    # Its remarks are about settings that are ours.
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    turns = [prompt.text for prompt in survey_prompts(load_survey(survey), "tuning")]
    console = Console(stderr=True)
    with console.status("loading", spinner="line") as status:

        def tell(stage: str) -> None:
            status.update(stage)
            if not console.is_terminal and not quiet:
                console.print(stage, markup=False, highlight=False, soft_wrap=True)

        if quiet:
            status.stop()
        lm = options.load_quietly(spec)
        result = run(lm, turns, tokens, wanted, rounds, tell)
    text = output.printable(result.model_dump_json(indent=1))
    if as_json:
        typer.echo(text)
    else:
        _print(result)
    output.write_file(out, text)


def _print(result: ScorerBenchmark) -> None:
    from rich.console import Console

    from harness.report.benchmark import choices_table, curve_table, products_table, rates_table, scorer_notes

    console = Console()
    for table in (rates_table(result), products_table(result), choices_table(result), curve_table(result)):
        output.show(console, table)
        console.print()
    for line in scorer_notes(result):
        output.tell(console, line)
