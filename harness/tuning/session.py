"""A whole run: baselines, tuning, held-out scores, adapters and the record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Protocol

import numpy as np

from harness.executors.job import Executor
from harness.executors.local import Local
from harness.models.adapter import write_adapter
from harness.models.calibration import calibrate
from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan
from harness.records.execution import ExecutionFacts
from harness.records.files import sync_files, writing
from harness.records.run_directory import RunDirectory
from harness.records.schema import GROUPS, Group, MethodResult, Record, RegionResult
from harness.tuning.baselines import METHODS, Baselines
from harness.tuning.brief import Brief
from harness.tuning.candidates import grounds
from harness.tuning.cells import Ground, Tuned
from harness.tuning.chronicle import Observer
from harness.tuning.dispatch import Dispatcher
from harness.tuning.facts import split_facts, target_facts
from harness.tuning.ledger import Asked
from harness.tuning.loop import Tuning
from harness.tuning.nulls import NULLS, Answered, Nulls
from harness.tuning.opening import Opened, open_run
from harness.tuning.pace import Pace
from harness.tuning.preparing import Check, Introduce, Measure, Prepare, Prepared
from harness.tuning.query import Query, Search
from harness.tuning.scoring import Final, Scoring
from harness.tuning.search import Searches
from harness.tuning.space import SearchSpace
from harness.tuning.spec import REFERENCE, RunSpec
from harness.tuning.worker import ModelFacts, Worker


class Watcher(Protocol):
    """Whoever watches a whole run."""

    def phase(self, name: str, steps: int) -> None:
        """A phase begins that takes so many steps."""

    def step(self) -> None:
        """One step of a phase other than tuning is done."""

    def remark(self, line: str) -> None:
        """Something about the run that whoever watches should know."""

    def workers(self, facts: ExecutionFacts) -> None:
        """How those stand who answer, where this process does not."""

    @property
    def tuning(self) -> Observer:
        """Is told of every generation."""


@dataclass
class _Clock:
    """Seconds of each phase, those included that its answers took in earlier processes."""

    replayed: Mapping[str, float]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began + self.replayed.get(name, 0.0)


@dataclass(frozen=True)
class _Searched:
    """What an optimizer found with one seed: vectors of a space, one result per region."""

    optimizer: str
    seed: int
    space: SearchSpace
    rows: list[Tuned]


@dataclass(frozen=True)
class Session:
    """A run and whoever answers it; the driver itself holds no model.

    Attributes:
        brief: what the run is.
        executor: has its questions answered.
        facts: of the model.
    """

    brief: Brief
    executor: Executor
    facts: ModelFacts

    @staticmethod
    def of(brief: Brief, lm: LanguageModel) -> Session:
        """The session of a model in this process."""
        return Session.with_executor(brief, Local(Worker(lm, brief.questions)))

    @staticmethod
    def with_executor(brief: Brief, executor: Executor) -> Session:
        """The session of an executor."""
        return Session(brief, executor, Dispatcher(executor).do(Introduce()))

    @property
    def spec(self) -> RunSpec:
        """The run's specification."""
        return self.brief.spec

    def check(self) -> None:
        """Refuses, before anything is written, what could not run.

        Raises:
            UsageError, ModelError: see `harness.tuning.preparing.check`.
        """
        Dispatcher(self.executor).do(Check(self.brief))

    def run(self, directory: RunDirectory, watcher: Watcher) -> Record:
        """Runs what the journal does not hold yet, and writes the record.

        Raises:
            ModelError, RunError: see the parts.
        """
        self.executor.attend(watcher)
        with directory.open_journal() as journal:
            execution = self.executor.facts()
            executor = execution.executor if execution else "local"
            opened = open_run(journal, self.spec, self.facts, executor, watcher.remark)
            record = self._run(directory, watcher, opened)
        directory.write_record(record)
        return record

    def _run(self, directory: RunDirectory, watcher: Watcher, opened: Opened) -> Record:
        ledger, clock = opened.ledger, _Clock(opened.ledger.replayed)
        dispatcher = Dispatcher(self.executor, ledger)
        with clock.measure("baselines"):
            methods = self._baselines(watcher, dispatcher)
        with clock.measure("planning"):
            plan = self._plan(dispatcher)
        prepared: Prepared = dispatcher.do(Prepare(self.brief, plan))
        places = grounds(self.spec, prepared.layouts, plan)
        watcher.phase("tuning", self._evaluations_planned())
        tuning = Tuning(self.spec, places, lambda progress: watcher.tuning(replace(progress, kept=ledger.evaluations)))
        with clock.measure("tuning"), self._paced(plan) as pace:
            searched = self._search(Searches(tuning, prepared.embeddings), dispatcher)
            execution = self.executor.facts()
        with clock.measure("heldout"), writing(directory.path):
            methods += self._score_tuned(directory, places, searched, plan, watcher, dispatcher)
        ledger.check_spent()
        clock.seconds["evaluations_per_second"] = tuning.chronicle.evaluations / clock.seconds["tuning"]
        brief = self.brief
        return Record(
            run_id=directory.run_id,
            spec=self.spec.plain(),
            spec_digest=self.spec.digest,
            model=self.facts.identity,
            scorer=prepared.scorer,
            targets=target_facts(brief.table, self.spec.regions),
            splits=split_facts(brief.survey, self.spec.wordings, brief.instrument),
            provenance=opened.provenance,
            methods=tuple(methods),
            started=opened.started,
            timings=clock.seconds | (pace.facts() if pace else {}),
            execution=execution,
        )

    def _plan(self, dispatcher: Dispatcher) -> Plan:
        """The scorer's layout: measured once, since another one changes last digits."""
        asked = Asked({"phase": "planning"}, np.zeros((0, 0)))
        plan: Plan = dispatcher.ask(Query(asked, Measure(self.brief), Plan.model_validate))
        return plan

    def _baselines(self, watcher: Watcher, dispatcher: Dispatcher) -> list[MethodResult]:
        baselines = Baselines(self.brief.questions, self.brief.table, self.spec.shots)
        regions = self.brief.regions
        watcher.phase("baselines", len(METHODS) * len(regions))
        parts = [(name, search) for name in METHODS for search in baselines.searches(name, regions, watcher.step)]
        rows: dict[str, list[RegionResult]] = {name: [] for name in METHODS}
        for (name, _), part in zip(parts, dispatcher.run(search for _, search in parts), strict=True):
            rows[name] += part
        return [MethodResult(method=name, group=GROUPS[name], results=tuple(rows[name])) for name in METHODS]

    @contextmanager
    def _paced(self, plan: Plan) -> Iterator[Pace | None]:
        """Times answers beside a calibration loop, where this process gives them."""
        self.executor.begin()
        if not isinstance(self.executor, Local):
            yield None
            return
        worker: Worker = self.executor.worker
        pace = Pace(lambda: calibrate(worker.lm, plan.workers))
        with worker.paced(pace):
            yield pace

    def _evaluations_planned(self) -> int:
        return self.spec.budget * len(self.brief.regions) * len(self.spec.optimizers) * self.spec.seeds

    def _search(self, searches: Searches, dispatcher: Dispatcher) -> list[_Searched]:
        """What each optimizer found with each seed; all of it is searched at once, as far as the executor goes."""
        regions = self.brief.regions
        cells = [(optimizer, seed) for optimizer in self.spec.optimizers for seed in self.spec.repetitions]
        parts = [(cell, search) for cell in cells for search in searches.of(*cell, regions)]
        rows: dict[tuple[str, int], list[Tuned]] = {(one.name, seed): [] for one, seed in cells}
        for ((one, seed), _), part in zip(parts, dispatcher.run(search for _, search in parts), strict=True):
            rows[one.name, seed] += part
        return [_Searched(one.name, seed, searches.space(one, seed), rows[one.name, seed]) for one, seed in cells]

    def _score_tuned(
        self,
        directory: RunDirectory,
        places: Mapping[int, Ground],
        searched: Sequence[_Searched],
        plan: Plan,
        watcher: Watcher,
        dispatcher: Dispatcher,
    ) -> list[MethodResult]:
        """The null rows of the first optimizer's prompts, then all optimizers."""
        first = searched[0].optimizer
        rows = [len(one.rows) for one in searched]
        watcher.phase("held-out", sum(rows) + sum(len(one.rows) for one in searched if one.optimizer == first))
        scoring = Scoring(self.spec.tokens, plan)
        finals = dispatcher.run(
            self._final(directory, scoring, cell, one, watcher) for cell in searched for one in cell.rows
        )
        by_cell = dict(zip([(one.optimizer, one.seed) for one in searched], _parts(finals, rows), strict=True))
        answered = {
            seed: [Answered(one.tuned.region, one.prompt, one.exam, one.tuned.evaluations) for one in part]
            for (name, seed), part in by_cell.items()
            if name == first
        }
        methods = self._nulls(Nulls(self.brief.table, places, plan), answered, watcher, dispatcher)
        for name in dict.fromkeys(name for name, _ in by_cell):
            results = tuple(one.result for (other, _), part in by_cell.items() if other == name for one in part)
            group: Group = "reference" if name == REFERENCE else "tuned"
            methods.append(MethodResult(method=name, group=group, results=results))
        return methods

    def _nulls(
        self, nulls: Nulls, answered: Mapping[int, Sequence[Answered]], watcher: Watcher, dispatcher: Dispatcher
    ) -> list[MethodResult]:
        pairs = dispatcher.run(
            search for seed, part in answered.items() for search in nulls.searches(seed, part, watcher.step)
        )
        columns = zip(NULLS, zip(*pairs, strict=True), strict=True)
        return [MethodResult(method=name, group="null", results=tuple(results)) for name, results in columns]

    def _final(
        self, directory: RunDirectory, scoring: Scoring, cell: _Searched, one: Tuned, watcher: Watcher
    ) -> Search[Final]:
        """The result of a region's search with its prompt saved."""
        final = yield from scoring.final(cell.space, one, cell.seed, cell.optimizer)
        folder = directory.adapter_path(cell.optimizer, cell.seed, one.region.code)
        write_adapter(folder, final.prompt, self.facts.base)
        sync_files(folder)
        where = folder.relative_to(directory.path).as_posix()
        watcher.step()
        return replace(final, result=final.result.model_copy(update={"adapter": where}))


def _parts(rows: Sequence[Final], lengths: Sequence[int]) -> list[Sequence[Final]]:
    """Rows in parts of some lengths."""
    ends = list(accumulate(lengths))
    return [rows[end - length : end] for end, length in zip(ends, lengths, strict=True)]
