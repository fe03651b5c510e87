"""The searches of a contest: where it meets the tuning loop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.models.language_model import LanguageModel
from harness.models.planning import choose_plan
from harness.models.scorer import Plan
from harness.records.contest import Cell, LogLine
from harness.records.journal import Journal
from harness.tasks.hofstede_vsm.prompts import Split
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.baselines import SCORED, region_result
from harness.tuning.candidates import Candidates
from harness.tuning.cells import Tuned
from harness.tuning.loop import Progress, Tuning
from harness.tuning.objective import Respondent
from harness.tuning.session import Watcher
from harness.tuning.space import SearchSpace
from harness.tuning.spec import RunSpec


@dataclass(frozen=True)
class Search:
    """One search: an entrant, a seed and the regions that are tuned together.

    Attributes:
        spec: of this search alone, with its one seed.
    """

    entrant: str
    spec: RunSpec
    regions: tuple[Region, ...]

    @property
    def seed(self) -> int:
        """Number of the repetition."""
        return self.spec.first_seed

    @property
    def evaluations(self) -> int:
        """Candidate evaluations of all its regions."""
        return self.spec.budget * len(self.regions)

    @property
    def keys(self) -> list[tuple[str, str, int]]:
        """Of the cells it fills."""
        return [(self.entrant, region.code, self.seed) for region in self.regions]


class Desk:
    """Runs searches; what asks the model is built once for each number of virtual tokens.

    Args:
        lm: the model.
        survey: that it answers.
        table: of all regions.
        log: gets a line for each plan that is chosen here.
        plans: chosen before, by virtual tokens.
    """

    def __init__(
        self, lm: LanguageModel, survey: Survey, table: Regions, log: Journal, plans: Mapping[int | None, Plan]
    ) -> None:
        self._lm = lm
        self._survey = survey
        self._table = table
        self._log = log
        self._plans = dict(plans)
        self._respondents: dict[int, dict[Split, Respondent]] = {}

    def run(self, search: Search, observer: Shifted) -> tuple[Cell, ...]:
        """One cell per region of the search."""
        spec = search.spec
        respondents = self._asking(spec)
        began = time.perf_counter()
        grounds = Candidates(spec, self._lm, self._table).grounds(respondents["tuning"], search.regions)
        tuning = Tuning(spec, grounds, _Unkept(), observer)
        rows = tuning.run(spec.optimizers[0], search.seed, search.regions)
        seconds = (time.perf_counter() - began) / len(rows)
        space = grounds[search.seed].space
        return tuple(self._cell(search, one, space, respondents, seconds) for one in rows)

    def _cell(
        self, search: Search, tuned: Tuned, space: SearchSpace, respondents: Mapping[Split, Respondent], seconds: float
    ) -> Cell:
        prompt = space.decode(tuned.vector[None])
        heldout, tuning = (respondents[split].answer(prompt) for split in SCORED)
        result = region_result(tuned.region, heldout, tuning, tuned.evaluations)
        return Cell(
            entrant=search.entrant,
            region=tuned.region.code,
            seed=search.seed,
            curve=tuned.curve,
            mae_tuned=result.mae_tuned,
            mae=result.mae,
            option_mass=result.option_mass,
            evaluations=tuned.evaluations,
            seconds=seconds,
            failed=tuned.failed,
        )

    def _asking(self, spec: RunSpec) -> dict[Split, Respondent]:
        tokens = spec.tokens
        if tokens not in self._respondents:
            if tokens not in self._plans:
                self._plans[tokens] = choose_plan(
                    self._lm,
                    lambda plan: Respondent(self._lm, self._survey, "tuning", tokens, plan=plan).scorer,
                    spec.scorer,
                )
                append(self._log, LogLine(tokens=tokens, plan=self._plans[tokens].model_dump(mode="json")))
            self._respondents[tokens] = {
                split: Respondent(self._lm, self._survey, split, tokens, plan=self._plans[tokens]) for split in SCORED
            }
        return self._respondents[tokens]


@dataclass(frozen=True)
class Shifted:
    """Tells a watcher of a search as part of the contest.

    Attributes:
        done: evaluations of the searches before it.
        finished: cells that are finished, in earlier processes too.
    """

    watcher: Watcher
    search: Search
    done: int
    finished: int

    def __call__(self, progress: Progress, /) -> None:
        """Passes a generation on."""
        self.watcher.tuning(
            replace(
                progress,
                optimizer=self.search.entrant,
                evaluations=self.done + progress.evaluations,
                regions_done=self.finished + progress.regions_done,
            )
        )


class _Unkept(Journal):
    """Keeps nothing: a contest keeps whole searches, and begins an unfinished one again."""

    def __init__(self) -> None:
        return

    def append(self, entry: Mapping[str, Any]) -> None:
        """Forgets it."""


def append(log: Journal, line: LogLine) -> None:
    """Writes a line of the contest's log."""
    log.append(line.model_dump(mode="json", exclude_defaults=True))
