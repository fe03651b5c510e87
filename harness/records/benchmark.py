"""The schema of a benchmark's result: plain values, read and written by whoever measures or reports."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records.schema import Provenance


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Spread(_Frozen):
    """Median, lowest and highest over the rounds."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Summarises the rounds."""
        return Spread(median=statistics.median(values), low=min(values), high=max(values))

    def times(self, factor: float) -> Spread:
        """The same in another unit."""
        return Spread(median=factor * self.median, low=factor * self.low, high=factor * self.high)


class Row(_Frozen):
    """One method.

    Attributes:
        method: "harness", "lm_eval_peft", "transformers_loop" or "padded_batch".
        candidates_per_second: median over the rounds.
        spread: lowest and highest of the rounds.
        times_as_long: what it takes for a candidate, as a multiple of the harness in the same round.
        batch: candidates (harness) or prompts that are answered at once; the best of several.
        gap: largest difference of an answer from the harness's, nats.
    """

    method: str
    candidates_per_second: float
    spread: tuple[float, float]
    times_as_long: Spread
    batch: int
    gap: float


class ProductRow(_Frozen):
    """The bare matrix products of one candidate by one library: rate, and what part of the harness's time they are."""

    product: str
    gflops: Spread
    fraction: Spread


class Choice(_Frozen):
    """The harness with other numbers of candidates at once; what a run chooses is the row "harness"."""

    kind: str
    micro_batch: int
    workers: int
    candidates_per_second: Spread


class Point(_Frozen):
    """The harness's cost of one candidate for so many prompts and virtual tokens; `tokens` are those it reads."""

    prompts: int
    virtual_tokens: int
    tokens: int
    seconds: Spread


class ScorerBenchmark(_Frozen):
    """The whole benchmark.

    Attributes:
        tokens: that one candidate has, soft prompts in front of every prompt counted.
        distinct_tokens: that remain when what prompts share is stored once.
        matmul_fraction: 2 x body parameters x distinct tokens at the rate of torch's bare product, over the time of a
            candidate; above 1 where the harness multiplies faster than torch does by itself.
        fastest_fraction: the same at the rate of the fastest bare product that was measured: what is left to gain.
        product: who multiplied matrices for the harness: "torch" or "onednn".
        weights_mb: of the model and, with oneDNN, of the copy in its layout; 10^6 bytes.
        candidate_mb: for each candidate at once beside the weights; an estimate from above.
        peak_memory_mb: of the card, or of the whole process with Python and its libraries, when nothing but the
            harness had run.
    """

    schema_version: Literal[1] = 1
    model: str
    dtype: str
    device: str
    virtual_tokens: int
    prompts: int
    tokens: int
    distinct_tokens: int
    body_parameters: int
    scorer: str
    provenance: Provenance
    rows: tuple[Row, ...]
    products: tuple[ProductRow, ...]
    matmul_fraction: float
    fastest_fraction: float
    product: str
    weights_mb: float
    candidate_mb: float
    peak_memory_mb: float
    choices: tuple[Choice, ...]
    curve: tuple[Point, ...]
