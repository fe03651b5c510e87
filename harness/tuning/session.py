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
from harness.tasks.hofstede_vsm.prompts import Split
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.baselines import METHODS, SCORED, Baselines
from harness.tuning.candidates import Candidates
from harness.tuning.cells import Ground, Tuned
from harness.tuning.identity import identity, scorer_facts
from harness.tuning.loop import Observer, Progress, Tuning
from harness.tuning.objective import Respondent
from harness.tuning.reference import embedding_space, search_reference
from harness.tuning.scoring import Scoring
from harness.tuning.spec import REFERENCE, OptimizerSpec, RunSpec


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
class Session:
    """What a run works with."""

    spec: RunSpec
    lm: LanguageModel
    survey: Survey
    table: Regions

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the spec."""
        return tuple(self.table[code] for code in self.spec.regions)

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
        if self.spec.space.kind == "personas":
            self._check_personas()
        if REFERENCE in [one.name for one in self.spec.optimizers] and (
            self.spec.aggregate != "mean" or self.spec.penalty
        ):
            raise UsageError(
                f"'{REFERENCE}' with --aggregate {self.spec.aggregate} --penalty {self.spec.penalty:g}: it descends on "
                "the mean alone; leave these flags out"
            )
        group = 1 if not self.spec.share else len(self.spec.regions)
        if self.spec.pool >= self.spec.budget * group:
            raise UsageError(
                f"--pool {self.spec.pool}: a budget of {self.spec.budget * group} evaluations leaves nothing to search "
                "with; give fewer, or a larger --budget"
            )
        region = self.regions[0]
        shown = demonstrations(self.survey, region, self.spec.shots)
        for split in (*SCORED, "validation"):
            Respondent(self.lm, self.survey, split, self.spec.tokens)
        for split in SCORED:
            Respondent(self.lm, self.survey, split, persona=region.name, demonstrations=shown)

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
            plan = choose_plan(self.lm, lambda plan: self._respondent("tuning", plan).scorer, self.spec.scorer)
        respondent = self._respondent("tuning", plan)
        grounds = Candidates(self.spec, self.lm, self.table).grounds(respondent, self.regions)
        with directory.open_journal() as journal:
            journal.append(
                {"spec": self.spec.plain(), "spec_digest": self.spec.digest, "plan": plan.model_dump(mode="json")}
            )
            watcher.phase("tuning", self._evaluations_planned())
            tuning = Tuning(self.spec, grounds, journal, watcher.tuning)
            with clock.measure("tuning"):
                tuned = {
                    optimizer.name: [
                        (seed, self._search(tuning, optimizer, seed, grounds[seed], watcher))
                        for seed in self.spec.repetitions
                    ]
                    for optimizer in self.spec.optimizers
                }
        with clock.measure("heldout"), writing(directory.path):
            methods += self._score_tuned(directory, grounds, tuned, plan, watcher)
        clock.seconds["evaluations_per_second"] = tuning.evaluations / clock.seconds["tuning"]
        record = Record(
            run_id=directory.run_id,
            spec=self.spec.plain(),
            spec_digest=self.spec.digest,
            model=identity(self.lm),
            scorer=scorer_facts(self.lm, respondent.scorer),
            provenance=gather(threads(), gpu_name(self.lm)),
            methods=tuple(methods),
            started=started,
            timings=clock.seconds,
        )
        directory.write_record(record)
        return record

    def _baselines(self, watcher: Watcher) -> list[MethodResult]:
        baselines = Baselines(self.lm, self.survey, self.table, self.spec.shots)
        watcher.phase("baselines", len(METHODS) * len(self.regions))
        return [
            MethodResult(
                method=name, group=GROUPS[name], results=tuple(baselines.score(name, self.regions, watcher.step))
            )
            for name in METHODS
        ]

    def _respondent(self, split: Split, plan: Plan) -> Respondent:
        return Respondent(self.lm, self.survey, split, self.spec.tokens, plan=plan)

    def _evaluations_planned(self) -> int:
        return self.spec.budget * len(self.regions) * len(self.spec.optimizers) * self.spec.seeds

    def _search(
        self, tuning: Tuning, optimizer: OptimizerSpec, seed: int, ground: Ground, watcher: Watcher
    ) -> list[Tuned]:
        if optimizer.name != REFERENCE:
            return tuning.run(optimizer, seed, self.regions)
        before, done = tuning.evaluations, tuning.regions_done

        def observe(progress: Progress, /) -> None:
            evaluations, regions = before + progress.evaluations, done + progress.regions_done
            watcher.tuning(replace(progress, evaluations=evaluations, regions_done=regions))

        found = search_reference(self.spec, optimizer, seed, self.lm, self.survey, ground, self.regions, observe)
        tuning.count(round(sum(one.evaluations for one in found)), len(found))
        return found

    def _score_tuned(
        self,
        directory: RunDirectory,
        grounds: Mapping[int, Ground],
        tuned: dict[str, list[tuple[int, list[Tuned]]]],
        plan: Plan,
        watcher: Watcher,
    ) -> list[MethodResult]:
        scoring = Scoring(self.lm, self.survey, self.spec.tokens, plan)
        watcher.phase("held-out", sum(len(rows) for runs in tuned.values() for _, rows in runs))
        methods = []
        for name, runs in tuned.items():
            results = []
            for seed, rows in runs:
                space = grounds[seed].space if name != REFERENCE else embedding_space(self.lm, self.spec.tokens)
                for one, prompt, result in scoring.score(space, rows):
                    folder = directory.adapter_path(name, seed, one.region.code)
                    save_adapter(folder, prompt, self.lm)
                    where = folder.relative_to(directory.path).as_posix()
                    results.append(result.model_copy(update={"seed": seed, "adapter": where}))
                    watcher.step()
            group: Group = "reference" if name == REFERENCE else "tuned"
            methods.append(MethodResult(method=name, group=group, results=tuple(results)))
        return methods
