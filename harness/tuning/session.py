"""A whole run: baselines, tuning, held-out scores, adapters and the record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Protocol

from harness.errors import UsageError
from harness.models.adapter import save_adapter
from harness.models.language_model import LanguageModel, gpu_name, threads
from harness.models.planning import choose_plan
from harness.models.scorer import Plan
from harness.optimizers import load
from harness.records.files import writing
from harness.records.provenance import gather
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
from harness.tuning.loop import Tuning
from harness.tuning.nulls import Answered, Nulls
from harness.tuning.objective import Respondent
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

    @property
    def tuning(self) -> Observer:
        """Is told of every generation."""


@dataclass
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


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
        whole = self.spec.tokens * self.lm.width
        dimensions = self.spec.space.dimensions or whole
        for optimizer in self.spec.optimizers:
            if dimensions < (fewest := load(optimizer.name).fewest_dimensions):
                raise UsageError(
                    f"optimizer '{optimizer.name}' searches at least {fewest} dimensions, the space has {dimensions}: "
                    f"give a larger one, such as --space subspace:{fewest}"
                )
        if dimensions > whole:
            raise UsageError(
                f"a subspace of {dimensions} dimensions: the full space has {whole}; give fewer, or --space full"
            )
        if REFERENCE in [one.name for one in self.spec.optimizers]:
            self._check_reference()
        group = 1 if not self.spec.share else len(self.spec.regions)
        if self.spec.pool >= self.spec.budget * group:
            raise UsageError(
                f"--pool {self.spec.pool}: a budget of {self.spec.budget * group} evaluations leaves nothing to search "
                "with; give fewer, or a larger --budget"
            )
        region = self.regions[0]
        shown = demonstrations(self.survey, region, self.spec.shots)
        self.questions.respondent(self.lm, "validation", self.spec.tokens)
        Examiner(self.lm, self.questions, self.spec.tokens)
        Examiner(self.lm, self.questions, persona=region.name, demonstrations=shown)
        # Its decomposition is as large as the soft prompt is long, which fits the context by now.
        if self.spec.space.kind == "personas":
            self._check_personas()

    def _check_reference(self) -> None:
        usual = (("aggregate", "mean"), ("penalty", 0.0), ("response", "expected"))
        for name, value in usual:
            if (given := getattr(self.spec, name)) != value:
                raise UsageError(
                    f"'{REFERENCE}' with --{name} {given}: it descends on the mean of expected answers alone; leave "
                    "the flag out"
                )

    def _check_personas(self) -> None:
        if self.spec.start != "persona":
            raise UsageError(
                f"--start {self.spec.start} with --space personas: vocabulary lies outside; give --space full or "
                "--start persona"
            )
        wanted, space = self.spec.space.dimensions, Candidates(self.spec, self.lm, self.table).space(0)
        if (there := len(space.lower)) < wanted:
            raise UsageError(
                f"--space personas:{wanted}: the persona sentences span {there} dimensions; give fewer, or --space full"
            )

    def run(self, directory: RunDirectory, watcher: Watcher) -> Record:
        """Runs everything and writes the record.

        Raises:
            ModelError, RunError: see the parts.
        """
        started, clock = datetime.now(timezone.utc).isoformat(timespec="seconds"), _Clock()
        with clock.measure("baselines"):
            methods = self._baselines(watcher)
        with clock.measure("planning"):
            plan = choose_plan(self.lm, lambda plan: self._respondent(plan).scorer, self.spec.scorer)
        respondent = self._respondent(plan)
        grounds = Candidates(self.spec, self.lm, self.table).grounds(respondent, self.regions)
        with directory.open_journal() as journal:
            journal.append(
                {"spec": self.spec.plain(), "spec_digest": self.spec.digest, "plan": plan.model_dump(mode="json")}
            )
            watcher.phase("tuning", self._evaluations_planned())
            tuning = Tuning(self.spec, grounds, journal, watcher.tuning)
            with clock.measure("tuning"):
                found = self._search(tuning)
        with clock.measure("heldout"), writing(directory.path):
            methods += self._score_tuned(directory, grounds, found, plan, watcher)
        clock.seconds["evaluations_per_second"] = tuning.chronicle.evaluations / clock.seconds["tuning"]
        record = Record(
            run_id=directory.run_id,
            spec=self.spec.plain(),
            spec_digest=self.spec.digest,
            model=identity(self.lm),
            scorer=scorer_facts(self.lm, respondent.scorer),
            targets=target_facts(self.table, self.spec.regions),
            splits=split_facts(self.survey, self.spec.wordings, self.instrument),
            provenance=gather(threads(), gpu_name(self.lm)),
            methods=tuple(methods),
            started=started,
            timings=clock.seconds,
        )
        directory.write_record(record)
        return record

    def _baselines(self, watcher: Watcher) -> list[MethodResult]:
        baselines = Baselines(self.lm, self.questions, self.table, self.spec.shots)
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
    ) -> list[MethodResult]:
        """The null rows of the first optimizer's prompts, then all optimizers."""
        scoring = Scoring(self.lm, self.questions, self.spec.tokens, plan)
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
                methods += Nulls(self.table, scoring.examiner, grounds).score(answered, watcher.step)
            results = tuple(one.result for rows in finals.values() for one in rows)
            group: Group = "reference" if name == REFERENCE else "tuned"
            methods.append(MethodResult(method=name, group=group, results=results))
        return methods

    def _finals(
        self, directory: RunDirectory, name: str, found: _Found, scoring: Scoring, watcher: Watcher
    ) -> Iterator[Final]:
        """The results of a search with its prompts saved."""
        for one in scoring.score(found.space, found.rows, found.seed):
            folder = directory.adapter_path(name, found.seed, one.tuned.region.code)
            save_adapter(folder, one.prompt, self.lm)
            where = folder.relative_to(directory.path).as_posix()
            yield replace(one, result=one.result.model_copy(update={"adapter": where}))
            watcher.step()
