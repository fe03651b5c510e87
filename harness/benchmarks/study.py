"""What takes part in a contest: a study file in TOML, or the same from flags, checked and filled up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from harness.errors import HarnessError, InputError, one_line, unknown_choice
from harness.inputs import STUDY_BYTES, Brought, parse_toml, shown
from harness.optimizers import parse_parameters
from harness.records.contest import ContestSpec
from harness.records.contest import Entrant as EntrantRecord
from harness.tuning.spec import OptimizerSpec, RunSpec

FIXED: Final = ("model", "survey", "targets", "regions", "seeds", "first_seed", "optimizers", "scorer")
"""Fields of a run that are one for the whole contest, or have names of their own here."""
DEFAULTS: Final[Mapping[str, Any]] = {"share": False}
"""Where a contest differs from a run: by default each instance is a search of its own."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected printable text on one line")
    return text


_Label = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), AfterValidator(_printable)
]
_Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), AfterValidator(_printable)]


class Study(BaseModel):
    """A contest before it is checked against models, regions and optimizers.

    Attributes:
        title: shown above the tables.
        regions: "all", "core" or codes.
        seeds: repetitions, numbered from `first_seed`.
        targets: a CSV file with scores, relative to the study file; the bundled ones if None.
        common: settings of every entrant, see `entrants`.
        entrant: tables with a label and the settings in which this one differs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: _Title = ""
    regions: str = "core"
    seeds: Annotated[int, Field(ge=1, le=10_000)] = 3
    first_seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    targets: str | None = None
    common: dict[str, Any] = {}
    entrant: tuple[dict[str, Any], ...] = Field(min_length=1)

    @field_validator("regions", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value


class _Entry(BaseModel):
    """What an entrant is besides settings of a run."""

    label: _Label
    optimizer: str
    parameters: dict[str, Any] = {}


def read_study(path: Path) -> Study:
    """Reads a study file.

    Raises:
        InputError: it cannot be read, is no TOML, or a key or value is not as described; one line.
    """
    name = f"study {shown(path)}"
    text = Brought(path, name, STUDY_BYTES, "expected a small TOML file", "give a TOML file").text()
    try:
        content = parse_toml(text)
    except ValueError as error:
        raise InputError(f"study '{path}' is not TOML ({error}): see docs/contest.md") from error
    return parse_study(content, f"study '{path}'")


def parse_study(content: Mapping[str, Any], name: str) -> Study:
    """Checks a study's tables; `name` stands before each message.

    Raises:
        InputError: a key or value is not as described.
    """
    _known(content, Study.model_fields, "key", name)
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{name}: {one_line(error.errors())}; see docs/contest.md") from error


def entrants(study: Study, base: Mapping[str, Any], name: str) -> dict[str, RunSpec]:
    """The run specification of each entrant, by label.

    An entrant has the settings of `base`, then of the study's `common`, then its own. `optimizer` names the
    optimizer, `parameters` its settings; those of `common` hold where an entrant names no optimizer of its own. `space`
    may be text such as "subspace:64". Every other key is a field of `RunSpec`.

    Args:
        study: what takes part.
        base: fields of `RunSpec` that hold for all: model, survey, targets, regions and so on.
        name: stands before each message.

    Raises:
        InputError: a key is unknown, a value is out of range, or two entrants have one label.
    """
    if not isinstance(study.common.get("parameters", {}), dict):
        raise InputError(f"{name}, common: parameters: expected a table such as {{F = 0.5}}; see docs/contest.md")
    found: dict[str, RunSpec] = {}
    for number, own in enumerate(study.entrant, start=1):
        place = f"{name}, entrant {own.get('label', number)!r}"
        for keys, where in ((study.common, f"{name}, common"), (own, place)):
            _known(keys, {**_Entry.model_fields, **RunSpec.model_fields}.keys() - set(FIXED), "setting", where)
        label, spec = _entrant(_merged(study.common, own), base, place)
        if label in found:
            raise InputError(f"{place}: the label is taken; give each entrant its own")
        found[label] = spec
    return found


def contest_spec(study: Study, specs: Mapping[str, RunSpec]) -> ContestSpec:
    """What the record says of who takes part; `specs` by label, all with the same regions and seeds."""
    first = next(iter(specs.values()))
    return ContestSpec(
        title=study.title,
        regions=first.regions,
        seeds=tuple(first.repetitions),
        entrants=tuple(
            EntrantRecord(label=label, optimizer=spec.optimizers[0].name, settings=spec.plain())
            for label, spec in specs.items()
        ),
    )


def _merged(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**DEFAULTS, **common, **own}
    if "optimizer" not in own and isinstance(common.get("parameters"), dict):
        merged["parameters"] = {**common["parameters"], **own.get("parameters", {})}
    elif "optimizer" in own:
        merged["parameters"] = own.get("parameters", {})
    return merged


def _entrant(settings: dict[str, Any], base: Mapping[str, Any], place: str) -> tuple[str, RunSpec]:
    try:
        entry = _Entry.model_validate({key: settings.pop(key) for key in _Entry.model_fields if key in settings})
        optimizer = OptimizerSpec(name=entry.optimizer, parameters=parse_parameters(entry.optimizer, entry.parameters))
        if isinstance(settings.get("space"), str):
            settings["space"] = _space(settings["space"])
        spec = RunSpec.model_validate({**base, **settings, "optimizers": (optimizer,)})
        if spec.space.kind == "subspace" and spec.space.dimensions < 1:
            raise InputError('space has 0 dimensions: expected at least 1, such as space = "subspace:64"')
    except ValidationError as error:
        raise InputError(f"{place}: {one_line(error.errors())}; see docs/contest.md") from error
    except HarnessError as error:
        raise InputError(f"{place}: {error}") from error
    return entry.label, spec


def _space(text: str) -> dict[str, Any]:
    kind, colon, dimensions = text.partition(":")
    return {"kind": kind, "dimensions": dimensions} if colon else {"kind": kind}


def _known(given: Mapping[str, Any], known: Any, kind: str, name: str) -> None:
    for key in given:
        if key not in known:
            raise InputError(f"{name}: {unknown_choice(kind, str(key)[:60], known, 'see docs/contest.md')}")
