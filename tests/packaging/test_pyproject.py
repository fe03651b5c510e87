"""What pyproject.toml says agrees with the tree and with the other files that say it too."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

import harness

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"harness": "harness", "tasks": "harness.tasks", "optimizers": "harness.optimizers"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
CONTRACT = ROOT / "optimizers" / "contract.py"
"""Test cases for others to inherit; whoever runs them has pytest."""


def normalised(requirement: str) -> str:
    """The distribution's name in a requirement, spelt as indexes spell it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def import_name(folder: Path) -> str:
    room, *rest = folder.relative_to(ROOT).parts
    return ".".join([ROOMS[room], *rest])


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def test_the_packages_are_the_folders_that_hold_modules() -> None:
    assert sorted(PYPROJECT["tool"]["setuptools"]["packages"]) == sorted(
        {import_name(path.parent) for path in modules()}
    )


@pytest.mark.parametrize("folder", sorted({path.parent for path in modules()}), ids=import_name)
def test_every_folder_of_modules_is_a_package(folder: Path) -> None:
    assert (folder / "__init__.py").is_file()


def test_one_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == harness.__version__
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [harness.__version__]), "the newest release in CHANGELOG.md is this version"


def test_every_dependency_gives_its_reason() -> None:
    extras = [requirement for extra in PROJECT["optional-dependencies"].values() for requirement in extra]
    asked = {normalised(r) for r in [*PROJECT["dependencies"], *extras, *PYPROJECT["build-system"]["requires"]]}
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| \S.*\|$", table, flags=re.MULTILINE)
    assert sorted(set(rows) - {"dependency", "---"}) == sorted(asked - {"vsm-harness"})
    assert len(rows) == len(set(rows)) + 2, "one row each; the two tables share heading and rule"


def test_every_pin_is_within_the_bounds_of_a_dependency_or_of_theirs() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in pins if line and not line.startswith("#")]
    assert all(re.match(r"[a-z0-9-]+==[\w.]+(; python_version (>=|<) \"3\.\d+\")?$", line) for line in pins)
    missing = {normalised(r) for r in PROJECT["dependencies"]} - {normalised(line) for line in pins} - {"tomli"}
    assert not missing, "constraints.txt pins every dependency"


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"harness", "tomllib"}


def test_every_library_that_is_imported_is_asked_for() -> None:
    # The extras that a module of ours needs; it says so where one is missing.
    extras = [*PROJECT["optional-dependencies"]["bbob"], *PROJECT["optional-dependencies"]["ray"]]
    asked = {normalised(r) for r in [*PROJECT["dependencies"], *extras]}
    distributions = packages_distributions()
    for path in modules():
        for name in imported(path):
            sources = {normalised(source) for source in distributions.get(name, [name])}
            if path == CONTRACT and sources == {"pytest"}:
                continue
            assert sources & asked, f"{path.relative_to(ROOT)} imports {name}, which pyproject.toml does not ask for"
