"""A contest: every entrant tunes every region with every seed; what is finished is kept, and an interrupt continues."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.errors import HarnessError, RunError
from harness.models.language_model import LanguageModel, gpu_name, threads
from harness.models.planning import choose_plan
from harness.models.scorer import Plan
from harness.records.contest import Cell, Contest, ContestSpec, LogLine
from harness.records.contest_directory import ContestDirectory
from harness.records.journal import Journal
from harness.records.provenance import gather
from harness.tasks.hofstede_vsm.prompts import Split
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.baselines import MODEL_FREE, SCORED, Baselines, region_result
from harness.tuning.candidates import Candidates
from harness.tuning.cells import Tuned
from harness.tuning.identity import identity
from harness.tuning.loop import Progress, Tuning
from harness.tuning.objective import Respondent
from harness.tuning.session import Session, Watcher
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


@dataclass(frozen=True)
class ContestRun:
    """What a contest works with.

    Attributes:
        spec: who takes part.
        entrants: the run specification of each, by label.
    """

    spec: ContestSpec
    entrants: Mapping[str, RunSpec]
    lm: LanguageModel
    survey: Survey
    table: Regions

    @cached_property
    def searches(self) -> tuple[Search, ...]:
        """All searches, instance by instance: in an unfinished contest every entrant was there about equally often."""
        return tuple(self._searches())

    def check(self) -> None:
        """Refuses, before anything is written, what could not run.

        Raises:
            HarnessError: an entrant cannot search its space, or the model cannot answer; the label stands before it.
        """
        for label, spec in self.entrants.items():
            try:
                Session(spec, self.lm, self.survey, self.table).check()
            except HarnessError as error:
                raise type(error)(f"entrant '{label}': {error}") from error

    def run(self, directory: ContestDirectory, watcher: Watcher) -> Contest:
        """Runs what is not finished yet and writes the contest.

        Raises:
            RunError: the folder belongs to other weights, or every candidate of a search failed.
            ModelError: the model's answers are not finite.
        """
        lines = directory.read_log()
        begin = LogLine(model=identity(self.lm), provenance=gather(threads(), gpu_name(self.lm)))
        _check_model(lines, begin, directory)
        cells = {cell.key: cell for line in lines for cell in line.cells}
        left = [search for search in self.searches if not all(key in cells for key in search.keys)]
        with directory.open_log() as log:
            desk = _Desk(self, log, {line.tokens: Plan.model_validate(line.plan) for line in lines if line.plan})
            _append(log, begin)
            watcher.phase("tuning", sum(search.evaluations for search in left))
            done = 0
            for search in left:
                found = desk.run(search, _Shifted(watcher, search, done, len(cells)))
                _append(log, LogLine(cells=found))
                cells |= {cell.key: cell for cell in found}
                done += search.evaluations
        contest = self._contest([*lines, begin], cells)
        directory.write(contest)
        return contest

    def _searches(self) -> Iterator[Search]:
        everyone = tuple(self.table[code] for code in self.spec.regions)
        for seed in self.spec.seeds:
            for regions in (everyone, *((region,) for region in everyone)):
                for label, spec in self.entrants.items():
                    if spec.share == (regions is everyone):
                        alone = {"regions": tuple(one.code for one in regions), "first_seed": seed, "seeds": 1}
                        yield Search(label, spec.model_copy(update=alone), regions)

    def _contest(self, lines: Sequence[LogLine], cells: Mapping[tuple[str, str, int], Cell]) -> Contest:
        baselines = Baselines(None, self.survey, self.table)
        regions = [self.table[code] for code in self.spec.regions]
        sessions = {line.provenance.model_dump_json(): line.provenance for line in lines if line.provenance}
        return Contest(
            spec=self.spec,
            spec_digest=self.spec.digest,
            model=identity(self.lm),
            provenance=tuple(sessions.values()),
            references={name: {row.region: row.mae for row in baselines.score(name, regions)} for name in MODEL_FREE},
            missing={region.code: region.missing for region in regions if region.missing},
            cells=tuple(
                cells[label, region, seed]
                for label in self.spec.labels
                for region in self.spec.regions
                for seed in self.spec.seeds
            ),
        )


class _Desk:
    """Runs searches; what asks the model is built once for each number of virtual tokens."""

    def __init__(self, contest: ContestRun, log: Journal, plans: dict[int | None, Plan]) -> None:
        self._contest = contest
        self._log = log
        self._plans = plans
        self._respondents: dict[int, dict[Split, Respondent]] = {}

    def run(self, search: Search, observer: _Shifted) -> tuple[Cell, ...]:
        """One cell per region of the search."""
        contest, spec = self._contest, search.spec
        respondents = self._asking(spec)
        began = time.perf_counter()
        grounds = Candidates(spec, contest.lm, contest.table).grounds(respondents["tuning"], search.regions)
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
        contest, tokens = self._contest, spec.tokens
        if tokens not in self._respondents:
            if tokens not in self._plans:
                self._plans[tokens] = choose_plan(
                    contest.lm,
                    lambda plan: Respondent(contest.lm, contest.survey, "tuning", tokens, plan=plan).scorer,
                    spec.scorer,
                )
                _append(self._log, LogLine(tokens=tokens, plan=self._plans[tokens].model_dump(mode="json")))
            self._respondents[tokens] = {
                split: Respondent(contest.lm, contest.survey, split, tokens, plan=self._plans[tokens])
                for split in SCORED
            }
        return self._respondents[tokens]


@dataclass(frozen=True)
class _Shifted:
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


def _append(log: Journal, line: LogLine) -> None:
    log.append(line.model_dump(mode="json", exclude_defaults=True))


def _check_model(lines: Sequence[LogLine], begin: LogLine, directory: ContestDirectory) -> None:
    known = next((line.model for line in lines if line.model), None)
    if known is not None and begin.model is not None and known.digest != begin.model.digest:
        raise RunError(
            f"--out {directory.path}: its cells are of model '{known.name}' with weights {known.digest[:15]}, here "
            f"they are {begin.model.digest[:15]}; give a new folder"
        )
