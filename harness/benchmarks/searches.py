"""The searches of a contest: where it meets the tuning loop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.executors.local import Local
from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan
from harness.records.contest import Cell, LogLine
from harness.records.journal import Journal
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.brief import Brief
from harness.tuning.candidates import grounds
from harness.tuning.chronicle import Progress
from harness.tuning.dispatch import Dispatcher
from harness.tuning.exam import Questions
from harness.tuning.loop import Tuning
from harness.tuning.preparing import Measure, Prepare, Prepared
from harness.tuning.scoring import Scoring
from harness.tuning.search import Searches
from harness.tuning.session import Watcher
from harness.tuning.spec import RunSpec
from harness.tuning.worker import Worker


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
        self._worker = Worker(lm, Questions(survey))
        self._dispatcher = Dispatcher(Local(self._worker))
        self._table = table
        self._log = log
        self._plans = dict(plans)

    def run(self, search: Search, observer: Shifted) -> tuple[Cell, ...]:
        """One cell per region of the search."""
        spec, plan = search.spec, self._plan(search.spec)
        optimizer = spec.optimizers[0]
        began = time.perf_counter()
        brief = Brief(spec, self._worker.questions.survey, self._table)
        prepared: Prepared = self._dispatcher.do(Prepare(brief, plan))
        searches = Searches(Tuning(spec, grounds(spec, prepared.layouts, plan), observer), prepared.embeddings)
        parts = self._dispatcher.run(searches.of(optimizer, search.seed, search.regions))
        rows = [row for part in parts for row in part]
        seconds = (time.perf_counter() - began) / len(rows)
        scoring, space = Scoring(spec.tokens, plan), searches.space(optimizer, search.seed)
        finals = self._dispatcher.run(scoring.final(space, row, search.seed, optimizer.name) for row in rows)
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

    def _plan(self, spec: RunSpec) -> Plan:
        """How candidates of so many virtual tokens are asked."""
        tokens = spec.tokens
        if tokens not in self._plans:
            brief = Brief(spec, self._worker.questions.survey, self._table)
            plain = self._dispatcher.do(Measure(brief))
            append(self._log, LogLine(tokens=tokens, plan=plain))
            self._plans[tokens] = Plan.model_validate(plain)
        return self._plans[tokens]


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
