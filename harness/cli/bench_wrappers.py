"""`harness bench wrappers` and `harness bench asks`: what optimizers find and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from harness.cli import options, output
from harness.errors import UsageError

BBOB_DIMENSIONS = (2, 3, 5, 10, 20, 40)


def register(app: typer.Typer) -> None:
    """Adds both commands to `harness bench`."""
    app.command("wrappers")(wrappers)
    app.command("asks")(asks)


def wrappers(
    functions: Annotated[str, typer.Option("--functions", help="Of bbob, such as 1,8,15; all 24 by default.")] = "all",
    dimensions: Annotated[str, typer.Option("--dimensions", help="Of 2, 3, 5, 10, 20, 40.")] = "5,20",
    instances: Annotated[int, typer.Option("--instances", help="Of each function.")] = 3,
    budget: Annotated[int, typer.Option("--budget", help="Evaluations per dimension.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Of all searches.")] = 0,
    out: options.OutFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Do de, pso and cma find what pymoo and pycma find by themselves? On the bbob functions (extra 'bbob').

    The library against itself, with another seed, shows what noise looks like. About five minutes on one core.
    """
    chosen = range(1, 25) if functions == "all" else numbers("--functions", functions, range(1, 25))
    dims = numbers("--dimensions", dimensions, BBOB_DIMENSIONS)
    options.whole("--instances", instances, 1, 100)
    options.whole("--budget", budget, 1, 100_000)
    options.whole("--seed", seed, 0)
    output.check_file(out)

    from harness.benchmarks.wrappers import run
    from harness.report.wrappers import wrappers_notes, wrappers_table

    result = run(list(chosen), dims, instances, budget, seed, teller(quiet))
    output.finish(result.model_dump_json(indent=1), [wrappers_table(result)], wrappers_notes(result), out, as_json)


def asks(
    dimensions: Annotated[str, typer.Option("--dimensions", help="Of a candidate.")] = "1280,10240,81920",
    optimizer: Annotated[str, typer.Option("--optimizer", help="Names such as de,cma; all by default.")] = "all",
    out: options.OutFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Seconds and memory that asking and telling takes, for each optimizer in a process of its own.

    About three minutes on one core.
    """
    from harness.cli.optimizer_settings import optimizer_names

    dims = numbers("--dimensions", dimensions, range(2, 10_000_001))
    names = [] if optimizer == "all" else optimizer_names(optimizer)
    output.check_file(out)

    from harness.benchmarks.asks import run
    from harness.report.wrappers import asks_notes, asks_table

    result = run(dims, names, teller(quiet))
    output.finish(result.model_dump_json(indent=1), [asks_table(result)], asks_notes(result), out, as_json)


def numbers(flag: str, text: str, allowed: range | tuple[int, ...]) -> list[int]:
    """Reads whole numbers separated by commas, each once.

    Raises:
        UsageError: one is no number or not allowed.
    """
    limits = f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else ", ".join(map(str, allowed))
    found = []
    for word in text.split(","):
        if not (word.strip().isdecimal() and len(word.strip()) < 10 and int(word) in allowed):
            raise UsageError(f"{flag} '{text}': expected whole numbers of {limits}, separated by commas")
        found.append(int(word))
    return list(dict.fromkeys(found))


def teller(quiet: bool) -> Callable[[str], None]:
    """Says on standard error what comes next, unless it is to be quiet."""
    return lambda stage: None if quiet else typer.echo(stage, err=True)
