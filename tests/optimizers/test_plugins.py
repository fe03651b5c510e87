"""Optimizers of others: real distributions in a folder on the path, of which one works and the others do not."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import harness
from harness.cli import ls
from harness.errors import UsageError
from harness.optimizers import CATALOG, Optimizer, describe, load, names
from harness.optimizers.contract import OptimizerContract

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "adding-an-optimizer.md").read_text("utf-8")
WALK, WALK_TEST = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def distribution(folder: Path, dist: str, entry_points: dict[str, str], module: str, text: str) -> None:
    """Installs a module as pip would: its file and its metadata."""
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    metadata = folder / f"{dist}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n", encoding="utf-8")
    lines = ["[harness.optimizers]", *(f"{name} = {where}" for name, where in entry_points.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One plugin that works, `walk`, and one distribution for each way not to."""
    folder = tmp_path / "site"
    folder.mkdir()
    distribution(folder, "walker", {"walk": "walker:Walk"}, "walker", WALK)
    distribution(folder, "taker", {"de": "taker:Walk"}, "taker", WALK.replace('"walk"', '"de"'))
    distribution(folder, "first", {"twice": "first:Walk"}, "first", WALK.replace('"walk"', '"twice"'))
    distribution(folder, "second", {"twice": "second:Walk"}, "second", WALK.replace('"walk"', '"twice"'))
    distribution(folder, "broken", {"broken": "broken:Walk"}, "broken", "raise RuntimeError('no\\nlicence')")
    others = {
        "gone": "odd:Gone",
        "nowhere": "not_installed_anywhere:Walk",
        "function": "odd:function",
        "abstract": "odd:Abstract",
        "nameless": "odd:Nameless",
        "renamed": "walker:Walk",
        "plain": "odd:Plain",
        "UPPER": "walker:Walk",
    }
    odd = (
        "from harness.optimizers import Optimizer, OptimizerParameters\n"
        "def function(problem, parameters, rng): ...\n"
        "class Abstract(Optimizer):\n    def _ask(self): ...\n"
        "class Nameless(Abstract):\n    def _tell(self, candidates, losses): ...\n"
        "class Plain(Nameless):\n    name, summary, source, Parameters = 'plain', 's', 's', dict\n"
    )
    distribution(folder, "odd", others, "odd", odd)
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    for module in ("walker", "taker", "first", "second", "broken", "odd"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return folder


def command(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, with the plugins on its path."""
    path = os.pathsep.join([str(site), str(Path(harness.__file__).parents[1])])
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=site,
    )


def test_names_holds_those_of_plugins(installed: Path) -> None:
    assert {"cma", "de", "walk", "twice", "broken", "UPPER"} <= set(names())
    assert list(names()) == sorted(set(names()))
    assert load("walk").summary == "steps from the best candidate so far"
    assert [row.parameter for row in describe("walk")] == ["step"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("de", "is claimed by vsm-harness itself and by plugin taker 1.2: expected one; rename the entry point or "),
        ("broken", "of plugin broken 1.2 cannot be imported from 'broken:Walk' (RuntimeError: no licence); mend or "),
        ("gone", "of plugin odd 1.2 cannot be imported from 'odd:Gone' (AttributeError: "),
        ("nowhere", "of plugin odd 1.2 cannot be imported from 'not_installed_anywhere:Walk' (ModuleNotFoundError: "),
        ("function", "of plugin odd 1.2: odd:function is <function function at 0x"),
        ("abstract", "of plugin odd 1.2: odd:Abstract does not define _tell: expected _ask and _tell; mend or "),
        ("nameless", "of plugin odd 1.2: odd:Nameless has name None: expected a text; mend or uninstall it"),
        ("renamed", "of plugin odd 1.2: walker:Walk has name 'walk': expected 'renamed', as its entry point is "),
        ("plain", "of plugin odd 1.2: odd:Plain has Parameters <class 'dict'>: expected a subclass of "),
        ("UPPER", "of plugin odd 1.2: expected a name of lower-case letters, digits, - and _ that begins with a "),
    ],
)
def test_a_plugin_that_cannot_be_used_says_why(installed: Path, name: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(name)
    assert str(caught.value).startswith(f"optimizer '{name}' {reason}")
    assert load("walk").name == "walk" and load("cma").name == "cma", "the others work"


def test_two_plugins_of_one_name(installed: Path) -> None:
    with pytest.raises(UsageError, match=r"^optimizer 'twice' is claimed by plugin \w+ 1.2 and by plugin \w+ 1.2: "):
        load("twice")


def test_the_list_shows_all_and_says_what_is_wrong(installed: Path) -> None:
    done = command(installed, "ls", "optimizers", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = {row["optimizer"]: row for row in json.loads(done.stdout)}
    assert rows["walk"]["parameters"] == [
        {
            "name": "step",
            "default": "0.1",
            "range": "0 < step <= 1",
            "what": "length of a step, as a share of the box's width",
        }
    ]
    assert rows["cma"]["source"] and rows["walk"]["source"] == "an example"
    assert rows["broken"]["what"].startswith("cannot be used: optimizer 'broken' of plugin broken 1.2 cannot be ")
    assert rows["broken"]["source"] is None and rows["broken"]["parameters"] == []


def test_the_methods_of_a_run_hold_them_too(installed: Path) -> None:
    rows = {row["method"]: row["what"] for row in ls._methods()}
    assert rows["walk"] == "a soft prompt tuned in front of the naive text: steps from the best candidate so far"
    assert rows["broken"].startswith("cannot be used: ")


def test_a_run_uses_it_and_records_its_version(installed: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    settings = ("--region", "USA", "--budget", "9", "--tokens", "4", "--out", str(out), "--json")
    done = command(installed, "run", "--optimizer", "walk", "--set", "step=0.2", *settings)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    spec = json.loads((Path(found["run"]) / "spec.json").read_text())
    assert [(one["name"], one["parameters"]) for one in spec["optimizers"]] == [("walk", {"step": 0.2})]
    record = json.loads((Path(found["run"]) / "record.json").read_text())
    assert record["provenance"]["versions"]["walker"] == "1.2"
    failed = command(installed, "run", "--optimizer", "broken", *settings)
    assert failed.returncode == 2 and len(failed.stderr.splitlines()) == 1
    assert failed.stderr.startswith("harness: error: optimizer 'broken' of plugin broken 1.2 cannot be imported")


def test_help_reads_no_entry_points(installed: Path) -> None:
    program = (
        "import sys, importlib.metadata\n"
        "def refuse(**group): sys.exit('entry points were read')\n"
        "importlib.metadata.entry_points = refuse\n"
        "from harness.cli import main\nsys.argv = ['harness', '--help']\nmain.run()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_test_in_the_guide_is_a_contract(installed: Path) -> None:
    space: dict[str, object] = {}
    exec(compile(WALK_TEST, "test_walk.py", "exec"), space)
    case = space["TestWalk"]
    assert isinstance(case, type) and issubclass(case, OptimizerContract)


@pytest.fixture(scope="module")
def walk() -> Iterator[type[Optimizer]]:
    module = ModuleType("walker_of_the_guide")
    sys.modules[module.__name__] = module  # where pydantic looks for what its annotations name
    exec(compile(WALK, "walker.py", "exec"), module.__dict__)
    yield module.Walk
    del sys.modules[module.__name__]


class TestWalk(OptimizerContract):
    """The optimizer of the guide passes what its author is told to run."""

    @pytest.fixture
    def optimizer(self, walk: type[Optimizer]) -> type[Optimizer]:
        return walk


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_the_guide_has_a_section_for_each(name: str) -> None:
    guide = (ROOT / "docs" / "optimizers.md").read_text("utf-8")
    assert f"\n## {name}\n" in guide


def test_the_guide_names_no_unknown_parameter() -> None:
    guide = (ROOT / "docs" / "optimizers.md").read_text("utf-8")
    for owner, parameter in re.findall(r"--set (?:(\w+)\.)?(\w+)=", guide):
        owners = [owner] if owner else ["lshade", "cma", "de"]
        assert any(parameter in {row.parameter for row in describe(one)} for one in owners)
