"""Checks an installation without its dependencies: `python installed_alone.py ROOT`, from a folder other than ROOT.

Run by tox in the environment `pkg`. Nothing is imported but the package itself, which needs no library.
"""

from __future__ import annotations

import sys
from importlib.metadata import files
from importlib.util import find_spec
from pathlib import Path

ROOMS = {"harness": "harness", "tasks": "harness/tasks", "optimizers": "harness/optimizers"}


def problems(root: Path) -> list[str]:
    """Returns one line per module or file that is missing, or is there and should not be."""
    found = [f"'import {name}' would work: {find_spec(name)}" for name in ("tasks", "optimizers") if find_spec(name)]
    for name in ("harness.optimizers", "harness.tasks", "harness.tasks.hofstede_vsm"):
        spec = find_spec(name)
        if spec is None or spec.origin is None or not spec.origin.endswith("__init__.py"):
            found.append(f"'import {name}' does not find a file: {spec}")
    installed = {str(path) for path in files("vsm-harness") or [] if path.parts[0] == "harness"}
    installed = {path for path in installed if not path.endswith(".pyc")}
    tree = {
        f"{target}/{path.relative_to(root / room).as_posix()}"
        for room, target in ROOMS.items()
        for path in (root / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found += [f"{path} is in the tree and not in the wheel: see package-data" for path in sorted(tree - installed)]
    found += [f"{path} is in the wheel and not in the tree" for path in sorted(installed - tree)]
    return found


if __name__ == "__main__":
    # An empty text would be an error too.
    sys.exit("\n".join(problems(Path(sys.argv[1]))) or None)
