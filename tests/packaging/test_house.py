"""Habits that no linter knows: where to print and exit, docstrings, and what project files may name."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [path for room in ("harness", "tasks", "optimizers") for path in sorted((ROOT / room).rglob("*.py"))]
NOT_OURS = {"build", "dist", "runs", "__pycache__"}
# In parts, because this file is read as well.
REGISTRIES = [name + end for name, end in (("pypi", ".org"), ("pythonhosted", ".org"), ("download.pytorch", ".org"))]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def texts() -> Iterator[tuple[Path, str]]:
    for folder, folders, names in os.walk(ROOT):
        hidden = {name for name in folders if name.startswith(".") and name != ".ci"}
        folders[:] = [name for name in folders if name not in NOT_OURS | hidden and not name.endswith(".egg-info")]
        for name in names:
            path = Path(folder, name)
            # Weights and images are no text; a link may lead anywhere.
            if path.is_file() and not path.is_symlink() and b"\0" not in (raw := path.read_bytes())[:8192]:
                yield path, raw.decode("utf-8", errors="replace")


def calls(path: Path) -> set[str]:
    """The names called or raised in a module, as far as they print or exit."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            found.add(ast.unparse(node.func))
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
            found.add(node.exc.id)
    return found & {"print", "exit", "quit", "sys.exit", "os._exit", "SystemExit"}


COMMAND_LINE = ("cli", "__main__.py")
SILENT = [path for path in MODULES if not set(COMMAND_LINE) & set(path.relative_to(ROOT).parts)]


@pytest.mark.parametrize("path", SILENT, ids=relative)
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    assert calls(path) == set()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_file_names_a_registry() -> None:
    named = [f"{relative(path)}: {host}" for path, text in texts() for host in REGISTRIES if host in text]
    assert named == []


def test_the_readme_and_the_ci_run_the_same_tests() -> None:
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
