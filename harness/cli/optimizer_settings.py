"""The optimizers that flags name, with their parameters from flags and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.tuning.spec import OptimizerSpec


def optimizer_names(text: str) -> list[str]:
    """Reads names separated by commas, each once.

    Raises:
        UsageError: there is none, or one is unknown.
    """
    from harness.optimizers.catalog import load

    names = list(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if not names:
        raise UsageError("no optimizer given: expected names such as de,cma; see 'harness ls optimizers'")
    for name in names:
        load(name)
    return names


def optimizer_specs(
    names: list[str], settings: list[str], parameters: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[OptimizerSpec, ...]:
    """The optimizers of a run with their parameters.

    Args:
        names: of the optimizers.
        settings: NAME=VALUE or OPTIMIZER.NAME=VALUE, as `dealt` deals them.
        parameters: by optimizer, which settings overrule; those of other optimizers are left out.

    Raises:
        UsageError: a setting is malformed, unknown or out of its range.
    """
    from harness.optimizers.catalog import parse_parameters
    from harness.tuning.spec import OptimizerSpec

    given = {name: {**(parameters or {}).get(name, {}), **own} for name, own in dealt(names, settings).items()}
    return tuple(OptimizerSpec(name=name, parameters=parse_parameters(name, given[name])) for name in names)


def dealt(names: list[str], settings: list[str]) -> dict[str, dict[str, str]]:
    """Deals NAME=VALUE settings to the optimizers that have the name, or to one with OPTIMIZER.NAME=VALUE.

    Raises:
        UsageError: a setting is malformed, or names an optimizer that is not there.
    """
    given: dict[str, dict[str, str]] = {name: {} for name in names}
    for setting in settings:
        key, equals, value = setting.partition("=")
        owner, dot, parameter = key.partition(".")
        if not equals or not key:
            raise UsageError(f"--set '{setting}': expected NAME=VALUE such as F=0.5; see 'harness ls optimizers'")
        if dot and owner not in given:
            raise unknown_choice("optimizer in --set", owner, names, "name one that this run uses")
        for name in [owner] if dot else _owners(names, key):
            given[name][parameter if dot else key] = value
    return given


def _owners(names: list[str], parameter: str) -> list[str]:
    """The optimizers that have a parameter; the first one if none has, whose error then lists what it has."""
    from harness.optimizers.catalog import load as find_optimizer

    having = [name for name in names if parameter in find_optimizer(name).Parameters.model_fields]
    return having or names[:1]
