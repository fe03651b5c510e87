"""Reading JSON that carries a schema version: the one place for all kinds of records.

What a version is, and when it changes: docs/decisions/0010-schema-versions.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

import harness
from harness.errors import RunError, one_line
from harness.records.files import read_json

FIELD: Final = "schema_version"
BEFORE: Final = 0
"""Stands for documents without a version, of kinds that had none at first."""
Migration = Callable[[Mapping[str, Any]], dict[str, Any]]
Model = TypeVar("Model", bound=BaseModel)
_SHOWN = 40


@dataclass(frozen=True)
class Kind(Generic[Model]):
    """A kind of document that the harness writes.

    Attributes:
        name: of the kind, as `harness schema` takes it.
        model: the newest version, which alone is written; its field `schema_version` says which that is.
        what: what it is, with the command that writes it.
        steps: one for each version that is read besides the newest, by that version; each leads one version further.
    """

    name: str
    model: type[Model]
    what: str
    steps: Mapping[int, Migration]

    @property
    def newest(self) -> int:
        """The version that is written."""
        return int(self.model.model_fields[FIELD].default)


def read_versioned(path: Path, kind: Kind[Model], absent: str | None = None) -> Model:
    """Reads a document of the newest version or of an older one.

    Args:
        path: of the file.
        kind: what it should hold.
        absent: what to say where there is no such file, if that needs more than its path.

    Raises:
        RunError: there is none, it is damaged, or its version is newer than this harness or none at all; one line.
    """
    content = read_json(path)
    if content is None:
        raise RunError(absent or f"'{path}' does not exist: expected {kind.what}")
    where = f"{kind.name} '{path}'"
    if not isinstance(content, dict):
        raise RunError(f"{where}: expected a JSON object, got {_short(content)}; give a file that the harness wrote")
    version = version_of(content, kind, where)
    try:
        return kind.model.model_validate(migrate(content, kind, version))
    except ValidationError as error:
        older = "" if version in (BEFORE, kind.newest) else f" (schema version {version})"
        raise RunError(f"{where}{older}: {one_line(error.errors())}") from error


def version_of(content: Mapping[str, Any], kind: Kind[Any], where: str) -> int:
    """The version of a document, one that can be read.

    Args:
        content: the document.
        kind: what it should be.
        where: names it in errors.

    Returns:
        `BEFORE` for a document without one, of a kind that once had none.

    Raises:
        RunError: it is newer, missing or no version at all.
    """
    if FIELD not in content:
        if BEFORE in kind.steps:
            return BEFORE
        raise RunError(f"{where} has no {FIELD}: expected 1 to {kind.newest}; give a file that the harness wrote")
    version = content[FIELD]
    if type(version) is not int or version < 1:
        raise RunError(
            f"{where} has schema version {_short(version)}: expected a whole number from 1 to {kind.newest}; give a "
            "file that the harness wrote"
        )
    if version > kind.newest:
        raise RunError(
            f"{where} has schema version {_short(version)}, and vsm-harness {harness.__version__} reads up to "
            f"{kind.newest}: use a newer vsm-harness"
        )
    return version


def migrate(content: Mapping[str, Any], kind: Kind[Any], version: int) -> Mapping[str, Any]:
    """Leads a document step by step to the newest version; one that is there already comes back as it is.

    Args:
        content: the document; it is left as it is.
        kind: what it should be.
        version: of the document, from `version_of`.
    """
    for step in range(version, kind.newest):
        content = kind.steps[step](content)
    return content


def _short(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
