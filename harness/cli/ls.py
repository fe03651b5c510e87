"""`harness ls`: what there is to choose from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options
from harness.errors import unknown_choice

Rows = list[tuple[str, ...]]
Listing = tuple[tuple[str, ...], Rows]


def ls(
    what: Annotated[str, typer.Argument(help="regions, optimizers, methods, models or runs.")],
    targets: options.TargetsFile = None,
    out: Annotated[Path, typer.Option("--out", help="Folder that holds the runs.")] = options.RUNS,
    as_json: options.Json = False,
) -> None:
    """List regions, optimizers, methods, models or runs."""
    listings: dict[str, Callable[[], Listing]] = {
        "regions": lambda: _regions(targets),
        "optimizers": _optimizers,
        "methods": _methods,
        "models": _models,
        "runs": lambda: _runs(out),
    }
    if what not in listings:
        raise unknown_choice("listing", what, listings, "give one of them")
    headings, rows = listings[what]()
    if as_json:
        typer.echo(json.dumps([dict(zip(headings, row, strict=True)) for row in rows], indent=1))
        return
    from rich.console import Console

    from harness.report.terminal import listing

    Console().print(listing(headings, rows, what))


def _regions(targets: Path | None) -> Listing:
    from harness.tasks.hofstede_vsm.indices import DIMENSIONS
    from harness.tasks.hofstede_vsm.regions import SETS, load_regions

    table = load_regions(targets)
    rows: Rows = [
        (r.code, r.name, r.kind, *("-" if s != s else f"{s:g}" for s in r.scores), "yes" if r.complete else "")
        for r in table.rows
    ]
    blank = ("",) * (len(DIMENSIONS) + 1)
    sets: Rows = [("all", f"every complete region ({len(table.complete)})", "set", *blank)]
    sets += [(name, ", ".join(codes), "set", *blank) for name, codes in SETS.items()]
    return ("code", "name", "kind", *DIMENSIONS, "in all"), [*sets, *rows]


def _optimizers() -> Listing:
    from harness.optimizers.catalog import describe, load, names

    rows: Rows = []
    for name in names():
        optimizer = load(name)
        rows.append((name, "", "", f"{optimizer.summary}. Source: {optimizer.source}."))
        for row in describe(name):
            limits = row.range or row.type
            rows.append((name, f"{row.parameter}={row.default}", limits, f"{row.type}: {row.description}"))
    return ("optimizer", "--set", "range", "what"), rows


def _methods() -> Listing:
    from harness.optimizers.catalog import load, names
    from harness.tuning.baselines import METHODS

    rows: Rows = [(name, "score, run", text) for name, text in METHODS.items()]
    rows += [(name, "run", f"a soft prompt tuned in front of the naive text: {load(name).summary}") for name in names()]
    return ("method", "commands", "what"), rows


def _models() -> Listing:
    from harness.models.geometries import GEOMETRIES

    rows: Rows = [
        ("respondent", "the bundled simulation: small, offline, the default"),
        ("FOLDER", "any causal language model saved by save_pretrained, with a chat template"),
        ("HUB/ID", "for example meta-llama/Meta-Llama-3-8B-Instruct"),
        ("random:PATH/config.json", "that architecture with random weights: for benchmarks, never for results"),
    ]
    for name, geometry in GEOMETRIES.items():
        width, layers = (
            geometry.get(a) or geometry[b] for a, b in (("hidden_size", "n_embd"), ("num_hidden_layers", "n_layer"))
        )
        rows.append(
            (f"random:{name}", f"random weights, {geometry['model_type']}, hidden size {width}, {layers} layers")
        )
    return ("model", "what"), rows


def _runs(out: Path) -> Listing:
    from harness.records.run_directory import list_runs

    rows: Rows = []
    for run in list_runs(out):
        if not run.finished:
            rows.append((str(run.path), "unfinished", "", "", ""))
            continue
        record = run.read_record()
        tuned = ", ".join(method.method for method in record.methods if method.group == "tuned")
        rows.append((str(run.path), "finished", record.model.name, tuned, str(len(record.spec["regions"]))))
    return ("run", "state", "model", "optimizers", "regions"), rows
