"""`harness ls`: what there is to choose from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import options, output
from harness.errors import RunError, UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.records.run_directory import RunDirectory

Row = dict[str, Any]


def ls(
    what: Annotated[str, typer.Argument(help="regions, optimizers, methods, models, presets, schemas or runs.")],
    targets: options.TargetsFile = None,
    out: Annotated[Path, typer.Option("--out", help="Folder that holds the runs.")] = options.RUNS,
    as_json: options.Json = False,
) -> None:
    """List regions, optimizers, methods, models, presets, schemas or runs."""
    listings: dict[str, Callable[[], Iterator[Row]]] = {
        "regions": lambda: _regions(targets),
        "optimizers": _optimizers,
        "methods": _methods,
        "models": _models,
        "presets": _presets,
        "schemas": _schemas,
        "runs": lambda: _runs(out),
    }
    if what not in listings:
        raise unknown_choice("listing", what, listings, "give one of them")
    rows = list(listings[what]())
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    parameters = [{"optimizer": row["optimizer"], **one} for row in rows for one in row.pop("parameters", [])]
    _print(what, rows)
    if parameters:
        _print("parameters (--set NAME=VALUE)", parameters)


def _print(title: str, rows: list[Row]) -> None:
    from rich.console import Console

    from harness.report.terminal import listing

    headings = list(rows[0]) if rows else ["none"]
    cells = [[_text(value) for value in row.values()] for row in rows]
    table = listing([heading.replace("_", " ") for heading in headings], cells, title)
    console = Console()
    if title == "runs":
        # A path cut in two cannot be copied.
        output.show(console, table)
    else:
        console.print(table)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _regions(targets: Path | None) -> Iterator[Row]:
    from harness.tasks.hofstede_vsm.indices import DIMENSIONS
    from harness.tasks.hofstede_vsm.regions import SETS
    from harness.tasks.hofstede_vsm.targets import load_regions

    table = load_regions(targets)
    codes = {region.code for region in table.rows}
    sets = {"all": f"every complete region ({len(table.complete)})"}
    sets |= {name: ", ".join(members) for name, members in SETS.items() if codes >= set(members)}
    blank = dict.fromkeys((*DIMENSIONS, "in_all"))
    yield from ({"code": name, "name": members, "kind": "set", **blank} for name, members in sets.items())
    for one in table.rows:
        values = {name: None if s != s else s for name, s in zip(DIMENSIONS, one.scores, strict=True)}
        yield {"code": one.code, "name": one.name, "kind": one.kind, **values, "in_all": one.complete}


def _optimizers() -> Iterator[Row]:
    from harness.optimizers.catalog import REFERENCES, describe, load, names

    for name in (*names(), *REFERENCES):
        try:
            one = load(name)
        except UsageError as error:
            yield {"optimizer": name, "what": f"cannot be used: {error}", "source": None, "parameters": []}
            continue
        parameters = [
            {"name": row.parameter, "default": row.default, "range": row.range or row.type, "what": row.description}
            for row in describe(name)
        ]
        yield {"optimizer": name, "what": one.summary, "source": one.source, "parameters": parameters}


def _methods() -> Iterator[Row]:
    from harness.tuning.baselines import METHODS
    from harness.tuning.nulls import NULLS

    yield from ({"method": name, "commands": "score, run", "what": text} for name, text in METHODS.items())
    yield from ({"method": name, "commands": "run", "what": text} for name, text in NULLS.items())
    for row in _optimizers():
        what = f"a soft prompt tuned in front of the naive text: {row['what']}" if row["source"] else row["what"]
        yield {"method": row["optimizer"], "commands": "run", "what": what}


def _models() -> Iterator[Row]:
    from harness.models.geometries import GEOMETRIES

    fixed = {
        "respondent": "the bundled simulation: small, offline, the default",
        "FOLDER": "any causal language model saved by save_pretrained, with a chat template",
        "HUB/ID": "for example meta-llama/Meta-Llama-3-8B-Instruct",
        "random:PATH/config.json": "that architecture with random weights: for benchmarks, never for results",
    }
    yield from ({"model": name, "what": what} for name, what in fixed.items())
    for name, geometry in GEOMETRIES.items():
        width = geometry.get("hidden_size") or geometry["n_embd"]
        layers = geometry.get("num_hidden_layers") or geometry["n_layer"]
        what = f"random weights, {geometry['model_type']}, hidden size {width}, {layers} layers"
        yield {"model": f"random:{name}", "what": what}


def _presets() -> Iterator[Row]:
    from harness.cli.layers import laid
    from harness.cli.run_config import presets, read_preset

    for name, about in presets().items():
        flags = laid([read_preset(name, check=False)], {})
        codes = flags.region.count(",") + 1
        row: Row = {"preset": name, "what": about, "optimizers": flags.optimizer}
        row |= {"regions": flags.region if codes == 1 else str(codes), "budget": flags.budget, "seeds": flags.seeds}
        yield row


def _schemas() -> Iterator[Row]:
    from harness.cli import schema

    return schema.rows()


def _runs(out: Path) -> Iterator[Row]:
    from harness.records.run_directory import list_runs

    return (_run(run) for run in list_runs(out))


def _run(run: RunDirectory) -> Row:
    from harness.records.journal import evaluations, first_line
    from harness.records.lock import at_work
    from harness.records.run_directory import JOURNAL

    row: Row = {"run": str(run.path), "state": "damaged"}
    row |= dict.fromkeys(("optimizers", "regions", "budget", "seeds", "evaluations", "model", "started"))
    try:
        spec = run.read_spec()
        names = ", ".join(one.name for one in spec.optimizers)
        row |= {"optimizers": names, "regions": len(spec.regions), "budget": spec.budget, "seeds": spec.seeds}
        row["evaluations"] = evaluations(run.path / JOURNAL)
        if not run.finished:
            begun = first_line(run.path / JOURNAL)
            row |= {"model": begun.get("model", {}).get("name"), "started": begun.get("started")}
            holder = at_work(run.path)
            return row | {"state": f"at work ({holder.pid} on {holder.host})" if holder else "unfinished"}
        record = run.read_record()
    except RunError:
        return row
    return row | {"state": "finished", "model": record.model.name, "started": record.started}
