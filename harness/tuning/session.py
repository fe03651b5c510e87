"""A whole run: baselines, tuning, held-out scores, adapters and the record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from harness.models.adapter import save_adapter
from harness.models.calibration import calibrate
from harness.models.language_model import LanguageModel
from harness.models.planning import choose_plan
from harness.models.scorer import Plan
from harness.records.files import sync_files, writing
from harness.records.run_directory import RunDirectory
from harness.records.schema import GROUPS, Group, MethodResult, Record
from harness.tasks.hofstede_vsm.demonstrations import demonstrations
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.baselines import METHODS, Baselines
from harness.tuning.candidates import Candidates
from harness.tuning.cells import Ground, Tuned
from harness.tuning.chronicle import Observer
from harness.tuning.exam import Examiner, Questions
from harness.tuning.facts import split_facts, target_facts
from harness.tuning.identity import identity, scorer_facts
from harness.tuning.ledger import Asked, Ledger
from harness.tuning.loop import Tuning
from harness.tuning.nulls import Answered, Nulls
from harness.tuning.objective import Respondent
from harness.tuning.opening import Opened, open_run
from harness.tuning.pace import Pace, Paced
from harness.tuning.requirements import check_dimensions, check_personas, check_pool, check_reference
from harness.tuning.scoring import Final, Scoring
from harness.tuning.search import search
from harness.tuning.space import SearchSpace
from harness.tuning.spec import REFERENCE, RunSpec


class Watcher(Protocol):
    """Whoever watches a whole run."""

    def phase(self, name: str, steps: int) -> None:
        """A phase begins that takes so many steps."""

    def step(self) -> None:
        """One step of a phase other than tuning is done."""

    def remark(self, line: str) -> None:
        """Something about the run that whoever watches should know."""

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
class _Found:
    """What an optimizer found with one seed: vectors of a space, one result per region."""

    seed: int
    space: SearchSpace
    rows: list[Tuned]


@dataclass(frozen=True)
class Session:
    """What a run works with; `instrument` is a questionnaire that is scored and not tuned on."""

    spec: RunSpec
    lm: LanguageModel
    survey: Survey
    table: Regions
    instrument: Survey | None = None

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the spec, with the scores that are aimed at."""
        return tuple(self.table[code].aiming(self.spec.dimensions) for code in self.spec.regions)

    @property
    def questions(self) -> Questions:
        """What is asked, and how."""
        return Questions(self.survey, self.instrument, self.spec.asking, self.spec.first_seed)

    def check(self) -> None:
        """Refuses, before anything is written, what could not run.

        Raises:
            UsageError: an optimizer cannot search this space.
            ModelError: the prompts do not fit the context, or the options are not single tokens.
        """
        check_dimensions(self.spec, self.lm.width)
        check_reference(self.spec)
        check_pool(self.spec)
        region = self.regions[0]
        shown = demonstrations(self.survey, region, self.spec.shots)
        self.questions.respondent(self.lm, "validation", self.spec.tokens)
        Examiner(self.lm, self.questions, self.spec.tokens)
        Examiner(self.lm, self.questions, persona=region.name, demonstrations=shown)
        # Its decomposition is as large as the soft prompt is long, which fits the context by now.
        check_personas(self.spec, self.lm, self.table)

    def run(self, directory: RunDirectory, watcher: Watcher) -> Record:
        """Runs what the journal does not hold yet, and writes the record.

        Raises:
            ModelError, RunError: see the parts.
        """
        with directory.open_journal() as journal:
            opened = open_run(journal, self.spec, self.lm, watcher.remark)
            record = self._run(directory, watcher, opened)
        directory.write_record(record)
        return record

    def _run(self, directory: RunDirectory, watcher: Watcher, opened: Opened) -> Record:
        ledger, clock = opened.ledger, _Clock(opened.ledger.replayed)
        with clock.measure("baselines"):
            methods = self._baselines(watcher, ledger)
        with clock.measure("planning"):
            plan = self._plan(ledger)
        respondent = self._respondent(plan)
        pace = Pace(lambda: calibrate(self.lm, plan.workers))
        grounds = Candidates(self.spec, self.lm, self.table).grounds(Paced(respondent, pace), self.regions, ledger)
        watcher.phase("tuning", self._evaluations_planned())
        tuning = Tuning(self.spec, grounds, lambda progress: watcher.tuning(replace(progress, kept=ledger.evaluations)))
        with clock.measure("tuning"):
            found = self._search(tuning)
        with clock.measure("heldout"), writing(directory.path):
            methods += self._score_tuned(directory, grounds, found, plan, watcher, ledger)
        ledger.check_spent()
        clock.seconds["evaluations_per_second"] = tuning.chronicle.evaluations / clock.seconds["tuning"]
        return Record(
            run_id=directory.run_id,
            spec=self.spec.plain(),
            spec_digest=self.spec.digest,
            model=identity(self.lm),
            scorer=scorer_facts(self.lm, respondent.scorer),
            targets=target_facts(self.table, self.spec.regions),
            splits=split_facts(self.survey, self.spec.wordings, self.instrument),
            provenance=opened.provenance,
            methods=tuple(methods),
            started=opened.started,
            timings=clock.seconds | pace.facts(),
        )

    def _plan(self, ledger: Ledger) -> Plan:
        """The scorer's layout: measured once, since another one changes last digits."""
        return ledger.answer(
            Asked({"phase": "planning"}, np.zeros((0, 0))),
            lambda: choose_plan(self.lm, lambda plan: self._respondent(plan).scorer, self.spec.scorer).model_dump(
                mode="json"
            ),
            Plan.model_validate,
        )

    def _baselines(self, watcher: Watcher, ledger: Ledger) -> list[MethodResult]:
        baselines = Baselines(self.lm, self.questions, self.table, self.spec.shots, ledger)
        watcher.phase("baselines", len(METHODS) * len(self.regions))
        return [
            MethodResult(
                method=name, group=GROUPS[name], results=tuple(baselines.score(name, self.regions, watcher.step))
            )
            for name in METHODS
        ]

    def _respondent(self, plan: Plan) -> Respondent:
        return self.questions.respondent(self.lm, "tuning", self.spec.tokens, plan)

    def _evaluations_planned(self) -> int:
        return self.spec.budget * len(self.regions) * len(self.spec.optimizers) * self.spec.seeds

    def _search(self, tuning: Tuning) -> dict[str, list[_Found]]:
        """What each optimizer found with each seed."""
        return {
            optimizer.name: [
                _Found(seed, *search(tuning, optimizer, seed, self.lm, self.survey, self.regions))
                for seed in self.spec.repetitions
            ]
            for optimizer in self.spec.optimizers
        }

    def _score_tuned(
        self,
        directory: RunDirectory,
        grounds: Mapping[int, Ground],
        found: Mapping[str, list[_Found]],
        plan: Plan,
        watcher: Watcher,
        ledger: Ledger,
    ) -> list[MethodResult]:
        """The null rows of the first optimizer's prompts, then all optimizers."""
        scoring = Scoring(self.lm, self.questions, self.spec.tokens, plan, ledger)
        first = next(iter(found))
        rows = {name: sum(len(one.rows) for one in runs) for name, runs in found.items()}
        watcher.phase("held-out", sum(rows.values()) + rows[first])
        methods: list[MethodResult] = []
        for name, runs in found.items():
            finals = {one.seed: list(self._finals(directory, name, one, scoring, watcher)) for one in runs}
            if name == first:
                answered = {
                    seed: [Answered(one.tuned.region, one.prompt, one.exam, one.tuned.evaluations) for one in rows]
                    for seed, rows in finals.items()
                }
                methods += Nulls(self.table, scoring.examiner, grounds, ledger).score(answered, watcher.step)
            results = tuple(one.result for rows in finals.values() for one in rows)
            group: Group = "reference" if name == REFERENCE else "tuned"
            methods.append(MethodResult(method=name, group=group, results=results))
        return methods

    def _finals(
        self, directory: RunDirectory, name: str, found: _Found, scoring: Scoring, watcher: Watcher
    ) -> Iterator[Final]:
        """The results of a search with its prompts saved."""
        for one in scoring.score(found.space, found.rows, found.seed, name):
            folder = directory.adapter_path(name, found.seed, one.tuned.region.code)
            save_adapter(folder, one.prompt, self.lm)
            sync_files(folder)
            where = folder.relative_to(directory.path).as_posix()
            yield replace(one, result=one.result.model_copy(update={"adapter": where}))
            watcher.step()
