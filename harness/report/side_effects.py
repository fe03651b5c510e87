"""Side effects of a soft prompt as rich renderables: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from rich.table import Table

from harness.records.side_effects import Effect, SideEffects, Verdict
from harness.report.terminal import listing

_MOST_WARNINGS: Final = 4
_BETTER = {True: "+", False: "-", None: ""}
_SAYS: dict[Verdict, str] = {"better": "better", "worse": "worse", "changed": "changed", "unclear": "-", "unknown": "?"}


def effects_table(result: SideEffects) -> Table:
    """Every metric before and after, below the name of its task."""
    rows: list[list[str]] = []
    for task, effects in groupby(result.effects, key=lambda effect: effect.task):
        rows.append([task, *[""] * 7])
        for effect in effects:
            cells = [f"{effect.before:.4g}", f"{effect.after:.4g}", f"{effect.difference:+.3g}", _interval(effect)]
            better = _BETTER[effect.higher_is_better]
            rows.append([f"  {effect.metric}", *cells, str(effect.documents or "-"), better, _SAYS[effect.verdict]])
    headings = ["task, metric", "before", "after", "difference", "95 %", "docs", "good", "says"]
    return listing(headings, rows, f"side effects of {result.prompt}", left=1)


def effects_notes(result: SideEffects) -> Iterable[str]:
    """What must be known to read the table."""
    template = "in the model's chat template" if result.chat_template else "without a chat template"
    shots = ", ".join(f"{name} {shots}" for name, shots in result.shots.items() if shots)
    yield (
        f"{result.model.name}, asked by lm-eval without and with {result.virtual_tokens} virtual tokens in front, "
        f"{template}" + (f"; solved examples: {shots}" if shots else "")
    )
    yield (
        "difference: after less before; 95 %: its interval over the paired documents, not corrected for the "
        "number of rows; good: + where higher is better, - where lower is; says: worse or better where the interval "
        "leaves out 0, - where it does not, ? without one"
    )
    if result.limit is not None:
        yield f"the first {result.limit} documents of each task, which need not stand for all of them"
    refused = [name for name, shots in result.shots.items() if result.num_fewshot not in (None, shots)]
    if refused:
        yield f"no solved examples other than the task fixes: {', '.join(refused)}"
    for note, where in _without(result.effects).items():
        yield f"no interval: {', '.join(where)}: {note}"
    yield from (f"while it ran: {text}" for text in result.warnings[:_MOST_WARNINGS])
    if (rest := len(result.warnings) - _MOST_WARNINGS) > 0:
        yield f"while it ran: {rest} more warnings, see --json"
    if result.model.note:
        yield result.model.note


def _interval(effect: Effect) -> str:
    return "-" if effect.low is None else f"[{effect.low:+.3g}, {effect.high:+.3g}]"


def _without(effects: Iterable[Effect]) -> dict[str, list[str]]:
    """Metrics without an interval by reason; those of one task together."""
    metrics: dict[tuple[str, str], list[str]] = {}
    for effect in effects:
        if effect.note:
            metrics.setdefault((effect.note, effect.task), []).append(effect.metric)
    found: dict[str, list[str]] = {}
    for (note, task), names in metrics.items():
        found.setdefault(note, []).append(f"{task} {', '.join(names)}")
    return found
