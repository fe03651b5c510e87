"""Side effects on the terminal; the texts in tests/golden were read before they were kept."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import output
from harness.records.schema import ModelIdentity, Provenance
from harness.records.side_effects import Effect, SideEffects
from harness.report.side_effects import effects_notes, effects_table

GOLDEN = Path(__file__).parents[1] / "golden"


def effect(task, metric, before, after, ends=(None, None), better=True, documents=96, note=""):
    return Effect(
        task=task,
        metric=metric,
        higher_is_better=better,
        documents=documents,
        before=before,
        after=after,
        difference=after - before,
        low=ends[0],
        high=ends[1],
        note=note,
    )


@pytest.fixture
def result():
    mean = "no mean over documents"
    return SideEffects(
        model=ModelIdentity(
            name="respondent",
            digest="0",
            parameters=1,
            dtype="float32",
            device="cpu",
            random_weights=False,
            note="a simulation",
        ),
        prompt="runs/one/JPN",
        virtual_tokens=10,
        tasks={"persona_following": "1.0"},
        shots={"persona_following": 0, "recall": 2, "texts": 0},
        chat_template=True,
        num_fewshot=2,
        limit=96,
        batch_size=16,
        max_length=2038,
        seeds={"random_seed": 0},
        effects=(
            effect("persona_following", "acc", 0.739583, 0.510417, (-0.322917, -0.15625)),
            effect("persona_following", "lean", 0.17983, 0.02969, (-0.1755, -0.1253)),
            effect("recall", "acc", 0.5, 0.59375, (0.0104, 0.1771)),
            effect("recall", "exact_match,strict", 0.5, 0.5, (-0.02, 0.02)),
            effect("recall", "length", 12.0, 14.5, (1.5, 3.5), better=None),
            effect("texts", "word_perplexity", 1.952e13, float("inf"), better=False, documents=6, note=mean),
            effect("texts", "bits_per_byte", 10.55, 10.46, better=False, documents=6, note=mean),
            effect("all", "acc", 0.62, 0.552, documents=0, note="put together from the tasks of the group"),
        ),
        warnings=tuple(f"cut {word}" for word in ("one", "two", "three", "four", "five", "six")),
        seconds=1.0,
        provenance=Provenance(versions={}, git_revision=None, git_dirty=None, machine={}, threads=1),
    )


@pytest.mark.parametrize("width", [80, 140])
def test_the_whole_output(result, width):
    console = Console(file=StringIO(), width=width, color_system=None)
    output.show(console, effects_table(result))
    for line in effects_notes(result):
        console.print(line, markup=False, highlight=False)
    shown = console.file.getvalue()
    assert shown == (GOLDEN / f"side_effects-{width}.txt").read_text(encoding="utf-8")


def test_json_says_null_for_what_is_not_finite(result):
    assert '"after":null' in result.model_dump_json()
