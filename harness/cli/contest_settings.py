"""What the flags of `harness bench optimizers` stand for: a study, from a file or from the flags themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import optimizer_settings, options, run_settings
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.benchmarks.study import Study
    from harness.models.language_model import ModelSpec
    from harness.models.planning import ScorerSpec
    from harness.records.contest import ContestSpec
    from harness.tasks.hofstede_vsm.regions import Regions
    from harness.tasks.hofstede_vsm.survey import Survey
    from harness.tuning.spec import RunSpec

STARTS = ("vocabulary", "persona")
SEEDS, BUDGET = 3, 300
WHOLE = {"seeds": 1, "first_seed": 0, "budget": 1, "tokens": 1, "pool": 0}
OF_THE_CONTEST = ("region", "seeds", "first_seed")
"""Flags that may stand beside a study file, and then win; every other setting belongs to the entrants in it."""


@dataclass(frozen=True)
class Prepared:
    """A contest that is checked as far as it can be without a model; `entrants` by label."""

    spec: ContestSpec
    entrants: dict[str, RunSpec]
    survey: Survey
    table: Regions


def prepare(
    file: Path | None,
    flags: Mapping[str, Any],
    model: ModelSpec,
    scorer: ScorerSpec,
    survey: Path | None,
    targets: Path | None,
) -> Prepared:
    """Reads and checks what takes part; see `build_study` for the first two arguments.

    Raises:
        UsageError: a flag is out of range, or says what the study says.
        InputError: a file is not as described.
    """
    plan, name = build_study(file, flags)
    if file is not None and plan.targets is not None:
        if targets is not None:
            raise UsageError(f"--targets {targets} and targets in {file}: expected one of them; leave one out")
        targets = file.parent / plan.targets

    from harness.benchmarks.study import contest_spec, entrants
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tasks.hofstede_vsm.targets import load_regions

    questionnaire, table = load_survey(survey), load_regions(targets)
    base = {
        "model": model,
        **run_settings.sources(questionnaire, targets, table),
        "regions": tuple(one.code for one in table.select(plan.regions)),
        "seeds": plan.seeds,
        "first_seed": plan.first_seed,
        "scorer": scorer,
    }
    specs = entrants(plan, base, name)
    return Prepared(contest_spec(plan, specs), specs, questionnaire, table)


def build_study(file: Path | None, flags: Mapping[str, Any]) -> tuple[Study, str]:
    """The study, and what it is called in messages.

    Args:
        file: of the study; None builds one from the flags, an entrant for each optimizer.
        flags: by name as in Python, None where the user gave none.

    Raises:
        UsageError: a flag is out of range, or stands beside a study that says the same.
        InputError: the file is not as described.
    """
    from harness.benchmarks.study import parse_study, read_study

    given = {name: value for name, value in flags.items() if value is not None}
    for name, lowest in WHOLE.items():
        if name in given:
            options.whole(_flag(name), given[name], lowest)
    if file is None:
        return parse_study(_from_flags(given), "contest"), "contest"
    for name in given:
        if name not in OF_THE_CONTEST:
            raise UsageError(f"{_flag(name)} and --study: the study's own settings hold; write it into {file}")
    wins = {"regions" if name == "region" else name: given[name] for name in OF_THE_CONTEST if name in given}
    return read_study(file).model_copy(update=wins), f"study '{file}'"


def _from_flags(given: Mapping[str, Any]) -> dict[str, Any]:
    names = optimizer_settings.optimizer_names(given.get("optimizer", "de,cma,random"))
    if (start := given.get("start", STARTS[0])) not in STARTS:
        raise unknown_choice("start", start, STARTS, "give --start one of them")
    if "space" in given:
        run_settings.search_space(given["space"])
    specs = optimizer_settings.optimizer_specs(names, given.get("settings", []))
    common = {name: given[name] for name in ("share", "start", "space", "tokens", "pool") if name in given}
    return {
        "regions": given.get("region", "core"),
        "seeds": given.get("seeds", SEEDS),
        "first_seed": given.get("first_seed", 0),
        "common": {"budget": given.get("budget", BUDGET), **common},
        "entrant": [
            {"label": spec.name, "optimizer": spec.name, "parameters": spec.parameters.model_dump(exclude_unset=True)}
            for spec in specs
        ],
    }


def _flag(name: str) -> str:
    return "--set" if name == "settings" else "--" + name.replace("_", "-")
