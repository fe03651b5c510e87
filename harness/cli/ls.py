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
Listing = tuple[str, tuple[str, ...], Rows]


def ls(
    what: Annotated[str, typer.Argument(help="regions, optimizers, methods, models or runs.")],
    targets: options.TargetsFile = None,
    out: Annotated[Path, typer.Option("--out", help="Folder that holds the runs.")] = options.RUNS,
    as_json: options.Json = False,
) -> None:
    """List regions, optimizers, methods, models or runs."""
    listings: dict[str, Callable[[], list[Listing]]] = {
        "regions": lambda: [_regions(targets)],
        "optimizers": lambda: [_optimizers(), _parameters()],
        "methods": lambda: [_methods()],
        "models": lambda: [_models()],
        "runs": lambda: [_runs(out)],
    }
    if what not in listings:
        raise unknown_choice("listing", what, listings, "give one of them")
    found = listings[what]()
    if as_json:
        plain = [dict(zip(headings, row, strict=True)) for _, headings, rows in found for row in rows]
        typer.echo(json.dumps(plain, indent=1))
        return
    from rich.console import Console

    from harness.report.terminal import listing

    for title, headings, rows in found:
        Console().print(listing(headings, rows, title))


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
    return "regions", ("code", "name", "kind", *DIMENSIONS, "in all"), [*sets, *rows]


def _optimizers() -> Listing:
    from harness.optimizers.catalog import load, names

    rows: Rows = [(name, load(name).summary, load(name).source) for name in names()]
    return "optimizers", ("optimizer", "what", "source"), rows


def _parameters() -> Listing:
    from harness.optimizers.catalog import describe, names

    rows: Rows = [
        (name, f"{row.parameter}={row.default}", row.range or row.type, row.description)
        for name in names()
        for row in describe(name)
    ]
    return "parameters and their defaults", ("optimizer", "--set", "range", "what"), rows


def _methods() -> Listing:
    from harness.optimizers.catalog import load, names
    from harness.tuning.baselines import METHODS

    rows: Rows = [(name, "score, run", text) for name, text in METHODS.items()]
    rows += [(name, "run", f"a soft prompt tuned in front of the naive text: {load(name).summary}") for name in names()]
    return "methods", ("method", "commands", "what"), rows


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
    return "models", ("model", "what"), rows


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
    return "runs", ("run", "state", "model", "optimizers", "regions"), rows
