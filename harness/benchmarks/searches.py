"""The searches of a contest: where it meets the tuning loop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.models.language_model import LanguageModel
from harness.models.planning import choose_plan
from harness.models.scorer import Plan
from harness.records.contest import Cell, LogLine
from harness.records.journal import Journal
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.candidates import Candidates
from harness.tuning.chronicle import Progress
from harness.tuning.exam import Questions
from harness.tuning.loop import Tuning
from harness.tuning.objective import Respondent
from harness.tuning.scoring import Scoring
from harness.tuning.search import search as run_search
from harness.tuning.session import Watcher
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
        self._questions = Questions(survey)
        self._table = table
        self._log = log
        self._plans = dict(plans)
        self._known: dict[int, tuple[Respondent, Scoring]] = {}

    def run(self, search: Search, observer: Shifted) -> tuple[Cell, ...]:
        """One cell per region of the search."""
        spec = search.spec
        respondent, scoring = self._asking(spec)
        began = time.perf_counter()
        grounds = Candidates(spec, self._lm, self._table).grounds(respondent, search.regions)
        tuning = Tuning(spec, grounds, observer)
        space, rows = run_search(
            tuning, spec.optimizers[0], search.seed, self._lm, self._questions.survey, search.regions
        )
        seconds = (time.perf_counter() - began) / len(rows)
        finals = scoring.score(space, rows, search.seed, spec.optimizers[0].name)
        return tuple(self._cell(search, one.result, seconds) for one in finals)

    def _cell(self, search: Search, result: RegionResult, seconds: float) -> Cell:
        return Cell(
            entrant=search.entrant,
            region=result.region,
            seed=search.seed,
            curve=result.curve,
            mae_tuned=result.mae_tuned,
            mae=result.mae,
            option_mass=result.option_mass,
            evaluations=result.evaluations,
            seconds=seconds,
            failed=result.failed,
        )

    def _asking(self, spec: RunSpec) -> tuple[Respondent, Scoring]:
        tokens = spec.tokens
        if tokens not in self._known:
            if tokens not in self._plans:
                self._plans[tokens] = choose_plan(
                    self._lm,
                    lambda plan: self._questions.respondent(self._lm, "tuning", tokens, plan).scorer,
                    spec.scorer,
                )
                append(self._log, LogLine(tokens=tokens, plan=self._plans[tokens].model_dump(mode="json")))
            plan = self._plans[tokens]
            respondent = self._questions.respondent(self._lm, "tuning", tokens, plan)
            self._known[tokens] = respondent, Scoring(self._lm, self._questions, tokens, plan)
        return self._known[tokens]


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


def append(log: Journal, line: LogLine) -> None:
    """Writes a line of the contest's log."""
    log.append(line.model_dump(mode="json", exclude_defaults=True))
