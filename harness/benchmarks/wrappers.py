"""Our wrappers of pymoo and pycma against the libraries used directly, on the bbob functions.

Both search the same box with the same settings and budget, from seeds of their own, so that they agree as two runs of
one method do, and no more. What two runs differ by is measured too: the library against itself. With one generator
for both, wrapper and library agree to the last bit; that is a matter for tests.

Source of the functions: Hansen, Finck, Ros & Auger (2009), Real-parameter black-box optimization benchmarking 2009:
noiseless functions definitions, INRIA RR-6829, through coco-experiment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.benchmarks.comparison import compare
from harness.benchmarks.watch import Watch, threads
from harness.errors import UsageError
from harness.optimizers import FloatArray, Problem, create, parse_parameters
from harness.records import provenance
from harness.records.wrappers import Pair, WrapperRow, WrappersBenchmark

_BOUND = 5.0
_LOWEST_ERROR = 1e-8
"""The precision to which bbob counts a function as solved."""

Loss = Callable[[FloatArray], FloatArray]
Search = Callable[[Loss, int, int, int], float]
"""From the loss, the dimensions, the budget and a seed to the seconds that asking and telling took."""


@dataclass(frozen=True)
class Peer:
    """A wrapper's settings, which are its library's defaults, and the library by itself."""

    settings: Mapping[str, float | int | str | bool]
    raw: str
    search: Search


class Recorded:
    """A bbob function that counts its evaluations and keeps the lowest loss within the budget.

    Args:
        function: 1 to 24.
        dim: dimensions, 2, 3, 5, 10, 20 or 40.
        instance: at least 1.
        budget: evaluations that count.

    Raises:
        UsageError: coco-experiment is not installed.
    """

    def __init__(self, function: int, dim: int, instance: int, budget: int) -> None:
        try:
            from cocoex import BareProblem
        except ImportError as error:
            raise UsageError(
                "the bbob functions need coco-experiment, which is not installed: expected the extra 'bbob'; "
                "run pip install 'vsm-harness[bbob]'"
            ) from error
        self._function = BareProblem("bbob", function, dim, instance)
        self._optimum = float(self._function.best_value())
        self._left = budget
        self.error = np.inf

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Losses of rows, (n, d) to (n,)."""
        losses = np.array([self._function(row) for row in rows])
        counted = losses[: self._left]
        if counted.size:
            self.error = max(min(self.error, float(counted.min()) - self._optimum), _LOWEST_ERROR)
        self._left -= len(counted)
        return losses


def run(
    functions: Sequence[int],
    dimensions: Sequence[int],
    instances: int,
    budget: int,
    seed: int,
    done: Callable[[str], None],
) -> WrappersBenchmark:
    """Measures all wrappers.

    Args:
        functions: of bbob, 1 to 24.
        dimensions: each one of bbob's.
        instances: of each function, from the first on.
        budget: evaluations per dimension.
        seed: of all searches.
        done: called with what comes next.

    Raises:
        UsageError: coco-experiment is not installed.
    """
    done("first use of the libraries")
    for name in PEERS:
        _pair(name, 1, dimensions[0], 1, 200, seed)
    pairs: list[Pair] = []
    seconds: dict[str, list[FloatArray]] = {name: [] for name in PEERS}
    for dim in dimensions:
        for function in functions:
            done(f"function {function} in {dim} dimensions")
            for instance in range(1, instances + 1):
                for name in PEERS:
                    pair, spent = _pair(name, function, dim, instance, budget * dim, seed)
                    pairs.append(pair)
                    seconds[name].append(spent / (budget * dim))
    return WrappersBenchmark(
        suite="bbob",
        functions=tuple(functions),
        dimensions=tuple(dimensions),
        instances=tuple(range(1, instances + 1)),
        budget=budget,
        seed=seed,
        provenance=provenance.gather(threads(), None),
        rows=tuple(_rows(pairs, {name: np.mean(each, axis=0) for name, each in seconds.items()})),
        pairs=tuple(pairs),
    )


def _pair(name: str, function: int, dim: int, instance: int, budget: int, seed: int) -> tuple[Pair, FloatArray]:
    """All three searches on one function, and the seconds (3,) that each took beside it."""
    peer = PEERS[name]
    place = (seed, function, dim, instance)
    seeds = [int(number) for number in np.random.SeedSequence(place).generate_state(3)]
    errors, seconds = [], []
    for one, search in zip(seeds, (_ours(name, peer), peer.search, peer.search), strict=True):
        loss = Recorded(function, dim, instance, budget)
        seconds.append(search(loss, dim, budget, one))
        errors.append(loss.error)
    ours, raw, again = errors
    pair = Pair(optimizer=name, function=function, dimensions=dim, instance=instance, ours=ours, raw=raw, again=again)
    return pair, np.array(seconds)


def _rows(pairs: Sequence[Pair], seconds: Mapping[str, FloatArray]) -> Iterator[WrapperRow]:
    by_name = {name: [pair for pair in pairs if pair.optimizer == name] for name in PEERS}
    ours = compare([[(pair.function, pair.ours, pair.raw) for pair in each] for each in by_name.values()])
    noise = compare([[(pair.function, pair.again, pair.raw) for pair in each] for each in by_name.values()])
    for (name, peer), difference, chance in zip(PEERS.items(), ours, noise, strict=True):
        yield WrapperRow(
            optimizer=name,
            raw=peer.raw,
            settings=dict(peer.settings),
            ours=difference,
            noise=chance,
            seconds=float(seconds[name][0]),
            times_as_long=float(seconds[name][0] / seconds[name][1:].mean()),
        )


def _ours(name: str, peer: Peer) -> Search:
    def search(loss: Loss, dim: int, budget: int, seed: int) -> float:
        problem = Problem(np.full(dim, -_BOUND), np.full(dim, _BOUND), budget)
        optimizer = create(name, problem, parse_parameters(name, peer.settings), np.random.default_rng(seed))
        watch = Watch()
        while optimizer.evaluations < budget:
            with watch:
                candidates = optimizer.ask()
            losses = loss(candidates)
            with watch:
                optimizer.tell(candidates, losses)
        return watch.seconds

    return search


def _pymoo(algorithm: str) -> Search:
    """Pymoo by its own ask and tell, with its defaults but for the budget."""

    def search(loss: Loss, dim: int, budget: int, seed: int) -> float:
        from pymoo.algorithms.soo.nonconvex.de import DE
        from pymoo.algorithms.soo.nonconvex.pso import PSO
        from pymoo.core.problem import Problem as Box

        one = {"de": DE, "pso": PSO}[algorithm]()
        one.setup(Box(n_var=dim, n_obj=1, xl=-_BOUND, xu=_BOUND), seed=seed, termination=("n_eval", 10 * budget))
        watch, spent = Watch(), 0
        while spent < budget:
            with watch:
                population = one.ask()
            losses = loss(population.get("X"))
            with watch:
                population.set("F", losses[:, None])
                one.tell(infills=population)
            spent += len(losses)
        return watch.seconds

    return search


def _pycma(loss: Loss, dim: int, budget: int, seed: int) -> float:
    """Pycma by its own ask and tell, from the centre of the box; its stopping criteria are not consulted."""
    import cma

    options = {"bounds": [-_BOUND, _BOUND], "seed": seed, "verbose": -9}
    strategy = cma.CMAEvolutionStrategy(np.zeros(dim), _SIGMA0 * _BOUND, options)
    watch, spent = Watch(), 0
    while spent < budget:
        with watch:
            candidates = strategy.ask()
        losses = loss(np.array(candidates))
        with watch:
            strategy.tell(candidates, losses.tolist())
        spent += len(losses)
    return watch.seconds


_SIGMA0 = 0.3
PEERS: Mapping[str, Peer] = {
    "cma": Peer({"sigma0": _SIGMA0, "covariance": "full"}, "pycma", _pycma),
    "de": Peer(
        {"popsize": 100, "variant": "best/1/bin", "F": 0.5, "CR": 0.2, "mutation": 0.1}, "pymoo DE", _pymoo("de")
    ),
    "pso": Peer({"popsize": 25, "w": 0.9, "c1": 2.0, "c2": 2.0, "max_velocity": 0.2}, "pymoo PSO", _pymoo("pso")),
}
