"""What the flags of `harness run` that are more than a number or a word stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import optimizer_settings, options
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.cli.run_flags import RunFlags
    from harness.tasks.hofstede_vsm.regions import Regions
    from harness.tasks.hofstede_vsm.survey import Survey
    from harness.tuning.brief import Brief
    from harness.tuning.spec import Dimension, RunSpec, SpaceSpec

AGGREGATES = ("mean", "worst")
STARTS = ("vocabulary", "persona")
_LOWEST = {"budget": 1, "seeds": 1, "first_seed": 0, "tokens": 1, "pool": 0, "shots": 0}


def brief(flags: RunFlags) -> Brief:
    """Checks the flags and reads the files: all that can be refused before a model is loaded.

    Raises:
        HarnessError: a flag or a file is not as it should be.
    """
    from harness.tuning.brief import Brief

    fields = checked(flags)
    survey, other, table = _data(flags)
    spec = run_spec(flags, fields, survey, other, table)
    return Brief(spec, survey, table, other)


def specification(flags: RunFlags) -> tuple[RunSpec, str]:
    """The specification of a run and what the run is called, without its model.

    Raises:
        HarnessError: a flag or a file is not as it should be.
    """
    fields = checked(flags)
    survey, other, table = _data(flags)
    spec = run_spec(flags, fields, survey, other, table)
    return spec, name(spec, table)


def _data(flags: RunFlags) -> tuple[Survey, Survey | None, Regions]:
    from harness.tasks.hofstede_vsm.targets import load_regions

    return *options.questionnaires(flags.survey, flags.instrument), load_regions(flags.targets)


def checked(flags: RunFlags) -> dict[str, Any]:
    """Those fields of `RunSpec` that flags decide by themselves, without a file.

    Raises:
        UsageError: a flag is out of its range, or names what there is not.
    """
    found: dict[str, Any] = {}
    for part in parts():
        found |= part.fields(flags)
    return found


@dataclass(frozen=True)
class Part:
    """Flags that are checked together, without any other flag.

    Attributes:
        names: of the flags, as `RunFlags` has them.
        fields: those of `RunSpec` that the flags give; raises what it refuses.
    """

    names: tuple[str, ...]
    fields: Callable[[RunFlags], dict[str, Any]]


def parts() -> tuple[Part, ...]:
    """What `checked` puts together, in the order in which it refuses."""
    return (
        Part(("optimizer",), _known_optimizers),
        Part(("start",), _start),
        *(Part((name,), partial(_number, name, lowest)) for name, lowest in _LOWEST.items()),
        Part(("rest", "penalty", "aggregate", "finalists"), _objective),
        Part(("dimensions",), lambda flags: {"dimensions": aimed_dimensions(flags.dimensions)}),
        Part(("response", "respondents", "wordings"), _answers),
        Part(("optimizer", "settings"), _optimizers),
        Part(("shots",), _shots),
        Part(("model", "dtype", "device", "device_map", "trust_remote_code", "memory_gb"), _model),
        Part(("space", "box"), lambda flags: {"space": search_space(flags.space, flags.box)}),
        Part(("scorer", "micro_batch", "workers"), _scorer),
        Part(("share", "block"), _sharing),
    )


def _known_optimizers(flags: RunFlags) -> dict[str, Any]:
    optimizer_settings.optimizer_names(flags.optimizer)
    return {}


def _sharing(flags: RunFlags) -> dict[str, Any]:
    from harness.tuning.spec import DEFAULT_BLOCK, MOST_BLOCK

    options.whole("--block", flags.block, 1, MOST_BLOCK)
    if not flags.share and flags.block != DEFAULT_BLOCK:
        raise UsageError(
            f"--block {flags.block} with --no-share: regions that do not share wait for none; leave one out"
        )
    return {"share": flags.share, "block": flags.block}


def _start(flags: RunFlags) -> dict[str, Any]:
    if flags.start not in STARTS:
        raise unknown_choice("start", flags.start, STARTS, "give --start one of them")
    return {"start": flags.start}


def _number(name: str, lowest: int, flags: RunFlags) -> dict[str, Any]:
    options.whole(f"--{name.replace('_', '-')}", getattr(flags, name), lowest)
    return {name: getattr(flags, name)}


def _objective(flags: RunFlags) -> dict[str, Any]:
    return objective(flags.rest, flags.aggregate, flags.penalty, flags.finalists)


def _answers(flags: RunFlags) -> dict[str, Any]:
    asking = options.asking(flags.response, flags.respondents, flags.wordings)
    return {"response": asking.response, "respondents": asking.respondents, "wordings": asking.wordings}


def _optimizers(flags: RunFlags) -> dict[str, Any]:
    names = optimizer_settings.optimizer_names(flags.optimizer)
    return {"optimizers": optimizer_settings.optimizer_specs(names, flags.settings or [], flags.parameters)}


def _shots(flags: RunFlags) -> dict[str, Any]:
    from harness.tasks.hofstede_vsm.demonstrations import check_shots

    check_shots(flags.shots)
    return {"shots": flags.shots}


def _model(flags: RunFlags) -> dict[str, Any]:
    spec = options.model_spec(
        flags.model, flags.dtype, flags.device, flags.device_map, flags.trust_remote_code, flags.memory_gb
    )
    return {"model": spec}


def _scorer(flags: RunFlags) -> dict[str, Any]:
    return {"scorer": options.scorer_spec(flags.scorer, flags.micro_batch, flags.workers)}


def run_spec(flags: RunFlags, fields: dict[str, Any], survey: Survey, other: Survey | None, table: Regions) -> RunSpec:
    """The specification of a run.

    Args:
        flags: as given.
        fields: what `checked` made of them.
        survey: tuned on.
        other: a held-out instrument.
        table: all regions.

    Raises:
        UsageError: a region is unknown.
    """
    from harness.tuning.spec import RunSpec, Source

    chosen = tuple(one.aiming(fields["dimensions"]) for one in table.select(flags.region))
    return RunSpec(
        **fields,
        **sources(survey, flags.targets, table),
        regions=tuple(one.code for one in chosen),
        instrument=Source(name=other.name, digest=other.digest) if other else None,
    )


def name(spec: RunSpec, table: Regions) -> str:
    """What a run is called: optimizers, regions and the beginning of the specification's hash."""
    from harness.tasks.hofstede_vsm.regions import SETS

    sets = {"all": tuple(one.code for one in table.complete), **SETS}
    label = next((name for name, codes in sets.items() if set(codes) == set(spec.regions)), "")
    label = label or (spec.regions[0] if len(spec.regions) == 1 else f"{len(spec.regions)}regions")
    return f"{'-'.join(one.name for one in spec.optimizers)}-{label}-{spec.digest[:8]}"


def search_space(text: str, box: float = 0.0) -> SpaceSpec:
    """Reads "full", "subspace:D", "personas" or "personas:D".

    Raises:
        UsageError: it is neither.
    """
    from harness.tuning.spec import SpaceSpec

    if not 0 <= box < float("inf"):
        raise UsageError(f"--box {box:g}: expected a number from 0, where 0 takes the usual width")
    kind, colon, dimensions = text.partition(":")
    number = int(dimensions) if dimensions.isdecimal() and len(dimensions) < 10 else 0
    if (kind in ("full", "personas") and not colon) or (kind in ("subspace", "personas") and number > 0):
        return SpaceSpec.model_validate({"kind": kind, "dimensions": number, "box": box})
    raise UsageError(
        f"unknown space '{text}': expected personas, full, or subspace:D or personas:D with a whole D from 1, such as "
        "subspace:64"
    )


def objective(rest: float, aggregate: str, penalty: float, finalists: int) -> dict[str, Any]:
    """Checks the flags that say what is minimised and what is kept; fields of `RunSpec`.

    Raises:
        UsageError: one is out of its range.
    """
    from harness.tuning.spec import MOST_FINALISTS

    for flag, value in (("--rest", rest), ("--penalty", penalty)):
        if not 0 <= value < float("inf"):
            raise UsageError(f"{flag} {value:g}: expected a number of index points from 0")
    if aggregate not in AGGREGATES:
        raise unknown_choice("aggregate", aggregate, AGGREGATES, "give --aggregate one of them")
    options.whole("--finalists", finalists, 1, MOST_FINALISTS)
    return {"rest": rest, "aggregate": aggregate, "penalty": penalty, "finalists": finalists}


def aimed_dimensions(text: str) -> tuple[Dimension, ...]:
    """Reads "all" or names separated by commas, such as PDI,IDV.

    Raises:
        UsageError: there is none, or one is unknown.
    """
    from typing import get_args

    from harness.tuning.spec import Dimension

    known: tuple[Dimension, ...] = get_args(Dimension)
    names = {name.strip().lower() for name in text.split(",") if name.strip()}
    if names == {"all"}:
        return known
    if not names:
        raise UsageError("no dimension given: expected all, or names such as PDI,IDV")
    for name in sorted(names - set(known)):
        raise unknown_choice("dimension", name, known, "give --dimensions all, or names such as PDI,IDV")
    return tuple(name for name in known if name in names)


def sources(survey: Survey, targets: Path | None, table: Regions) -> dict[str, Any]:
    """What a run is asked and compared with, as fields of `RunSpec`; `targets` is the file of `table`, if any."""
    from harness.tuning.spec import Source

    name = ascii(targets.name)[1:-1] if targets else "bundled"
    return {
        "survey": Source(name=survey.name, digest=survey.digest),
        "targets": Source(name=name, digest=table.digest),
    }
