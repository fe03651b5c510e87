"""Installs the package as a wheel and editable, and imports it from the root and from elsewhere (decision 1)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("harness", "tasks", "optimizers", "pyproject.toml", "README.md", "LICENSE")
OURS = ("harness", "vsm_harness", "__editable__")


@dataclass(frozen=True)
class Installation:
    """A virtual environment with the package, and the two places from which it is used."""

    bin: Path
    root: Path
    elsewhere: Path

    def call(self, where: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of the environment in "root" or "elsewhere"."""
        folder = self.root if where == "root" else self.elsewhere
        return run([str(self.bin / command[0]), *command[1:]], folder)


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    # A PYTHONPATH of the caller would decide what these tests are about.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=300)


def pip(python: Path, folder: Path, *arguments: str) -> None:
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    done = run([sys.executable, "-m", "pip", "--python", str(python), "install", *options, *arguments], folder)
    assert done.returncode == 0, done.stdout + done.stderr


def lend_libraries(site_packages: Path) -> None:
    """Links every library of the running environment, so that only the package itself is installed."""
    for key in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(key).iterdir():
            link = site_packages / entry.name
            if not entry.name.startswith(OURS) and entry.suffix != ".pth" and not link.exists():
                link.symlink_to(entry)


@pytest.fixture(scope="session", params=["wheel", "editable"])
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The package installed from a copy of the tree, so that nothing is written beside the sources."""
    folder = tmp_path_factory.mktemp(request.param)
    root, elsewhere, environment = folder / "root", folder / "elsewhere", folder / "environment"
    root.mkdir()
    elsewhere.mkdir()
    for source in (ROOT / name for name in SOURCES):
        if source.is_dir():
            shutil.copytree(source, root / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root)
    venv.create(environment, with_pip=False, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(environment), "platbase": str(environment)})
    lend_libraries(Path(paths["purelib"]))
    python = environment / "bin" / "python"
    pip(python, folder, *(["--editable"] if request.param == "editable" else []), str(root))
    return Installation(bin=environment / "bin", root=root, elsewhere=elsewhere)


@pytest.mark.parametrize("where", ["root", "elsewhere"])
@pytest.mark.parametrize("command", [("harness", "--help"), ("python", "-m", "harness", "--help")], ids=" ".join)
def test_the_command_answers(installation: Installation, where: str, command: tuple[str, ...]) -> None:
    done = installation.call(where, *command)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


@pytest.mark.parametrize("where", ["root", "elsewhere"])
def test_the_folders_import_below_harness(installation: Installation, where: str) -> None:
    code = "import harness.optimizers, harness.tasks.hofstede_vsm as task; print(task.__name__)"
    done = installation.call(where, "python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "harness.tasks.hofstede_vsm\n"


@pytest.mark.parametrize("name", ["tasks", "optimizers"])
def test_the_folders_take_no_name_of_others(installation: Installation, name: str) -> None:
    done = installation.call("elsewhere", "python", "-c", f"import {name}")
    assert done.returncode == 1
    assert f"ModuleNotFoundError: No module named '{name}'" in done.stderr


@pytest.mark.parametrize("where", ["root", "elsewhere"])
def test_data_files_are_found(installation: Installation, where: str) -> None:
    code = (
        "from importlib.resources import files; task = files('harness.tasks') / 'hofstede_vsm'; "
        "assert (task / 'items.toml').is_file() and (task / 'regions.csv').is_file()"
    )
    done = installation.call(where, "python", "-c", code)
    assert done.returncode == 0, done.stderr
