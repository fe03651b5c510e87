"""The flags that a run was begun with, from what it left."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.cli import resuming, run_settings
from harness.cli.run_flags import RunFlags
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.records.run_directory import Inputs
    from harness.tuning.spec import RunSpec, SpaceSpec

_SAME: Final = (
    "budget",
    "seeds",
    "first_seed",
    "tokens",
    "start",
    "share",
    "block",
    "pool",
    "rest",
    "aggregate",
    "penalty",
    "finalists",
    "wordings",
    "response",
    "respondents",
    "shots",
)
"""Fields of a specification that are flags of the same name and value."""


def read(path: Path) -> tuple[RunSpec, Inputs]:
    """What a run was, from its specification, or from its record where that alone was kept.

    Raises:
        RunError: it is none, or it is damaged.
    """
    from harness.records.run_directory import INPUTS, RECORD, SPEC, Inputs, RunDirectory

    directory = RunDirectory(path)
    alone = not os.path.lexists(path / SPEC) and os.path.isfile(path / RECORD)
    spec = resuming.read_spec(directory.read_record().spec if alone else directory.read_plain_spec(), directory)
    if alone and not os.path.lexists(path / INPUTS):
        return spec, Inputs(folder=path.absolute(), instrument=spec.instrument is not None)
    return spec, directory.read_inputs()


def flags_of(spec: RunSpec, inputs: Inputs) -> RunFlags:
    """The flags that say what a specification says.

    Args:
        spec: of the run.
        inputs: where its files stand, which the specification knows by their content alone.
    """
    from harness.tuning.spec import RunSpec

    whole = RunSpec.model_fields["dimensions"].default
    model = spec.model.model_dump()
    values: dict[str, Any] = {
        **{name: getattr(spec, name) for name in _SAME},
        "optimizer": ",".join(one.name for one in spec.optimizers),
        "region": _region(spec, inputs),
        "space": _space(spec.space),
        "box": spec.space.box,
        "dimensions": "all" if spec.dimensions == whole else ",".join(spec.dimensions),
        "model": model.pop("name"),
        **model,
        "scorer": spec.scorer.kind,
        "micro_batch": spec.scorer.micro_batch,
        "workers": spec.scorer.workers,
        "survey": inputs.survey,
        "targets": inputs.targets,
        "instrument": "heldout" if inputs.instrument else "tuned",
    }
    parameters = {one.name: one.parameters.model_dump(mode="json") for one in spec.optimizers}
    return RunFlags(**values, parameters=parameters)


def remarks(spec: RunSpec, inputs: Inputs, flags: RunFlags) -> list[str]:
    """What keeps the flags from being the run of a specification here and now; nothing where they are.

    Args:
        spec: of the run.
        inputs: where its files stood.
        flags: as `flags_of` gave them.
    """
    from harness.cli.run_config import PLAIN_MODELS

    found = []
    try:
        now, _ = run_settings.specification(flags)
    except HarnessError as error:
        return [f"not to be run as it is: {error}"]
    for name in type(spec).model_fields:
        was, there = getattr(spec, name), getattr(now, name)
        if was != there:
            known = f"'{was.name}' of digest {was.digest[:15]}" if hasattr(was, "digest") else str(was)[:80]
            found.append(f"{name} is not as in the run, which had {known}: say where it is, or this is another run")
    folder = Path(spec.model.name.removeprefix("random:"))
    if spec.model.name not in PLAIN_MODELS and not folder.is_absolute() and os.path.exists(inputs.folder / folder):
        found.append(f"model '{spec.model.name}' stands below '{inputs.folder}': give the command there")
    return found


def _region(spec: RunSpec, inputs: Inputs) -> str:
    """A name for all regions of the run where there is one, else their codes."""
    from harness.tasks.hofstede_vsm.regions import ALL, SETS
    from harness.tasks.hofstede_vsm.targets import load_regions

    with suppress(HarnessError):
        table = load_regions(inputs.targets)
        known = table.digest == spec.targets.digest
        for name in (ALL, *SETS) if known else ():
            with suppress(HarnessError):
                if tuple(one.code for one in table.select(name)) == spec.regions:
                    return name
    return ",".join(spec.regions)


def _space(space: SpaceSpec) -> str:
    return f"{space.kind}:{space.dimensions}" if space.dimensions else space.kind
