"""What the README shows is what the committed records and benchmarks say, and they can still be read."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from harness.benchmarks.study import read_study
from harness.cli import main
from harness.records.contest_directory import read_contest
from harness.records.kinds import BENCH_SCORER, RECORD
from harness.records.run_directory import RunDirectory
from harness.records.versions import read_versioned
from harness.report import sheets
from harness.report.leaderboard import build, key

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_the_committed_record():
    board = build({"respondent-de": RunDirectory(ROOT / "results" / "respondent-de").read_record()})
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    headings = sheets.leaderboard_sheet(board).headings
    assert f"| {' | '.join(heading for heading in headings if heading != 'group')} |" in readme.splitlines()
    for place, row in enumerate(board.rows, start=1):
        mass = "-" if row.option_mass is None else f"{row.option_mass:.3f}"
        mae = f"**{row.mae:.2f}**" if board.best.get(key(row)) else f"{row.mae:.2f}"
        cells = [str(place), row.method, mae, f"[{row.mae_low:.2f}, {row.mae_high:.2f}]"]
        mark = "\N{DAGGER}" if key(row) in board.unproven else ""
        cells[1] += mark
        tau = "-" if row.tau is None else f"{row.tau:.2f}"
        gap = "-" if row.order_gap is None else f"{row.order_gap:.1f}"
        cells += [f"{row.mae_tuned:.2f}", tau, gap, mass, f"{row.evaluations:g}"]
        assert f"| {' | '.join(cells)} |" in readme.splitlines()
    assert len(board.rows) == 8 and {row.regions for row in board.rows} == {65}
    (pair,) = (pair for pair in board.pairs if pair.against == "icl")
    said = f"de is better than icl in {pair.better} of {pair.regions}, on average by {-pair.difference:.2f} points"
    assert f"{said} [{-pair.high:.2f}, {-pair.low:.2f}]" in " ".join(readme.split())


def test_the_committed_leaderboard_is_current(monkeypatch, tmp_path):
    """By the command that stands in it, and in results/README.md."""
    committed = (ROOT / "results" / "leaderboard.md").read_text(encoding="utf-8")
    said = re.search(r"^Generated, not written by hand: harness (.+)$", committed, flags=re.MULTILINE)
    command = [*said[1].replace("\\", "").split(), "--out", str(tmp_path / "board.md")]
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        get_command(main.app).main(command, prog_name="harness")
    assert ended.value.code == 0
    assert (tmp_path / "board.md").read_text(encoding="utf-8") == committed
    documented = " ".join((ROOT / "results" / "README.md").read_text(encoding="utf-8").split())
    assert f"harness {' '.join(command[:-2])} --out results/leaderboard.md" in documented


def test_the_record_is_of_the_bundled_model_survey_and_targets():
    from harness.models.language_model import ModelSpec
    from harness.models.loading import load
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tasks.hofstede_vsm.targets import load_regions

    record = RunDirectory(ROOT / "results" / "respondent-de").read_record()
    assert record.model.digest == load(ModelSpec(device="cpu")).digest
    assert record.spec["survey"]["digest"] == load_survey().digest
    assert record.spec["targets"]["digest"] == load_regions().digest
    assert record.provenance.git_dirty is False


@pytest.mark.parametrize("name", ["llama-34m", "respondent"])
def test_the_committed_benchmarks_can_be_read_and_hold_what_they_claim(name):
    found = read_versioned(ROOT / "results" / "benchmarks" / f"scorer-{name}.json", BENCH_SCORER)
    assert found.model.endswith(name)
    assert found.provenance.git_dirty is False
    assert found.distinct_tokens <= 0.4 * found.tokens
    assert all(row.gap < 1e-4 for row in found.rows)


def test_the_readme_shows_the_committed_benchmark():
    found = read_versioned(ROOT / "results/benchmarks/scorer-llama-34m.json", BENCH_SCORER)
    rows = {row.method: row for row in found.rows}
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert (
        f"{rows['harness'].candidates_per_second:.1f} candidates per second, lm-eval takes "
        f"{rows['lm_eval_peft'].times_as_long.median:.1f} times as long, a transformers loop "
        f"{rows['transformers_loop'].times_as_long.median:.1f} times"
    ) in readme


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "benchmarks" / "search").glob("*.json")), ids=str)
def test_the_records_of_the_search_can_be_read(path):
    record = read_versioned(path, RECORD)
    assert record.provenance.git_dirty is False
    assert len(record.spec["regions"]) in (13, 65)


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "results" / "benchmarks" / "studies").glob("*/contest.json")),
    ids=lambda path: path.parent.name,
)
def test_the_studies_can_be_read_and_are_of_their_files(path):
    found = read_contest(path)
    labels = [one.label for one in found.spec.entrants]
    assert labels == [one["label"] for one in read_study(path.parent.with_suffix(".toml")).entrant]
    assert {(cell.entrant, cell.region) for cell in found.cells} == {
        (label, region) for label in labels for region in found.spec.regions
    }
    assert not any(one.git_dirty for one in found.provenance)
