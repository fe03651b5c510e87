"""Optimizers that other distributions bring, found by their entry points.

A distribution names its class in its pyproject.toml, and it is in the catalog wherever both are installed:

    [project.entry-points."harness.optimizers"]
    mine = "my_package.my_module:Mine"
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.optimizers.protocol import Optimizer, OptimizerParameters

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "harness.optimizers"
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def found() -> Mapping[str, tuple[EntryPoint, ...]]:
    """Reads the entry points of all installed distributions, without importing what they name: a few milliseconds.

    Returns:
        The entry points of each name; more than one if distributions claim the same.
    """
    from importlib.metadata import entry_points

    by_name: dict[str, tuple[EntryPoint, ...]] = {}
    for one in entry_points(group=GROUP):
        by_name[one.name] = (*by_name.get(one.name, ()), one)
    return by_name


def load_plugin(name: str, claims: tuple[EntryPoint, ...], taken: bool) -> type[Optimizer]:
    """Imports the class that a plugin names, and checks it.

    Args:
        name: the optimizer.
        claims: the entry points of this name, at least one.
        taken: whether the project itself has an optimizer of this name.

    Raises:
        UsageError: the name is taken or malformed, the import fails, or what it gives is no usable optimizer.
    """
    owners = [_owner(one) for one in claims]
    if taken or len(claims) > 1:
        others = ["vsm-harness itself"] * taken + owners
        raise UsageError(
            f"optimizer '{name}' is claimed by {' and by '.join(others)}: expected one; rename the entry point or "
            "uninstall what is not needed"
        )
    plugin = f"optimizer '{name}' of {owners[0]}"
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{plugin}: expected a name of lower-case letters, digits, - and _ that begins with a letter; "
            "rename the entry point"
        )
    try:
        one = claims[0].load()
    except Exception as error:
        raise UsageError(
            f"{plugin} cannot be imported from '{claims[0].value}' ({type(error).__name__}: {error}); mend or "
            "uninstall it"
        ) from error
    problem = _problem(name, one)
    if problem:
        raise UsageError(f"{plugin}: {claims[0].value} {problem}; mend or uninstall it")
    found: type[Optimizer] = one
    return found


def _owner(claim: EntryPoint) -> str:
    return f"plugin {claim.dist.name} {claim.dist.version}" if claim.dist else "a plugin"


def _problem(name: str, one: object) -> str:
    """Says what keeps an object from being an optimizer of this name; empty if nothing does."""
    if not (isinstance(one, type) and issubclass(one, Optimizer)):
        return f"is {one!r:.80}: expected a subclass of harness.optimizers.Optimizer"
    if inspect.isabstract(one):
        return f"does not define {', '.join(sorted(one.__abstractmethods__))}: expected _ask and _tell"
    for attribute in ("name", "summary", "source"):
        value = getattr(one, attribute, None)
        if not (isinstance(value, str) and value):
            return f"has {attribute} {value!r}: expected a text"
    if one.name != name:
        return f"has name '{one.name}': expected '{name}', as its entry point is called"
    parameters = getattr(one, "Parameters", None)
    if not (isinstance(parameters, type) and issubclass(parameters, OptimizerParameters)):
        return f"has Parameters {parameters!r:.80}: expected a subclass of harness.optimizers.OptimizerParameters"
    return ""
