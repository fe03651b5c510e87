"""The optimizers that can be named on the command line. Adding one is one line in `CATALOG`, or a plugin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

import numpy as np
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from harness.errors import UsageError, unknown_choice
from harness.optimizers import plugins
from harness.optimizers.protocol import Optimizer, OptimizerParameters, Problem

CATALOG: Mapping[str, str] = MappingProxyType(
    {
        "cma": "harness.optimizers.cma_es:CMAES",
        "de": "harness.optimizers.differential_evolution:DifferentialEvolution",
        "lshade": "harness.optimizers.lshade:LSHADE",
        "pso": "harness.optimizers.particle_swarm:ParticleSwarm",
        "random": "harness.optimizers.random_search:RandomSearch",
        "spsa": "harness.optimizers.spsa:SPSA",
    }
)
"""Name of each optimizer of this project, and where it is: "module:Class"."""

REFERENCES: Mapping[str, str] = MappingProxyType({"gradient": "harness.optimizers.gradient:Gradient"})
"""What can be named beside the optimizers and is no black-box method: it is described here and run elsewhere."""

_FIX = "see 'harness ls optimizers'"


@dataclass(frozen=True)
class ParameterRow:
    """One parameter of an optimizer as it is listed: everything as text."""

    parameter: str
    type: str
    range: str
    default: str
    description: str


def names() -> tuple[str, ...]:
    """Returns the names of all optimizers, those of plugins included, in alphabetical order; imports none."""
    return tuple(sorted({*CATALOG, *plugins.found()}))


def load(name: str) -> type[Optimizer]:
    """Imports the class of an optimizer, but not the library behind it.

    Raises:
        UsageError: no optimizer has this name, or a plugin claims it that cannot be used.
    """
    claims = plugins.found()
    if name in claims:
        return plugins.load_plugin(name, claims[name], taken=name in CATALOG or name in REFERENCES)
    known = {**CATALOG, **REFERENCES}
    if name not in known:
        raise unknown_choice("optimizer", name, (*known, *claims), _FIX)
    module, _, attribute = known[name].partition(":")
    found: type[Optimizer] = getattr(import_module(module), attribute)
    return found


def parse_parameters(name: str, settings: Mapping[str, object], exact: bool = False) -> OptimizerParameters:
    """Reads an optimizer's parameters from what a user gave; the others keep their defaults.

    Args:
        name: the optimizer.
        settings: value of each parameter, as text (`--set F=0.5`) or as read from TOML.
        exact: whether a text that says a number is refused where a number is expected, and the like.

    Raises:
        UsageError: the optimizer or a parameter does not exist, or a value is not in its range; one line.
    """
    model = load(name).Parameters
    try:
        if exact:
            # As JSON, where a list may stand for a tuple.
            return model.model_validate_json(json.dumps(dict(settings), default=str), strict=True)
        return model.model_validate(dict(settings))
    except ValidationError as error:
        problems = error.errors(include_url=False)
    unknown = [str(problem["loc"][0]) for problem in problems if problem["type"] == "extra_forbidden"]
    if unknown:
        raise unknown_choice(f"{name} parameter", unknown[0], model.model_fields, _FIX)
    reasons = dict.fromkeys(_reason(model, problem) for problem in problems)
    raise UsageError(f"unusable settings of optimizer '{name}': {'; '.join(reasons)}; {_FIX}")


def describe(name: str) -> tuple[ParameterRow, ...]:
    """Lists the parameters of an optimizer in the order they are declared.

    Raises:
        UsageError: no optimizer has this name.
    """
    fields = load(name).Parameters.model_fields
    return tuple(
        ParameterRow(key, _type(field), _range(key, field), _text(field.default), field.description or "")
        for key, field in fields.items()
    )


def create(name: str, problem: Problem, parameters: OptimizerParameters, rng: np.random.Generator) -> Optimizer:
    """Builds an optimizer.

    Args:
        name: the optimizer.
        problem: the box, the first candidates and the budget.
        parameters: from `parse_parameters` for the same name.
        rng: the only source of randomness.

    Raises:
        UsageError: no optimizer has this name.
        TypeError: the parameters belong to another optimizer.
    """
    return load(name)(problem, parameters, rng)


def _reason(model: type[OptimizerParameters], problem: Mapping[str, Any]) -> str:
    if not problem["loc"]:
        return str(problem["msg"]).removeprefix("Value error, ")
    key = str(problem["loc"][0])
    field = model.model_fields[key]
    if problem["type"] == "value_error":
        expected = str(problem["msg"]).removeprefix("Value error, ")
    elif _type(field) == "choice":
        expected = f"expected one of {_range(key, field)}"
    elif _type(field) == "bool":
        expected = f"expected {_range(key, field)}"
    else:
        limits = _range(key, field)
        expected = f"expected {_type(field)}" + (f" with {limits}" if limits else "")
    value = problem["input"]
    return f"{key} is {value if type(value) in (int, float, bool) else repr(str(value))}, {expected}"


def _type(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return "choice"
    return getattr(field.annotation, "__name__", str(field.annotation))


def _range(key: str, field: FieldInfo) -> str:
    """Renders the range, as in "0 < F <= 2"; empty when there is none."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(str(choice) for choice in get_args(field.annotation))
    if field.annotation is bool:
        return "true or false"
    left = right = ""
    for limit in field.metadata:
        for attribute, sign in (("gt", "<"), ("ge", "<=")):
            left = f"{getattr(limit, attribute)} {sign} " if hasattr(limit, attribute) else left
        for attribute, sign in (("lt", "<"), ("le", "<=")):
            right = f" {sign} {getattr(limit, attribute)}" if hasattr(limit, attribute) else right
    return f"{left}{key}{right}" if left or right else ""


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
