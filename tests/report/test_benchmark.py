"""The bench's tables at the two widths people have; the texts in tests/golden were read before they were kept."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from harness.records.benchmark import Choice, Point, ProductRow, Row, ScorerBenchmark, Spread
from harness.records.schema import Provenance
from harness.report.benchmark import choices_table, curve_table, products_table, rates_table, scorer_notes

GOLDEN = Path(__file__).parents[1] / "golden"


def around(value):
    return Spread.of([value, 0.9 * value, 1.2 * value])


@pytest.fixture
def result():
    methods = (("harness", 6.25, 2), ("lm_eval_peft", 0.58, 16), ("transformers_loop", 0.5712, 16))
    return ScorerBenchmark(
        model="random:llama-34m",
        dtype="float32",
        device="cpu",
        virtual_tokens=20,
        prompts=48,
        tokens=4170,
        distinct_tokens=969,
        body_parameters=25_690_112,
        scorer="packed",
        provenance=Provenance(
            versions={"torch": "2.13.0", "transformers": "5.23.0"},
            git_revision=None,
            git_dirty=None,
            machine={"processor": "A processor", "cores": 2, "gpu": None},
            threads=2,
        ),
        rows=tuple(
            Row(
                method=name,
                candidates_per_second=rate,
                spread=(0.9 * rate, 1.2 * rate),
                times_as_long=around(6.25 / rate),
                batch=batch,
                gap=0.0 if name == "harness" else 1.9e-6,
            )
            for name, rate, batch in methods
        ),
        products=(
            ProductRow(product="torch", gflops=around(171.2), fraction=around(1.61)),
            ProductRow(product="onednn", gflops=around(1391.0), fraction=around(0.723)),
        ),
        matmul_fraction=1.61,
        fastest_fraction=0.723,
        product="onednn",
        weights_mb=239.0,
        candidate_mb=43.7,
        peak_memory_mb=885.4,
        choices=(
            Choice(kind="packed", micro_batch=1, workers=2, candidates_per_second=around(6.25)),
            Choice(kind="branches", micro_batch=4, workers=1, candidates_per_second=around(3.9)),
        ),
        curve=(
            Point(prompts=48, virtual_tokens=20, tokens=975, seconds=around(0.206)),
            Point(prompts=12, virtual_tokens=20, tokens=198, seconds=around(0.0471)),
        ),
    )


@pytest.mark.parametrize("width", [80, 140])
def test_the_tables_look_as_they_did(width, result):
    console = Console(file=StringIO(), width=width, color_system=None)
    for table in (rates_table(result), products_table(result), choices_table(result), curve_table(result)):
        console.print(table)
    for line in scorer_notes(result):
        console.print(line, markup=False, highlight=False)
    found = "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"
    assert found == (GOLDEN / f"bench_scorer-{width}.txt").read_text(encoding="utf-8")


def test_it_is_read_as_it_was_written(result):
    assert ScorerBenchmark.model_validate_json(result.model_dump_json()) == result


def test_a_spread_is_of_the_middle_and_the_ends():
    assert Spread.of([3.0, 1.0, 10.0]) == Spread(median=3.0, low=1.0, high=10.0)
    assert Spread.of([3.0, 1.0]).times(10.0) == Spread(median=20.0, low=10.0, high=30.0)
