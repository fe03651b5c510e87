"""The tables of checks on other instruments; the texts in tests/golden were read before they were kept."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from harness.records.schema import ModelIdentity, Provenance
from harness.records.transfer import Answer, Answerer, Estimate, Near, Part, Transfer
from harness.report.transfer import transfer_notes, transfer_tables

GOLDEN = Path(__file__).parents[1] / "golden"
MODEL = ModelIdentity(
    name="models/llama", digest="sha256:0", parameters=8, dtype="bfloat16", device="cuda:0", random_weights=False
)
WHERE = Provenance(versions={}, git_revision=None, git_dirty=None, machine={}, threads=1)


def estimate(mean, half=0.02):
    return Estimate(mean=mean, low=mean - half, high=mean + half)


def answerer(who, score, close=None, mass=None, gap=None):
    return Answerer(who=who, score=estimate(score), close=close, option_mass=mass, order_gap=gap)


@pytest.fixture
def preference():
    """A tuned prompt on CDEval."""
    domains = ("education", "work")
    rows = [("idv", 0.31, 0.62, 46.0), ("pdi", 0.52, 0.41, 54.0)]
    wholes = [
        Part(
            dimension=name,
            group=None,
            questions=20,
            score=ours,
            naive=naive,
            difference=estimate(ours - naive),
            published=index,
        )
        for name, ours, naive, index in rows
    ]
    cells = [
        Part(dimension=name, group=group, questions=10, score=ours, naive=naive, difference=None, published=None)
        for group in domains
        for name, ours, naive, _ in rows
    ]
    return Transfer(
        benchmark="cdeval",
        metric="preference",
        file="cdeval.csv",
        digest="0" * 64,
        model=MODEL,
        subject="results/runs/RUN/adapters/de/seed0/JPN",
        region="JPN",
        labels=(),
        available=40,
        questions=40,
        seed=0,
        left_out=(),
        answerers=(
            answerer("results/runs/RUN/adapters/de/seed0/JPN", 0.415, mass=0.97, gap=0.11),
            answerer("naive", 0.515, mass=0.99, gap=0.05),
            answerer("uniform", 0.5),
        ),
        difference=estimate(-0.1),
        parts=(*wholes, *cells[:3]),
        nearest=(),
        answers=(Answer(question="row 2", probabilities=(0.4, 0.6), score=0.4, naive=0.5),),
        provenance=WHERE,
    )


@pytest.fixture
def distance():
    """The naive model on WorldValuesBench, with little mass on the letters and a note of the model."""
    names = ("Chile", "Brazil", "Great Britain", "Egypt", "Iran", "Türkiye")
    groups = (("Politics", 4, 0.18), ("[bold]Trust", 5, 0.2))
    return Transfer(
        benchmark="worldvaluesbench",
        metric="distance",
        file="full_value_qa.tsv",
        digest="0" * 64,
        model=MODEL.model_copy(update={"note": "random weights: a benchmark of speed, not a result"}),
        subject="naive",
        region="TUR",
        labels=("Turkey",),
        available=230,
        questions=9,
        seed=3,
        left_out=("1 of 240 ordinal questions of the metadata: no column of theirs", "a", "b", "c"),
        answerers=(
            answerer("naive", 0.19, 0.56, 0.31, 0.2),
            answerer("world", 0.08, 1.0),
            Answerer(
                who="uniform",
                score=Estimate(mean=0.25, low=None, high=None),
                close=0.0,
                option_mass=None,
                order_gap=None,
            ),
        ),
        difference=None,
        parts=tuple(
            Part(
                dimension=None,
                group=group,
                questions=count,
                score=score,
                naive=None,
                difference=None,
                published=None,
            )
            for group, count, score in groups
        ),
        nearest=tuple(
            Near(country=name, score=0.1 + place / 50, questions=9, own=name == "Türkiye")
            for place, name in enumerate(names)
        ),
        answers=(),
        provenance=WHERE,
    )


def text(width, result):
    console = Console(file=StringIO(), width=width, color_system=None)
    for table in transfer_tables(result):
        console.print(table)
        console.print()
    for line in transfer_notes(result):
        console.print(line, markup=False, highlight=False)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize("width", [80, 140])
def test_the_tables_look_as_they_did(width, preference, distance):
    found = text(width, preference) + "\n" + text(width, distance)
    assert found == (GOLDEN / f"transfer-{width}.txt").read_text(encoding="utf-8")


def test_they_are_read_as_they_were_written(preference, distance):
    for one in (preference, distance):
        assert Transfer.model_validate_json(one.model_dump_json()) == one
