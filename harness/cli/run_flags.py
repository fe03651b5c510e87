"""The flags that say what a run is: those of `harness run`, and of commands that look at a run before it begins."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Concatenate, Final, ParamSpec, TypeVar, get_type_hints

import typer

from harness.cli import layers, options

_Own = ParamSpec("_Own")
_Result = TypeVar("_Result")
_NO_FLAG: Final = {"flag": False}


@dataclass(frozen=True)
class RunFlags:
    """What was given for each flag, not checked yet."""

    optimizer: Annotated[
        str, typer.Option("--optimizer", help="Names separated by commas; see 'harness ls optimizers'.")
    ] = "de"
    region: options.Region = "all"
    budget: Annotated[int, typer.Option("--budget", help="Candidate evaluations per region, optimizer and seed.")] = 150
    seeds: Annotated[int, typer.Option("--seeds", help="Independent repetitions.")] = 1
    first_seed: Annotated[int, typer.Option("--first-seed", help="Number of the first repetition.")] = 0
    tokens: Annotated[int, typer.Option("--tokens", help="Virtual tokens of the soft prompt.")] = 10
    space: options.Space = "personas"
    box: options.Box = 0.0
    start: Annotated[str, typer.Option("--start", help="First candidates: persona or vocabulary.")] = "persona"
    share: Annotated[bool, typer.Option("--share/--no-share", help="Regions learn from each other's evaluations.")] = (
        True
    )
    block: options.Block = 8
    pool: Annotated[int, typer.Option("--pool", help="Candidates in the first sample; 0 chooses.")] = 0
    rest: options.Rest = 0.1
    aggregate: options.Aggregate = "mean"
    penalty: options.Penalty = 0.0
    finalists: options.Finalists = 3
    dimensions: Annotated[
        str, typer.Option("--dimensions", help="Tuned and scored: all, or names such as PDI,IDV.")
    ] = "all"
    wordings: Annotated[
        int,
        typer.Option("--wordings", help="Of each item that are tuned on: 2, or 1 to see it overfit."),
    ] = 2
    response: options.Response = "expected"
    respondents: options.Respondents = 50
    shots: options.Shots = 6
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the optimizer, or de.F=0.5.")
    ] = None
    model: options.Model = "respondent"
    dtype: options.Dtype = "auto"
    device: options.Device = "auto"
    device_map: options.DeviceMap = None
    trust_remote_code: options.TrustRemoteCode = False
    memory_gb: options.MemoryGb = None
    scorer: options.ScorerKind = "auto"
    micro_batch: options.MicroBatch = 0
    workers: options.Workers = 0
    survey: options.SurveyFile = None
    instrument: options.Instrument = "tuned"
    targets: options.TargetsFile = None
    out: Annotated[Path, typer.Option("--out", help="Folder that holds the runs.", rich_help_panel="Output")] = (
        options.RUNS
    )
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, metadata=_NO_FLAG)
    """Of optimizers, from a file; `settings` overrule them."""
    origins: Mapping[str, str] = field(default_factory=dict, metadata=_NO_FLAG, compare=False)
    """Where each came from, where it is not the default; of parameters as "de.F"."""


def flag_names() -> tuple[str, ...]:
    """The names of those that are flags."""
    return tuple(one.name for one in fields(RunFlags) if one.metadata != _NO_FLAG)


def with_run_flags(
    command: Callable[Concatenate[RunFlags, _Own], _Result], without: tuple[str, ...] = ()
) -> Callable[..., _Result]:
    """Puts the flags of a run before a command's own ones, as Typer reads them from a signature.

    With them come --preset and --config, which stand for others that are not given.

    Args:
        command: takes the flags first.
        without: names of flags that it has no use for.
    """
    names = [name for name in flag_names() if name not in without]

    @functools.wraps(command)
    def called(**given: Any) -> _Result:
        context: typer.Context = given.pop("context")
        flags = {name: given.pop(name) for name in names}
        preset, config = given.pop("preset"), given.pop("config")
        named = {name: value for name, value in flags.items() if _is_given(context, name)}
        return command(layers.settled(named, preset, config), **given)  # type: ignore[call-arg]

    kinds = get_type_hints(RunFlags, include_extras=True)
    defaults = RunFlags()
    shared = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        inspect.Parameter("preset", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=options.Preset),
        inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=options.Config),
        *(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=getattr(defaults, name), annotation=kinds[name]
            )
            for name in names
        ),
    ]
    own = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    ]
    del called.__wrapped__
    called.__signature__ = inspect.Signature([*shared, *own])  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in (*shared, *own)}
    return called


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
