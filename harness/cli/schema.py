"""`harness schema`: the JSON Schema of what the harness writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import output
from harness.errors import unknown_choice

SPEC = "spec"
_WHAT = "spec.json of harness run"


def schema(
    kind: Annotated[str, typer.Argument(help="record, contest, spec or another one of 'harness ls schemas'.")] = (
        "record"
    ),
    out: Annotated[Path | None, typer.Option("--out", help="File for the schema, in place of the screen.")] = None,
) -> None:
    """Print the JSON Schema (draft 2020-12) of a record or of another result."""
    known = [row["schema"] for row in rows()]
    if kind not in known:
        raise unknown_choice("schema", kind, known, "see 'harness ls schemas'")
    output.check_file(out)
    text = json.dumps(_build(kind), indent=1, ensure_ascii=False)
    if out is None:
        typer.echo(text)
    output.write_file(out, text)


def rows() -> Iterator[dict[str, Any]]:
    """All kinds: name, schema version if they carry one, and what writes them."""
    from harness.records.kinds import KINDS
    from harness.report.views import VIEWS

    yield from ({"schema": name, "version": kind.newest, "what": kind.what} for name, kind in KINDS.items())
    yield {"schema": SPEC, "version": None, "what": _WHAT}
    yield from ({"schema": name, "version": None, "what": what} for name, (_, what) in VIEWS.items())


def _build(kind: str) -> dict[str, Any]:
    from harness.records.json_schema import json_schema
    from harness.records.kinds import KINDS
    from harness.report.views import VIEWS

    if kind != SPEC:
        return json_schema(KINDS[kind].model if kind in KINDS else VIEWS[kind][0])

    from harness.optimizers.protocol import OptimizerParameters
    from harness.tuning.spec import RunSpec

    found = json_schema(RunSpec)
    # Each optimizer has parameters of its own, those of plugins included, and the class of all of them has none.
    found["$defs"][OptimizerParameters.__name__] = {
        "title": OptimizerParameters.__name__,
        "description": "Value of each parameter by its name; 'harness ls optimizers' lists them.",
        "type": "object",
    }
    return found
