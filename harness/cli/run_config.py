"""Settings of a run in TOML: a file of the user's, or a preset that ships; both are read here."""

from __future__ import annotations

import json
import os
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin, get_type_hints

from harness.errors import HarnessError, InputError, UsageError, unknown_choice
from harness.inputs import CONFIG_BYTES, Brought, parse_toml, shown, with_newlines

if TYPE_CHECKING:
    from harness.cli.run_flags import RunFlags

PRESETS: Final = Path(__file__).with_name("presets.toml")
GUIDE: Final = "see docs/config.md"
MOST_PROBLEMS: Final = 3
MOST_WHOLE: Final = 10**300
PLAIN_MODELS: Final = ("respondent",)
"""Names that stand for a model wherever the command is given."""
LISTS: Final = ("optimizer", "region", "dimensions")
"""Flags of names separated by commas, which a file may have as a list."""
FLAGS_ALONE: Final[Mapping[str, str]] = {
    "out": "a file says what a run is, not where it is kept; give --out",
    "set": "write parameters as a table, such as [parameters.de] with F = 0.5",
    "config": "one file cannot bring in another; name a preset with preset = NAME",
}
"""Flags that a file cannot have, and what to do."""
_EXPECTED: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}

_ACCEPTED: Final[Mapping[type, tuple[type, ...]]] = {float: (int, float), Path: (str,)}


@dataclass(frozen=True)
class Layer:
    """Settings that come from one place.

    Attributes:
        origin: the place as it is shown.
        values: by the names of `RunFlags`.
        parameters: of optimizers, by their names.
        preset: that these settings overrule; "" for none.
        where: says where a setting stands, to begin a message with.
    """

    origin: str
    values: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    preset: str = ""
    where: Callable[[str], str] = str


def read_config(path: Path) -> Layer:
    """Reads a file of settings; relative paths in it begin at its folder.

    Raises:
        InputError: it cannot be read, is no TOML, or a key or value is not as described; one line with its row.
    """
    name = f"config {shown(path)}"
    text, content = _content(path, name)
    return _layer(_Source(str(path), name, text, content, path.parent))


def read_preset(name: str, check: bool = True) -> Layer:
    """The settings of a preset.

    Args:
        name: of the preset.
        check: whether the values are looked at as those of a file are, which imports the models.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in (known := presets()):
        raise _unknown_preset(name, known)
    text, content = _content(PRESETS, "presets")
    source = _Source(f"preset {name}", f"preset '{name}'", text, content[name]["run"], None, (name, "run"))
    return _layer(source, check)


def presets() -> dict[str, str]:
    """What each preset is for, by name."""
    _, content = _content(PRESETS, "presets")
    return {name: table["about"] for name, table in content.items()}


@dataclass(frozen=True)
class _Source:
    """A table of settings.

    Attributes:
        origin, name: as it is shown, and as messages name it.
        text: in which rows are counted.
        content: the table.
        folder: at which relative paths begin; None where there are none.
        place: of the table in the text.
    """

    origin: str
    name: str
    text: str
    content: Mapping[str, Any]
    folder: Path | None
    place: tuple[str, ...] = ()

    def where(self, *keys: str) -> str:
        """Where a value stands, with its row if that is known."""
        from harness.tasks.hofstede_vsm.toml_lines import row_of

        row = row_of(self.text, (*self.place, *keys))
        return f"{self.name}{'' if row is None else f' row {row}'}, {'.'.join(keys)[:60]}"


def _content(path: Path, name: str) -> tuple[str, dict[str, Any]]:
    from harness.tasks.hofstede_vsm.survey_faults import not_toml

    text = with_newlines(
        Brought(path, name, CONFIG_BYTES, "expected a small TOML file", f"give a TOML file; {GUIDE}").text()
    )
    try:
        content = parse_toml(text)
        _check_numbers(content)
    except ValueError as error:
        raise InputError(f"{name}{not_toml(error)} is not TOML ({error}): mend that place") from error
    return text, content


def _check_numbers(content: Any) -> None:
    """Refuses numbers that are too long to be printed or to be a float."""
    if isinstance(content, (dict, list)):
        for one in content.values() if isinstance(content, dict) else content:
            _check_numbers(one)
    elif isinstance(content, int) and abs(content) >= MOST_WHOLE:
        raise ValueError("a whole number of over 300 digits")


def _layer(source: _Source, check: bool = True) -> Layer:
    """Reads a table of settings, and looks at each by itself."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for key, value in source.content.items():
        name = key.replace("-", "_")
        try:
            if name in keys:
                raise InputError(f"is there as {keys[name]} too: expected it once; {GUIDE}")
            keys[name] = key
            if name == "parameters":
                continue
            values[name] = _value(name, value, source.folder, check)
        except HarnessError as error:
            problems.append(f"{source.where(key)}: {error}")
    parameters = _parameters(source, problems)
    if problems:
        more = f"; and {len(problems) - MOST_PROBLEMS} more" if len(problems) > MOST_PROBLEMS else ""
        raise InputError("; ".join(problems[:MOST_PROBLEMS]) + more)
    preset = values.pop("preset", "")
    return Layer(source.origin, values, parameters, preset, lambda name: source.where(keys[name]))


def _value(name: str, value: object, folder: Path | None, check: bool) -> Any:
    """What a flag would have of a value in TOML."""
    from harness.cli.run_flags import RunFlags

    if name in FLAGS_ALONE:
        raise InputError(f"no setting of a file: {FLAGS_ALONE[name]}")
    if name == "preset":
        if not isinstance(value, str):
            raise _wrong_type(value, _EXPECTED[str])
        if value not in (there := presets()):
            raise _unknown_preset(value, there)
        return value
    if name not in kinds():
        known = [flag.replace("_", "-") for flag in kinds()]
        raise unknown_choice("key", name.replace("_", "-")[:60], (*known, "preset", "parameters"), GUIDE)
    found = _typed(name, value, kinds()[name])
    if folder is not None:
        found = _beside(name, found, folder)
    try:
        if check:
            _check(name, found, replace(RunFlags(), **{name: found}))
    except HarnessError as error:
        raise InputError(_without_dashes(name, str(error))) from error
    return found


def _typed(name: str, value: Any, kind: type) -> Any:
    if name in LISTS and isinstance(value, list):
        if not all(isinstance(one, str) and "," not in one for one in value):
            raise _wrong_type(value, "a list of names, each a text without a comma")
        return ",".join(value)
    if type(value) not in _ACCEPTED.get(kind, (kind,)):
        raise _wrong_type(value, _EXPECTED[kind] + (" or a list of them" if name in LISTS else ""))
    return kind(value)


def _beside(name: str, value: Any, folder: Path) -> Any:
    """A path in a file begins at the file's folder; a model that is not there is named as on the command line."""
    if isinstance(value, Path):
        return folder / value
    if name != "model" or folder.resolve() == Path.cwd():
        return value
    random = "random:" if value.startswith("random:") else ""
    there = os.path.join(folder, value.removeprefix(random))
    return f"{random}{there}" if value not in PLAIN_MODELS and os.path.exists(there) else value


def _check(name: str, value: Any, flags: RunFlags) -> None:
    """Refuses what is refused of a flag, as far as that needs neither a model nor another flag."""
    from harness.cli import run_settings
    from harness.cli.options import INSTRUMENTS
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tasks.hofstede_vsm.targets import load_regions

    if name == "instrument" and value not in INSTRUMENTS:
        raise unknown_choice("instrument", value, INSTRUMENTS, "give one of them")
    for kind, load in (("survey", load_survey), ("targets", load_regions)):
        if name == kind:
            load(value)
    for part in run_settings.parts():
        if name in part.names:
            part.fields(flags)


def _parameters(source: _Source, problems: list[str]) -> dict[str, dict[str, Any]]:
    """The tables of optimizers' parameters; what is refused of them joins the problems."""
    tables = source.content.get("parameters", {})
    if not isinstance(tables, dict):
        problems.append(f"{source.where('parameters')}: {_wrong_type(tables, 'tables such as [parameters.de]')}")
        return {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            wrong = _wrong_type(table, f"a table such as [parameters.{name[:60]}] with F = 0.5")
            problems.append(f"{source.where('parameters', name)}: {wrong}")
            continue
        if (reason := _refused(name, table)) is None:
            continue
        # A fault that is one value's own has its row; what does not go together is a fault of the table.
        own = next(((key, found) for key in table if (found := _refused(name, {key: table[key]}))), None)
        problems.append(f"{source.where('parameters', name, *([own[0]] if own else []))}: {own[1] if own else reason}")
    return tables


def _refused(optimizer: str, parameters: Mapping[str, Any]) -> str | None:
    """What is wrong with parameters of an optimizer; None if nothing is."""
    from harness.optimizers.catalog import parse_parameters

    try:
        parse_parameters(optimizer, parameters, exact=True)
    except HarnessError as error:
        return str(error)
    return None


def _unknown_preset(name: str, known: Mapping[str, str]) -> UsageError:
    return unknown_choice("preset", name, known, "see 'harness ls presets'")


def _wrong_type(value: object, expected: str) -> InputError:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return InputError(f"got {text if len(text) <= 60 else text[:57] + '...'}, expected {expected}; {GUIDE}")


def _without_dashes(name: str, text: str) -> str:
    """A message about a flag, as one about the key of that name."""
    key = name.replace("_", "-")
    return re.sub(rf"--{re.escape(key)}(?![\w-])", lambda _: key, text)


@cache
def kinds() -> Mapping[str, type]:
    """Type of each setting that a file may have."""
    from harness.cli.run_flags import RunFlags, flag_names

    hints = get_type_hints(RunFlags)
    return {name: _kind(hints[name]) for name in flag_names() if name not in (*FLAGS_ALONE, "settings")}


def _kind(hint: Any) -> type:
    choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    kind: type = next(one for one in choices if one is not type(None))
    return kind
