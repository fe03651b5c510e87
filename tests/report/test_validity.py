"""docs/validity.md says what the committed data say."""

import json
from pathlib import Path

import pytest

from harness.records.schema import DIMENSIONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "validity.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()


def data(name):
    return json.loads((ROOT / "results" / "validity" / f"{name}.json").read_text(encoding="utf-8"))


def shown(*cells):
    return f"| {' | '.join(cells)} |" in LINES


def number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def marked(row):
    return row["method"] + ("\N{DAGGER}" if row["not_better_than"] else "")


def test_the_leaderboard():
    board = data("three-seeds")
    assert next(row["method"] for row in board["rows"]) == "de" and board["rows"][0]["seeds"] == 3
    for row in board["rows"]:
        cells = [marked(row), number(row["mae"], 2), f"[{row['mae_low']:.2f}, {row['mae_high']:.2f}]"]
        cells += [number(row["mae_tuned"], 2), number(row["tau"], 2), number(row["order_gap"], 1)]
        assert shown(*cells, number(row["option_mass"], 3)), row["method"]
    (pair,) = (pair for pair in board["pairs"] if (pair["method"], pair["against"]) == ("de", "icl"))
    said = f"{pair['difference']:+.2f} [{pair['low']:+.2f}, {pair['high']:+.2f}], better in {pair['better']} of 65"
    assert said in PAGE


@pytest.mark.parametrize(
    ("measure", "methods"),
    [("share", ("de", "icl", "persona", "wrong-region", "world-mean", "naive")), ("tau", ("de", "icl", "persona"))],
)
def test_the_dimensions(measure, methods):
    rows = {(row["method"], row["dimension"]): row for row in data("three-seeds")["dimensions"]}
    for method in methods:
        assert shown(method, *(number(rows[method, name][measure], 2) for name in DIMENSIONS)), method


def test_the_cheats():
    for name, regions in (("near-uniform", "65"), ("one-wording", "JPN")):
        rows = {row["method"]: row for row in data(name)["leaderboard"]["rows"]}
        prompt, best = rows["prompt"], min((r for r in rows.values() if r["group"] == "null"), key=lambda r: r["mae"])
        assert prompt["not_better_than"] == best["method"]
        told = f"{best['method']} {best['mae']:.2f}"
        cells = f"| {regions} | {prompt['mae_tuned']:.2f} | {prompt['mae']:.2f} | {told} | yes |"
        assert sum(line.endswith(cells) for line in LINES) == 1, name


def test_labels_and_side_effects():
    for row in data("labels")["rows"]:
        one_digit = [number(row[key], 1) for key in ("mae", "mean_order_gap", "difference")]
        assert shown(row["scheme"], *one_digit, number(row["option_mass"], 3)), row["scheme"]
    for row in data("side-effects")["effects"]:
        interval = f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
        assert shown(row["metric"], number(row["before"], 3), number(row["after"], 3), interval)


def test_responses():
    rows = [row for row in data("responses")["rows"] if row["method"] in ("de", "icl", "persona", "naive")]
    assert len(rows) == 12
    for row in rows:
        cells = [marked(row), number(row["mae"], 2), number(row["mae_tuned"], 2), number(row["tau"], 2)]
        cells += [number(row["order_gap"], 1), number(row["sampling_error"], 1)]
        response = next(name for name in ("expected", "sample", "greedy") if f"/{name}/" in row["runs"][0])
        assert shown(response, *cells), (response, row["method"])


def test_sensitivity():
    for row in data("sensitivity")["choices"]:
        cells = [number(row[key], 2) for key in ("tuned", "midpoint", "anchored")]
        assert shown(row["method"], str(row["wordings"]), *cells), row["method"]


def test_entanglement():
    tuned = [row for row in data("dimensions")["dimensions"] if row["method"] == "de"]
    runs = {row["runs"][0] for row in tuned}
    assert len(runs) == 6
    for run in runs:
        own = {row["dimension"]: row for row in tuned if row["runs"][0] == run}
        (aimed,) = (name for name, row in own.items() if row["aimed"])
        moved = [f"**{own[n]['moved']:.1f}**" if n == aimed else f"{own[n]['moved']:.1f}" for n in DIMENSIONS]
        others = sum(row["mae"] for name, row in own.items() if name != aimed) / 5
        assert shown(aimed, *moved, f"{own[aimed]['mae']:.1f}", f"{others:.1f}"), aimed
