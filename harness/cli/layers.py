"""Which setting holds: a flag before a file, a file before a preset, a preset before the default."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.errors import HarnessError, InputError, UsageError

if TYPE_CHECKING:
    from harness.cli.run_config import Layer
    from harness.cli.run_flags import RunFlags

DEFAULT: Final = "default"
FLAG: Final = "flag"
"""The origin of what was given on the command line."""


def settled(named: Mapping[str, Any], preset: str | None, config: Path | None) -> RunFlags:
    """The flags of a run, with what a preset and a file say in place of those that were not given.

    Args:
        named: values of the flags that were given, by name.
        preset: its name, which goes before the one that the file names.
        config: a file of settings.

    Raises:
        UsageError: there is no such preset, or the file would run code that comes with a model.
        InputError: the file is not as described.
    """
    from harness.cli.run_flags import RunFlags

    if preset is None and config is None:
        return RunFlags(**named, origins=dict.fromkeys(named, FLAG))
    from harness.cli.run_config import read_config, read_preset

    above = [read_config(config)] if config is not None else []
    base = preset if preset is not None else "".join(one.preset for one in above)
    # The name "" that somebody gave is refused like any other that there is not.
    below = [] if preset is None and not base else [read_preset(base)]
    return laid([*below, *above], named)


def laid(layers: list[Layer], named: Mapping[str, Any]) -> RunFlags:
    """The flags of a run from layers, of which the later go before the earlier, and flags before all.

    Raises:
        UsageError: a layer would run code that comes with a model, and no flag allows it.
        InputError: a layer's region is not in the targets.
    """
    from harness.cli.run_flags import RunFlags

    values: dict[str, Any] = {}
    parameters: dict[str, dict[str, Any]] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        values |= layer.values
        origins |= dict.fromkeys(layer.values, layer.origin)
        for optimizer, own in layer.parameters.items():
            parameters[optimizer] = {**parameters.get(optimizer, {}), **own}
            origins |= dict.fromkeys((f"{optimizer}.{name}" for name in own), layer.origin)
    if values.get("trust_remote_code") and "trust_remote_code" not in named:
        raise UsageError(
            f"{origins['trust_remote_code']} says trust-remote-code, which runs code that comes with the model: give "
            "the flag --trust-remote-code too if you trust it"
        )
    origins |= dict.fromkeys(named, FLAG)
    flags = RunFlags(**{**values, **named}, parameters=parameters, origins=origins)
    if origins.get("region", FLAG) != FLAG:
        _check_region(flags, [layer for layer in layers if "region" in layer.values][-1])
    return flags


def _check_region(flags: RunFlags, layer: Layer) -> None:
    """Refuses a region of a file that the targets lack, with its place in the file."""
    from harness.tasks.hofstede_vsm.targets import load_regions

    table = None
    with suppress(HarnessError):
        table = load_regions(flags.targets)
    if table is None:
        return
    try:
        table.select(flags.region)
    except HarnessError as error:
        raise InputError(f"{layer.where('region')}: {error}") from error
