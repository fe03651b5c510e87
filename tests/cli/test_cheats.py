"""Prompts that were made to deceive, and what the tables say of them; tests/cheats/plant.py made them."""

import json
from pathlib import Path

import pytest

CHEATS = Path(__file__).parents[1] / "cheats"


def test_a_prompt_that_answers_evenly_is_marked_as_no_better_than_a_null_row(harness, monkeypatch):
    from harness.tuning import scored

    def once(*given, real=scored.score_alone):
        known.append(known[0] if known else real(*given))
        return known[0]

    # Two commands show what was answered once.
    known = []
    monkeypatch.setattr(scored, "score_alone", once)
    shown = harness("score", "--prompt", CHEATS / "near-uniform", "--region", "all")
    assert shown.code == 0, shown.err
    assert any("prompt\N{DAGGER}" in line for line in shown.out.splitlines()), shown.out
    assert "not shown to be better than the best null row, world-mean" in " ".join(shown.out.split())

    board = json.loads(harness("score", "--prompt", CHEATS / "near-uniform", "--region", "all", "--json").out)[
        "leaderboard"
    ]
    assert len(known) == 2
    rows = {row["method"]: row for row in board["rows"]}
    assert rows["prompt"]["not_better_than"] == "world-mean"
    assert rows["prompt"]["mae"] == pytest.approx(rows["null"]["mae"], abs=1.5), "the null row in disguise"
    assert rows["prompt"]["tau"] is None
    (pair,) = (pair for pair in board["pairs"] if pair["null"])
    assert pair["method"] == "prompt" and pair["high"] > 0


def test_a_model_that_answers_at_random_is_told_by_its_evenness_and_no_method_on_it_passes(harness):
    run = harness("run", "--model", "random:llama-tiny", "--region", "core", "--budget", "6", "--quiet", "--json")
    board = json.loads(run.out)
    assert all(row["not_better_than"] for row in board["rows"] if row["group"] != "null")
    assert any(
        note.startswith("de answers nearly at random: evenness 0.99")
        or note.startswith("de answers nearly at random: evenness 1.0")
        for note in board["notes"]
    )


def test_a_prompt_that_knows_its_wordings_alone_drops_on_the_held_out_ones(harness):
    found = harness("score", "--prompt", CHEATS / "one-wording", "--region", "JPN", "--json")
    rows = {row["method"]: row for row in json.loads(found.out)["leaderboard"]["rows"]}
    assert rows["prompt"]["mae_tuned"] < 4 and rows["prompt"]["mae"] > 24
    # It would lead the table by its tuned error, and is ranked by the other one.
    assert rows["prompt"]["mae_tuned"] < rows["world-mean"]["mae"] < rows["prompt"]["mae"]
    shown = harness("score", "--prompt", CHEATS / "one-wording", "--region", "JPN")
    assert any("prompt\N{DAGGER}" in line for line in shown.out.splitlines()), shown.out
