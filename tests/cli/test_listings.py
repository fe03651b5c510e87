import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.models.loading import BUNDLED
from harness.optimizers import describe, names


@pytest.mark.parametrize("what", ["regions", "optimizers", "methods", "models", "presets", "schemas", "runs"])
def test_listings_print_a_table_and_json(harness, what):
    shown = harness("ls", what)
    assert shown.code == 0 and shown.out.startswith(what)
    rows = json.loads(harness("ls", what, "--json").out)
    assert isinstance(rows, list)


def test_regions_name_the_sets(harness):
    rows = {row["code"]: row for row in json.loads(harness("ls", "regions", "--json").out)}
    assert rows["all"]["name"] == "every complete region (65)"
    assert rows["core"]["name"] == "USA, CHN, IND, ARA"
    assert rows["JPN"]["mas"] == 95 and rows["ALB"]["pdi"] is None
    assert sum(row["in_all"] is True for row in rows.values()) == 65


def test_a_set_that_the_targets_lack_is_not_listed(harness, tmp_path):
    (tmp_path / "t.csv").write_text("code,name,kind,pdi,idv,mas,uai,lto,ivr\nUSA,United States,x,1,2,3,4,5,6\n")
    rows = json.loads(harness("ls", "regions", "--targets", "t.csv", "--json").out)
    assert [row["code"] for row in rows] == ["all", "USA"]


def test_every_optimizer_lists_every_parameter(harness):
    shown = json.loads(harness("ls", "optimizers", "--json").out)
    assert [row["optimizer"] for row in shown] == [*names(), "gradient"]
    for row in shown:
        assert row["source"]
        wanted = [one.parameter for one in describe(row["optimizer"])]
        assert [one["name"] for one in row["parameters"]] == wanted


def test_runs_are_listed_with_their_state(harness, finished_run):
    folder = Path(finished_run["run"]).parent
    (folder / "broken-off").mkdir()
    (folder / "broken-off" / "spec.json").write_text("{}")
    (folder / "damaged").mkdir()
    (folder / "damaged" / "spec.json").write_text("[" * 100_000)
    rows = json.loads(harness("ls", "runs", "--out", folder, "--json").out)
    states = {Path(row["run"]).name: row["state"] for row in rows}
    assert states[Path(finished_run["run"]).name] == "finished"
    assert states["broken-off"] == "unfinished"
    assert states["damaged"] == "damaged"
    first = next(row for row in rows if row["state"] == "finished")
    assert first["evaluations"] > 0
    assert (first["regions"], first["budget"], first["seeds"], first["model"]) == (2, 6, 1, "respondent")


def test_paths_exist(harness):
    assert (Path(harness("path", "tasks").out.strip()) / "hofstede_vsm" / "items.toml").is_file()
    assert Path(harness("path", "respondent").out.strip()).resolve() == BUNDLED.resolve()


def test_version_and_help(harness):
    from harness import __version__

    assert harness("--version").out == f"vsm-harness {__version__}\n"
    shown = harness("--help")
    assert shown.code == 0
    for command in ("run", "score", "leaderboard", "ls", "path", "schema", "respondent", "config"):
        assert command in shown.out
        assert harness(command, "--help").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["ls", "regions"],
        ["ls", "schemas"],
        ["path", "respondent"],
        ["ls", "presets"],
        ["run", "-h"],
        ["config", "show", "-h"],
        ["schema"],
    ],
)
def test_light_commands_import_no_heavy_library(arguments):
    program = (
        "import sys\nfrom harness.cli import main\nsys.argv = ['harness', *sys.argv[1:]]\n"
        "try:\n    main.run()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'lm_eval', 'peft', 'pymoo', 'cma', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_reader_that_leaves_early_causes_no_traceback():
    command = f"{sys.executable} -m harness ls regions | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "regions" and done.stderr == ""
