"""Benchmarks as rich renderables: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from harness.records.benchmark import ScorerBenchmark, Spread
from harness.report.terminal import listing

_WHO = {
    "harness": "this harness",
    "lm_eval_peft": "lm-eval, PEFT adapter loaded once",
    "transformers_loop": "transformers loop, full logits",
    "padded_batch": "one padded batch, last logits",
}


def rates_table(result: ScorerBenchmark) -> Table:
    """Candidates per second by method, and how many times as long each takes."""
    rows = []
    for row in result.rows:
        low, high = row.spread
        rows.append(
            [
                _WHO[row.method],
                _short(row.candidates_per_second),
                f"[{_short(low)}, {_short(high)}]",
                "" if row.method == "harness" else _spread(row.times_as_long),
                str(row.batch),
                "" if row.method == "harness" else f"{row.gap:.1g}",
            ]
        )
    headings = ["method", "candidates/s", "lowest, highest", "times as long", "batch", "gap, nats"]
    return listing(headings, rows, f"{result.model}, {result.dtype} on {result.device}", left=1)


def products_table(result: ScorerBenchmark) -> Table:
    """The bare matrix products of a candidate, by library."""
    rows = [[row.product, _spread(row.gflops, 4), _spread(row.fraction)] for row in result.products]
    return listing(["bare products by", "GFLOP/s", "share of the time"], rows, "limit", left=1)


def curve_table(result: ScorerBenchmark) -> Table:
    """What a candidate costs against prompts and virtual tokens."""
    rows = [
        [
            str(point.prompts),
            str(point.virtual_tokens),
            str(point.tokens),
            _spread(point.seconds.times(1e3)),
            _short(1e6 * point.seconds.median / point.tokens),
        ]
        for point in sorted(result.curve, key=lambda point: (point.prompts, point.virtual_tokens))
    ]
    return listing(
        ["prompts", "virtual tokens", "tokens read", "ms", "us per token"], rows, "cost of a candidate", left=0
    )


def scorer_notes(result: ScorerBenchmark) -> Iterable[str]:
    """What must be known to read the tables."""
    machine = result.provenance.machine
    yield (
        f"{result.prompts} prompts, {result.virtual_tokens} virtual tokens: {result.tokens} tokens, "
        f"{result.distinct_tokens} distinct ({result.distinct_tokens / result.tokens:.2f}); layout {result.scorer}; "
        f"{result.body_parameters / 1e6:.1f}M body parameters"
    )
    yield (
        f"fraction of the matrix-product limit: {result.matmul_fraction:.2f} at the rate of torch's bare product, "
        f"{result.fastest_fraction:.2f} at that of the fastest one (2 x body parameters x distinct tokens, over the "
        "time of a candidate)"
    )
    yield f"peak memory {result.peak_memory_mb:.0f} MB, before anything else was measured"
    yield (
        f"{machine.get('processor')}, {result.provenance.threads} threads of {machine.get('cores')} cores, "
        f"GPU {machine.get('gpu') or 'none'}, torch {result.provenance.versions.get('torch')}, "
        f"transformers {result.provenance.versions.get('transformers')}"
    )


def _spread(spread: Spread, digits: int = 3) -> str:
    return f"{_short(spread.median, digits)} [{_short(spread.low, digits)}, {_short(spread.high, digits)}]"


def _short(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}g}" if value < 10**digits else f"{value:.0f}"
