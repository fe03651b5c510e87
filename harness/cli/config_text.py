"""Settings of a run as TOML with remarks, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.report.literal import literal

if TYPE_CHECKING:
    from harness.cli.run_flags import RunFlags
    from harness.tuning.spec import RunSpec

_WIDTH: Final = 100
_REMARKS: Final = 40
"""Columns within which remarks stand below each other."""
_INDENT: Final = "    "


@dataclass(frozen=True)
class Settings:
    """The settings of a run, each with where it comes from.

    Attributes:
        run: what it is called; "" where that is not known.
        values: by key; None for one that is not set.
        parameters: of each optimizer.
        origins: of keys, and of parameters as "parameters.de.F".
        remarks: what keeps them from being the run that they were taken from.
        base: where those come from that nothing else says.
    """

    run: str
    values: Mapping[str, Any]
    parameters: Mapping[str, Mapping[str, Any]]
    origins: Mapping[str, str]
    remarks: tuple[str, ...]
    base: str

    @staticmethod
    def of(flags: RunFlags, spec: RunSpec, run: str, remarks: list[str], base: str) -> Settings:
        """Puts the settings together.

        Args:
            flags: that hold.
            spec: what they stand for; the optimizers' parameters are taken from it.
            run: what it is called.
            remarks: to be shown with them.
            base: where those come from that nothing else says.
        """
        from harness.cli.layers import FLAG
        from harness.cli.optimizer_settings import dealt
        from harness.cli.run_config import LISTS, kinds

        values: dict[str, Any] = {}
        origins: dict[str, str] = {}
        for name in kinds():
            value, key = getattr(flags, name), name.replace("_", "-")
            values[key] = _split(value) if name in LISTS else _absolute(value)
            origins[key] = flags.origins.get(name, base)
        named = dealt([one.name for one in spec.optimizers], flags.settings or [])
        parameters = {one.name: one.parameters.model_dump(mode="json") for one in spec.optimizers}
        for optimizer, own in parameters.items():
            for name in own:
                origin = flags.origins.get(f"{optimizer}.{name}", base)
                origins[f"parameters.{optimizer}.{name}"] = FLAG if name in named[optimizer] else origin
        return Settings(run, values, parameters, origins, tuple(remarks), base)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "run": self.run or None,
            "remarks": list(self.remarks),
            "settings": {**self.values, "parameters": self.parameters},
            "origins": self.origins,
        }

    def toml(self) -> str:
        """As a file that --config takes."""
        lines = ["# Settings of 'harness run', to be given with --config FILE."]
        lines += [f"# Where nothing else is said, they come from: {literal(self.base)}"]
        lines += [f"# They name the run: {literal(self.run)}"] if self.run else []
        lines += [f"# Remark: {literal(one)}" for one in self.remarks]
        lines += [""]
        lines += self._statements(self.values, "")
        for optimizer, own in self.parameters.items():
            lines += ["", f"[parameters.{_key(optimizer)}]"]
            lines += self._statements(own, f"parameters.{optimizer}.")
        return "\n".join(lines) + "\n"

    def _statements(self, values: Mapping[str, Any], before: str) -> Iterator[str]:
        """One statement for each value, with a remark on where it comes from; one that is not set is a remark alone."""
        texts = {
            key: f"# {_key(key)} is not set" if value is None else f"{_key(key)} = {_value(value)}"
            for key, value in values.items()
        }
        width = max((len(text) for text in texts.values() if len(text) <= _REMARKS), default=0)
        for key, text in texts.items():
            origin = self.origins[before + key]
            yield text if origin == self.base else f"{text.ljust(width)}  # {literal(origin)}"


def _split(text: str) -> str | list[str]:
    names = [one.strip() for one in text.split(",") if one.strip()]
    return names[0] if len(names) == 1 else names


def _absolute(value: Any) -> Any:
    """A path from the root, for the file may stand anywhere; anything else as it is."""
    return str(value.absolute()) if isinstance(value, Path) else value


def _key(key: str) -> str:
    import tomli_w

    return _printed(tomli_w.dumps({key: 0}).rpartition(" = ")[0])


def _value(value: Any) -> str:
    """A value in TOML; a list that is too long for one line has several, and a table stands on the line."""
    import tomli_w

    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items() if one is not None) + "}"
    if not isinstance(value, list):
        return _printed(tomli_w.dumps({"x": value}).partition(" = ")[2].rstrip("\n"))
    lines = [""]
    for one in map(_value, value):
        if lines[-1] and len(lines[-1]) + len(one) > _WIDTH:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{one}"
    if len(lines) == 1:
        return f"[{lines[0]}]"
    return "[\n" + "".join(f"{_INDENT}{line},\n" for line in lines) + "]"


def _printed(text: str) -> str:
    """TOML that says the same in characters that are printed."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
