"""What tells the runs of a leaderboard apart: the settings in which their specifications differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report.literal import shortened

REGIONS_SHOWN = 4


def differences(specs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Per run, the settings that another run has otherwise, as text such as "budget 50, de.F 0.5"; "" if none.

    Args:
        specs: the specification of each run, as in its record, by name.
    """
    flat = {name: dict(flatten(spec)) for name, spec in specs.items()}
    keys = dict.fromkeys(key for settings in flat.values() for key in settings)
    differing = [key for key in keys if len({str(settings[key]) for settings in flat.values() if key in settings}) > 1]
    return {
        name: ", ".join(f"{shortened(key)} {short(settings[key])}" for key in differing if key in settings)
        for name, settings in flat.items()
    }


def flatten(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings of a specification by dotted name, without the model and how it is asked."""
    for key, value in spec.items():
        # The model has a place of its own, and how it is asked changes no numbers.
        if key in ("model", "scorer"):
            continue
        if key in ("survey", "targets") and isinstance(value, Mapping):
            yield key, f"{value.get('name')} ({str(value.get('digest'))[:8]})"
        elif key == "space" and isinstance(value, Mapping):
            yield key, f"subspace:{value.get('dimensions')}" if value.get("kind") == "subspace" else value.get("kind")
        elif key == "optimizers":
            for one in value:
                yield from ((f"{one['name']}.{name}", setting) for name, setting in one.get("parameters", {}).items())
        else:
            yield key, value


def short(value: Any) -> str:
    """A setting as text; long ones are cut."""
    if isinstance(value, (list, tuple)):
        return shortened(",".join(map(str, value))) if len(value) <= REGIONS_SHOWN else f"{len(value)} of them"
    return str(value).lower() if isinstance(value, bool) else shortened(str(value))
