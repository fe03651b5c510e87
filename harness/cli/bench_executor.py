"""`harness bench executor`: what workers on a Ray cluster gain, and what the driver of a run costs."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from harness.cli import options, output, staffing
from harness.cli.bench_wrappers import numbers, teller
from harness.errors import UsageError, unknown_choice
from harness.executors.ray_cluster import asked_address

PARTS = ("scaling", "overhead", "load")
MOST_WORKERS = 512


def executor(
    parts: Annotated[str, typer.Option("--parts", help="Of scaling, overhead, load.")] = ",".join(PARTS),
    workers: Annotated[str, typer.Option("--workers", help="With the model, of one thread each.")] = "1,2",
    rounds: Annotated[int, typer.Option("--rounds", help="Times that everything is measured, in turn.")] = 5,
    candidates: Annotated[int, typer.Option("--candidates", help="Of a turn.")] = 320,
    dimensions: Annotated[str, typer.Option("--dimensions", help="Of a candidate, multiples of 64.")] = "64,1280,81920",
    load_workers: Annotated[int, typer.Option("--load-workers", help="Simulated ones.")] = 64,
    load_candidates: Annotated[int, typer.Option("--load-candidates", help="That they answer.")] = 10_000,
    latency: Annotated[float, typer.Option("--latency", help="Median seconds of a simulated candidate.")] = 0.5,
    ray_address: staffing.RayAddress = None,
    out: options.OutFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """What do workers gain, what does the driver cost, does it keep many of them busy? Needs the extra 'ray'.

    Scaling asks the bundled respondent; the others simulate workers, which wait and ask no model. About six minutes on
    two cores that do nothing else.
    """
    chosen = [name.strip() for name in parts.split(",") if name.strip()]
    for name in chosen:
        if name not in PARTS:
            raise unknown_choice("part", name, PARTS, "give --parts some of them, separated by commas")
    if not chosen:
        raise UsageError(f"--parts '{parts}': expected some of {', '.join(PARTS)}, separated by commas")
    counts, dims = numbers("--workers", workers, range(1, 65)), numbers("--dimensions", dimensions, range(64, 10**7))
    if uneven := [dim for dim in dims if dim % 64]:
        raise UsageError(f"--dimensions {uneven[0]}: expected multiples of 64, such as {uneven[0] // 64 * 64 + 64}")
    for flag, value, lowest, highest in (
        ("--rounds", rounds, 1, 1000),
        ("--candidates", candidates, 16, 10**6),
        ("--load-workers", load_workers, 1, MOST_WORKERS),
        ("--load-candidates", load_candidates, 65, 10**7),
    ):
        options.whole(flag, value, lowest, highest)
    if not 0 < latency <= 3600:
        raise UsageError(f"--latency {latency:g}: expected seconds above 0, at most 3600")
    asked_address(ray_address)
    output.check_file(out)
    # Every process has one thread, workers and driver.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    from harness.benchmarks import driver, scaling
    from harness.models.loading import quiet_libraries
    from harness.records.executors import ExecutorBenchmark
    from harness.records.provenance import gather
    from harness.report.executors import executor_notes, executor_tables

    quiet_libraries()
    tell = teller(quiet)
    # First, for what others leave in memory would stand in its curve.
    load = driver.load(ray_address, load_workers, load_candidates, latency, dims[0], tell) if "load" in chosen else None
    gains = scaling.scaling(ray_address, counts, rounds, candidates, tell) if "scaling" in chosen else []
    costs = driver.overhead(ray_address, dims, rounds, candidates, tell) if "overhead" in chosen else []
    result = ExecutorBenchmark(provenance=gather(1, None), scaling=tuple(gains), overhead=tuple(costs), load=load)
    output.finish(
        result.model_dump_json(indent=1), executor_tables(result), executor_notes(result), out, as_json, apart=True
    )
