"""Benchmarks as rich renderables: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from harness.records.benchmark import ScorerBenchmark, Spread
from harness.report.terminal import listing

_WHO = {
    "harness": "harness",
    "lm_eval_peft": "lm-eval + PEFT",
    "transformers_loop": "transformers loop",
    "padded_batch": "padded batch",
}


def rates_table(result: ScorerBenchmark) -> Table:
    """Candidates per second by method, and how many times as long each takes."""
    rows = []
    for row in result.rows:
        low, high = row.spread
        ours = row.method == "harness"
        rows.append(
            [
                _WHO[row.method],
                _spread(Spread(median=row.candidates_per_second, low=low, high=high)),
                "" if ours else _spread(row.times_as_long),
                str(row.batch),
                "" if ours else f"{row.gap:.1g}",
            ]
        )
    headings = ["method", "candidates/s", "times as long", "batch", "gap"]
    return listing(headings, rows, f"{result.model}, {result.dtype} on {result.device}", left=1)


def products_table(result: ScorerBenchmark) -> Table:
    """The bare matrix products of a candidate, by library."""
    rows = [[row.product, _spread(row.gflops, 4), _spread(row.fraction)] for row in result.products]
    return listing(["by", "GFLOP/s", "share of the time"], rows, "bare matrix products of a candidate", left=1)


def choices_table(result: ScorerBenchmark) -> Table:
    """The harness with other layouts and numbers of candidates at once."""
    rows = [
        [one.kind, str(one.micro_batch), str(one.workers), _spread(one.candidates_per_second)] for one in result.choices
    ]
    return listing(["layout", "micro-batch", "workers", "candidates/s"], rows, "harness, other layouts", left=1)


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
        "median [lowest, highest] of the rounds; times as long: as the harness in the same round; batch: candidates "
        "(harness) or prompts (the others, at the best of several) answered at once; gap: largest difference from the "
        "harness's answers, nats"
    )
    yield (
        "lm-eval + PEFT: its model class, the adapter loaded once; transformers loop: logits of every token; padded "
        "batch: all prompts in one pass, logits of the last tokens"
    )
    yield (
        f"{result.prompts} prompts, {result.virtual_tokens} virtual tokens: {result.tokens} tokens, "
        f"{result.distinct_tokens} distinct ({result.distinct_tokens / result.tokens:.2f}); what the layout reads, "
        "with padding and repeats, stands in the last table"
    )
    yield (
        f"harness: layout {result.scorer}, products by {result.product}; share of the time: what 2 x body parameters "
        f"({result.body_parameters / 1e6:.1f}M) x distinct tokens take as bare products, of the time of a candidate: "
        f"{result.matmul_fraction:.2f} for torch's own product, above 1 where the harness multiplies faster; "
        f"{result.fastest_fraction:.2f} for the fastest one, the limit"
    )
    yield (
        f"memory that --memory-gb bounds: {result.weights_mb:.0f} MB of weights and {result.candidate_mb:.0f} MB for "
        f"each candidate at once; the whole process took {result.peak_memory_mb:.0f} MB with Python and its libraries, "
        "before the others were set up"
    )
    yield (
        f"{machine.get('processor')}, {result.provenance.threads} threads of {machine.get('cores')} cores, "
        f"GPU {machine.get('gpu') or 'none'}, torch {result.provenance.versions.get('torch')}, "
        f"transformers {result.provenance.versions.get('transformers')}"
    )
    if result.model.startswith("random:"):
        yield "random weights: a benchmark of speed, not a result"


def _spread(spread: Spread, digits: int = 3) -> str:
    if spread.low == spread.high:
        return _short(spread.median, digits)
    return f"{_short(spread.median, digits)} [{_short(spread.low, digits)}, {_short(spread.high, digits)}]"


def _short(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}g}" if value < 10**digits else f"{value:.0f}"
