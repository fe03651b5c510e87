"""The table of the README is that of the committed record, and the record can still be read."""

from pathlib import Path

from harness.records.run_directory import RunDirectory
from harness.report.leaderboard import build

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_the_committed_record():
    board = build({"respondent-de": RunDirectory(ROOT / "results" / "respondent-de").read_record()})
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for place, row in enumerate(board.rows, start=1):
        mass = "-" if row.option_mass is None else f"{row.option_mass:.3f}"
        cells = [str(place), row.method, f"{row.mae:.1f}", f"[{row.mae_low:.1f}, {row.mae_high:.1f}]"]
        cells += [f"{row.mae_tuned:.1f}", mass, f"{row.evaluations:g}", str(row.regions)]
        assert f"| {' | '.join(cells)} |" in readme.splitlines()
    assert len(board.rows) == 6


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
