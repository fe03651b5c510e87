"""The recipe for CI in the documents is the one that the project runs on itself."""

import configparser
import re
import shlex
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def words(command):
    """A command's words, files by their names alone."""
    text = re.sub(r"\{(tox_root|env_tmp_dir)\}|\{/\}", lambda found: "/" if found.group() == "{/}" else "", command)
    return [Path(word).name if "/" in word else word for word in shlex.split(text)]


def test_the_recipe_is_what_tox_runs():
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    recipe = yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    steps = [step["run"] for step in recipe["jobs"]["gate"]["steps"] if step.get("run", "").startswith("harness ")]
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    own = tox["testenv:gate"]["commands"].strip().splitlines()
    assert len(steps) == len(own) == 2
    # Hosted machines are of several kinds.
    assert [words(step.replace(" --gate quality,cost", "")) for step in steps] == [words(line) for line in own]
