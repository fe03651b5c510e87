"""Which lm-eval tasks a name stands for, and what lm-eval passes over without a word."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lm_eval.tasks import TaskManager

from harness import tasks
from harness.errors import UsageError, unknown_choice

OURS: Final = Path(str(tasks.__file__)).parent
"""The package's own tasks, which are always found."""
_LOGGERS: Final = ("lm_eval", "py.warnings")
_MOST_FILES: Final = 3
_WARNING: Final = re.compile(r"^.*?:\d+: \w+: ")
_SPECIAL: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Found:
    """Tasks by name.

    Attributes:
        manager: lm-eval's index of tasks.
        names: of tasks, groups or tags, or YAML files, each once.
        warnings: what lm-eval said about them.
    """

    manager: TaskManager
    names: tuple[str, ...]
    warnings: tuple[str, ...]


class Listener(logging.Handler):
    """Collects what lm-eval and other libraries warn of, in place of printing it; a context manager.

    Args:
        said: parts of messages that are left out.
    """

    def __init__(self, said: Sequence[str] = ()) -> None:
        super().__init__(logging.WARNING)
        self._said, self._counts = tuple(said), dict[str, tuple[str, int]]()
        self._before: list[tuple[logging.Logger, bool]] = []

    @property
    def messages(self) -> tuple[str, ...]:
        """Each message once, those that differ in numbers alone as the first of them, with how often it came."""
        return tuple(text if count == 1 else f"{text} ({count} times)" for text, count in self._counts.values())

    def emit(self, record: logging.LogRecord) -> None:
        """Counts one message."""
        text = record.getMessage()
        if record.name == "py.warnings":
            # The place in somebody else's source and the line that stands there say nothing here.
            text = _WARNING.sub("", text.splitlines()[0])
        text = " ".join(text.split())
        if not any(part in text for part in self._said):
            key = re.sub(r"\d+", "#", text)
            first, count = self._counts.get(key, (text, 0))
            self._counts[key] = first, count + 1

    def __enter__(self) -> Listener:
        logging.captureWarnings(True)
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            self._before.append((logger, logger.propagate))
            logger.addHandler(self)
            logger.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        while self._before:
            logger, propagate = self._before.pop()
            logger.removeHandler(self)
            logger.propagate = propagate
        logging.captureWarnings(False)


def find(names: Sequence[str], folders: Sequence[Path]) -> Found:
    """Finds tasks among the package's own and those of `folders`, and among lm-eval's own if one is missing there.

    lm-eval's own come second because reading their files takes many times as long as all the rest.

    Args:
        names: of tasks, groups or tags, patterns such as "my_*", or YAML files.
        folders: of the user's tasks, searched with all folders below them.

    Raises:
        UsageError: a folder does not exist, or a name is found nowhere.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--include-path '{folder}': no such folder; give one that holds YAML files of tasks")
        # lm-eval opens whatever has the name, and would wait for a pipe.
        for path in folder.rglob("*.y*ml"):
            if path.exists() and not path.is_file() and not path.is_dir():
                raise UsageError(f"--include-path '{folder}': '{path.name}' is no file; take it away")
    inside = any(OURS.resolve().is_relative_to(folder.resolve()) for folder in folders)
    places = [str(folder) for folder in ([] if inside else [OURS]) + list(folders)]
    with Listener() as heard:
        manager = TaskManager(include_path=places, include_defaults=False)
        if not all(_complete(manager, name) for name in names):
            manager = TaskManager(include_path=places)
    found: dict[str, None] = {}
    for name in names:
        matches = _matches(manager, name)
        if not matches:
            raise _unknown(name, manager, folders)
        found.update(dict.fromkeys(matches))
    said = [text for text in heard.messages if any(f"'{name}'" in text for name in found)]
    return Found(manager, tuple(found), tuple(said))


def _matches(manager: TaskManager, name: str) -> list[str]:
    if name in manager.task_index or (name.endswith(".yaml") and Path(name).is_file()):
        return [name]
    return list(manager.match_tasks([name])) if _SPECIAL.search(name) else []


def _complete(manager: TaskManager, name: str) -> bool:
    """Whether a name is found, and if it is a group's, all tasks that the group names."""
    matches = _matches(manager, name)
    return bool(matches) and all(
        member in manager.task_index and _complete(manager, member)
        for one in matches
        for member in _members(manager, one)
    )


def _members(manager: TaskManager, name: str) -> list[str]:
    entry: Any = manager.task_index.get(name)
    listed = (entry.cfg or {}).get("task") if entry else None
    return [member for member in listed if isinstance(member, str)] if isinstance(listed, list) else []


def _unknown(name: str, manager: TaskManager, folders: Sequence[Path]) -> UsageError:
    passed_over = [problem for folder in folders for problem in _passed_over(manager, folder)]
    shown = "; ".join(passed_over[:_MOST_FILES])
    rest = len(passed_over) - _MOST_FILES
    if passed_over:
        fix = f"lm-eval passes over files in --include-path: {shown}" + (f"; and {rest} more" if rest > 0 else "")
    elif folders:
        fix = "no file in --include-path defines it"
    else:
        fix = "give the folder of a task of your own with --include-path; 'lm-eval ls tasks' lists lm-eval's"
    return unknown_choice("task", name, manager.all_tasks, fix)


def _passed_over(manager: TaskManager, folder: Path) -> list[str]:
    """The YAML files of a folder that give no task, with the reason."""
    used = {entry.yaml_path.resolve() for entry in manager.task_index.values() if entry.yaml_path}
    problems = []
    for path in sorted(folder.rglob("*.y*ml")):
        if path.resolve() in used:
            continue
        if path.suffix == ".yml":
            problems.append(f"{path.name} (its name must end in .yaml)")
        elif not _names_a_task(manager, path):
            problems.append(f"{path.name} ({_reason(manager, path)})")
    return problems


def _names_a_task(manager: TaskManager, path: Path) -> bool:
    """Whether a file is passed over because another one defines a task of the same name."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return any(name.strip("'\"") in manager.task_index for name in re.findall(r"^(?:task|group):\s*(\S+)", text, re.M))


def _reason(manager: TaskManager, path: Path) -> str:
    # Whatever lm-eval's reader raises is the reason.
    try:
        manager.load([str(path)])
    except Exception as error:
        reason = " ".join(str(error).split())
        return "defines no task" if reason.startswith("Unknown config shape") else reason[:200]
    return "defines no task"
