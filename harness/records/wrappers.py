"""The schemas of what optimizers cost and of how our wrappers compare with the libraries that they wrap."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records.benchmark import Spread
from harness.records.schema import Provenance


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pair(_Frozen):
    """What was reached on one function: losses above the lowest possible one, at least 1e-8, after equal budgets.

    Attributes:
        ours: by the wrapper.
        raw: by the library used directly, from another seed.
        again: by the library from a third seed: raw against again is nothing but noise.
    """

    optimizer: str
    function: int
    dimensions: int
    instance: int
    ours: float
    raw: float
    again: float


class Difference(_Frozen):
    """One way of searching against the library, over all functions.

    Attributes:
        median: of log10 (its error / the library's): 0 is equal, above 0 is worse, 1 is ten times the error.
        low: lower end of the 95 % interval of the median, by bootstrap over functions with their instances.
        high: upper end.
        better: functions on which its error is lower.
        equal: functions on which both are the same; both at 1e-8, for example.
        worse: functions on which its error is higher.
        p: of Wilcoxon's signed-rank test, two-sided.
        p_holm: the same after Holm's correction over the optimizers.
    """

    median: float
    low: float
    high: float
    better: int
    equal: int
    worse: int
    p: float
    p_holm: float


class WrapperRow(_Frozen):
    """One optimizer.

    Attributes:
        raw: the library.
        settings: of the wrapper, those of the library.
        ours: the wrapper against the library.
        noise: the library against itself with another seed.
        seconds: for a candidate, asked and told by the wrapper; mean over all functions.
        times_as_long: the same as a multiple of the library's.
    """

    optimizer: str
    raw: str
    settings: dict[str, float | int | str | bool]
    ours: Difference
    noise: Difference
    seconds: float
    times_as_long: float

    @property
    def loses(self) -> bool:
        """Whether the wrapper is worse beyond noise: at the 5 % level, all optimizers taken together."""
        return self.ours.median > 0 and self.ours.p_holm < 0.05


class WrappersBenchmark(_Frozen):
    """The comparison of wrappers with their libraries; `budget` is in evaluations per dimension."""

    schema_version: Literal[1] = 1
    suite: str
    functions: tuple[int, ...]
    dimensions: tuple[int, ...]
    instances: tuple[int, ...]
    budget: int
    seed: int
    provenance: Provenance
    rows: tuple[WrapperRow, ...]
    pairs: tuple[Pair, ...]


class AskRow(_Frozen):
    """What one optimizer costs in so many dimensions.

    Attributes:
        settings: those that are not the defaults.
        popsize: candidates of the last generation.
        seconds: for one candidate, asked and told; over generations.
        memory_mb: highest memory of a process that asks and tells, above that of a process that does all the rest;
            10^6 bytes, the optimizer's library included.
        library_mb: the same in two dimensions: what the library itself takes.
    """

    optimizer: str
    settings: dict[str, str]
    dimensions: int
    popsize: int
    seconds: Spread
    memory_mb: float
    library_mb: float


class AsksBenchmark(_Frozen):
    """The costs of all optimizers; `budget` and `initial` are what they were told to expect and begin with."""

    schema_version: Literal[1] = 1
    budget: int
    initial: int
    provenance: Provenance
    rows: tuple[AskRow, ...]
