"""What asking and telling costs: seconds and memory of every optimizer in as many dimensions as soft prompts have.

Each is measured in a process of its own, whose highest memory is compared with that of a process which does the same
without an optimizer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import harness
from harness.benchmarks.watch import Watch, peak_memory_mb, threads
from harness.errors import RunError
from harness.optimizers import FloatArray, Optimizer, Problem, create, names, parse_parameters
from harness.records import provenance
from harness.records.benchmark import Spread
from harness.records.wrappers import AskRow, AsksBenchmark

BUDGET = 1000
INITIAL = 16
OUTPUTS = 6
_ALSO: Sequence[tuple[str, Mapping[str, str]]] = (
    ("cma", {"covariance": "limited"}),
    ("de", {"variant": "best/1/bin"}),
)
_WARM_UP = 2
_FEWEST, _MOST = 5, 50
_LONG_ENOUGH = 3.0
_SMALL = 2


def run(dimensions: Sequence[int], optimizers: Sequence[str], done: Callable[[str], None]) -> AsksBenchmark:
    """Measures every optimizer in every number of dimensions.

    Args:
        dimensions: at least 2 each.
        optimizers: names; empty for all that there are.
        done: called with what comes next.

    Raises:
        RunError: a process failed.
    """
    done("nothing")
    empty = {dim: _in_a_process("", {}, dim)["peak_mb"] for dim in (_SMALL, *dimensions)}
    rows = []
    for name, settings in _forms(optimizers or names()):
        done(" ".join([name, *(f"{key}={value}" for key, value in settings.items())]))
        library = _in_a_process(name, settings, _SMALL)["peak_mb"] - empty[_SMALL]
        for dim in dimensions:
            found = _in_a_process(name, settings, dim)
            row = AskRow(
                optimizer=name,
                settings=dict(settings),
                dimensions=dim,
                popsize=found["popsize"],
                seconds=Spread.of(found["seconds"]),
                memory_mb=max(found["peak_mb"] - empty[dim], 0.0),
                library_mb=max(library, 0.0),
            )
            rows.append(row)
    where = provenance.gather(threads(), None)
    return AsksBenchmark(budget=BUDGET, initial=INITIAL, provenance=where, rows=tuple(rows))


def _forms(optimizers: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name in optimizers:
        yield name, {}
        yield from ((other, settings) for other, settings in _ALSO if other == name)


def _in_a_process(name: str, settings: Mapping[str, str], dim: int) -> dict[str, Any]:
    """What `measure` returns there, and the process's highest memory; the name "" is no optimizer."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(harness.__file__).parents[1])!r})\n"
        "from harness.benchmarks.asks import child\n"
        f"sys.stdout.write(child({name!r}, {dict(settings)!r}, {dim}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise RunError(
            f"{name or 'an empty process'} in {dim} dimensions ended with '{reason}': expected it to ask and tell; "
            "free memory, or leave it out with --optimizer"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def child(name: str, settings: Mapping[str, str], dim: int) -> str:
    """Measures one optimizer in this process, or nothing for the name ""; JSON."""
    rng = np.random.default_rng(0)
    goal = np.zeros(min(dim, OUTPUTS))
    problem = Problem(np.full(dim, -3.0), np.full(dim, 3.0), BUDGET, rng.uniform(-1.0, 1.0, (INITIAL, dim)), goal)
    found: dict[str, Any] = {}
    if name:
        optimizer = create(name, problem, parse_parameters(name, settings), rng)
        found = {"seconds": seconds_per_candidate(optimizer), "popsize": len(optimizer.ask())}
    else:
        rows = np.zeros((1, dim))
        bowl(rows)
    return json.dumps(found | {"peak_mb": peak_memory_mb()})


def seconds_per_candidate(optimizer: Optimizer) -> list[float]:
    """Seconds of ask and tell for one candidate, one number per generation, the first ones left out."""
    found: list[float] = []
    generation, total = 0, 0.0
    while len(found) < _FEWEST or (len(found) < _MOST and total < _LONG_ENOUGH):
        watch = Watch()
        with watch:
            candidates = optimizer.ask()
        losses = bowl(candidates)
        with watch:
            optimizer.tell(candidates, losses, candidates[:, :OUTPUTS])
        generation += 1
        if generation > _WARM_UP:
            found.append(watch.seconds / len(candidates))
            total += watch.seconds
    return found


def bowl(rows: FloatArray) -> FloatArray:
    """Squares summed up, (n, d) to (n,), one row at a time, so that it needs no memory of its own."""
    return np.array([row @ row for row in rows])
