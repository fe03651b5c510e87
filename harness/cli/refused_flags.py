"""Every flag of a run that is refused, not only the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.cli import run_settings
from harness.cli.run_flags import RunFlags
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.checks.steps import Steps


def take_flags(steps: Steps, flags: RunFlags) -> dict[str, Any]:
    """Checks all flags; those that others need are known to them as --name.

    Returns:
        Fields of `RunSpec`; those of refused flags are as by default.
    """
    from harness.checks.steps import Found

    fields: dict[str, Any] = {}
    for part in run_settings.parts():
        if (refusal := _refusal(part, flags)) is None:
            fields |= part.fields(flags)
            continue
        alone = [(name, found) for name, one in _alone(part, flags) if (found := _refusal(part, one))]
        for name, text in alone or [(name, refusal) for name in part.names]:
            key = f"--{name.replace('_', '-')}"
            steps.take("flags", lambda text=text: Found({}, problems=[text]), key=key)  # type: ignore[misc]
        refused = {name for name, _ in alone} if alone else set(part.names)
        sound = {name: getattr(flags, name) for name in part.names if name not in refused}
        fields |= part.fields(replace(RunFlags(), **sound))
    if not steps.problems:
        steps.take("flags", lambda: Found({}, "each within its range"))
    return fields


def _alone(part: run_settings.Part, flags: RunFlags) -> Iterator[tuple[str, RunFlags]]:
    """The part's flags one by one, the others as by default; lists one by one too."""
    for name in part.names:
        given = getattr(flags, name)
        if name == "settings":
            known = [one for one in _names(flags.optimizer) if not _refusal(part, RunFlags(optimizer=one))]
            wanted = ",".join(known) or RunFlags().optimizer
            yield from ((name, RunFlags(optimizer=wanted, settings=[one])) for one in given or [])
        elif name in ("optimizer", "dimensions"):
            yield from ((name, _with(name, one)) for one in _names(given) or [given])
        else:
            yield name, _with(name, given)


def _with(name: str, value: Any) -> RunFlags:
    return replace(RunFlags(), **{name: value})


def _names(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _refusal(part: run_settings.Part, flags: RunFlags) -> str | None:
    try:
        part.fields(flags)
    except HarnessError as error:
        return str(error)
    return None
