"""The tables of the optimizers' benchmarks; the texts in tests/golden were read before they were kept."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from harness.records.benchmark import Spread
from harness.records.kinds import BENCH_ASKS, BENCH_WRAPPERS
from harness.records.schema import Provenance
from harness.records.versions import read_versioned
from harness.records.wrappers import AskRow, AsksBenchmark, Difference, WrapperRow, WrappersBenchmark
from harness.report.wrappers import asks_notes, asks_table, wrappers_notes, wrappers_table

GOLDEN = Path(__file__).parents[1] / "golden"
WHERE = Provenance(
    versions={"numpy": "2.4.6", "pymoo": "0.6.2", "cma": "4.5.0"},
    git_revision=None,
    git_dirty=None,
    machine={"processor": "A processor"},
    threads=1,
)


def difference(median, p):
    return Difference(
        median=median, low=median - 0.1, high=median + 0.1, better=70, equal=4, worse=70, p=p / 3, p_holm=p
    )


@pytest.fixture
def wrappers():
    cases = (("cma", "pycma", 0.003, 0.9), ("de", "pymoo DE", 0.21, 0.001), ("pso", "pymoo PSO", -0.12, 0.04))
    return WrappersBenchmark(
        suite="bbob",
        functions=tuple(range(1, 25)),
        dimensions=(5, 20),
        instances=(1, 2, 3),
        budget=200,
        seed=0,
        provenance=WHERE,
        rows=tuple(
            WrapperRow(
                optimizer=name,
                raw=raw,
                settings={"popsize": 25},
                ours=difference(median, p),
                noise=difference(-0.01, 1.0),
                seconds=1e-4,
                times_as_long=1.1,
            )
            for name, raw, median, p in cases
        ),
        pairs=(),
    )


@pytest.fixture
def asks():
    rows = (("random", {}, 16, 0.002), ("cma", {}, 37, 0.05), ("cma", {"covariance": "limited"}, 37, 0.061))
    return AsksBenchmark(
        budget=1000,
        initial=16,
        provenance=WHERE,
        rows=tuple(
            AskRow(
                optimizer=name,
                settings=settings,
                dimensions=dim,
                popsize=size,
                seconds=Spread.of([seconds * dim / 1280, 2 * seconds * dim / 1280]),
                memory_mb=dim / 100,
                library_mb=9.0,
            )
            for name, settings, size, seconds in rows
            for dim in (81_920, 1280)
        ),
    )


def text(width, table, notes):
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(table)
    for line in notes:
        console.print(line, markup=False, highlight=False)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize("width", [80, 140])
def test_the_tables_look_as_they_did(width, wrappers, asks):
    found = text(width, wrappers_table(wrappers), wrappers_notes(wrappers))
    found += "\n" + text(width, asks_table(asks), asks_notes(asks))
    assert found == (GOLDEN / f"bench_optimizers-{width}.txt").read_text(encoding="utf-8")


def test_who_is_worse_is_named(wrappers):
    assert [row.optimizer for row in wrappers.rows if row.loses] == ["de"]
    assert "worse beyond noise: de" in list(wrappers_notes(wrappers))
    fine = wrappers.model_copy(update={"rows": wrappers.rows[::2]})
    assert "no wrapper is worse beyond noise" in list(wrappers_notes(fine))


def test_they_are_read_as_they_were_written(wrappers, asks):
    for one in (wrappers, asks):
        assert type(one).model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize(("name", "kind"), [("wrappers", BENCH_WRAPPERS), ("asks", BENCH_ASKS)])
def test_the_committed_results_can_be_read(name, kind):
    path = GOLDEN.parents[1] / "results" / "benchmarks" / f"{name}.json"
    result = read_versioned(path, kind)
    assert result.rows and not result.provenance.git_dirty
