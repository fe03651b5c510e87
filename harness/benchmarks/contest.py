"""A contest: every entrant tunes every region with every seed; what is finished is kept, and an interrupt continues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.benchmarks.searches import Desk, Search, Shifted, append
from harness.errors import HarnessError, RunError
from harness.models.language_model import LanguageModel, gpu_name, threads
from harness.models.scorer import Plan
from harness.records.contest import Cell, Contest, ContestSpec, LogLine
from harness.records.contest_directory import ContestDirectory
from harness.records.header import changed_versions
from harness.records.provenance import gather
from harness.tasks.hofstede_vsm.regions import Regions
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.baselines import MODEL_FREE, Baselines
from harness.tuning.brief import Brief
from harness.tuning.exam import Questions
from harness.tuning.identity import identity
from harness.tuning.preparing import check
from harness.tuning.session import Watcher
from harness.tuning.spec import RunSpec


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
                check(Brief(spec, self.survey, self.table), self.lm)
            except HarnessError as error:
                raise type(error)(f"entrant '{label}': {error}") from error

    def run(self, directory: ContestDirectory, watcher: Watcher) -> Contest:
        """Runs what is not finished yet and writes the contest.

        Raises:
            RunError: another process is at work in the folder, its cells are of other weights, or every candidate of
                a search failed.
            ModelError: the model's answers are not finite.
        """
        with directory.claimed():
            return self._run(directory, watcher)

    def _run(self, directory: ContestDirectory, watcher: Watcher) -> Contest:
        lines = directory.read_log()
        begin = LogLine(model=identity(self.lm), provenance=gather(threads(), gpu_name(self.lm)))
        _check_model(lines, begin, directory)
        cells = {cell.key: cell for line in lines for cell in line.cells}
        left = [search for search in self.searches if not all(key in cells for key in search.keys)]
        with directory.open_log() as log:
            desk = Desk(
                self.lm,
                self.survey,
                self.table,
                log,
                {line.tokens: Plan.model_validate(line.plan) for line in lines if line.plan},
            )
            append(log, begin)
            watcher.phase("tuning", sum(search.evaluations for search in left))
            done = 0
            for search in left:
                found = desk.run(search, Shifted(watcher, search, done, len(cells)))
                append(log, LogLine(cells=found))
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
        baselines = Baselines(Questions(self.survey), self.table)
        regions = [self.table[code] for code in self.spec.regions]
        sessions = {line.provenance.model_dump_json(): line.provenance for line in lines if line.provenance}
        return Contest(
            spec=self.spec,
            spec_digest=self.spec.digest,
            model=identity(self.lm),
            provenance=tuple(sessions.values()),
            references={
                name: {row.region: row.mae for row in baselines.model_free(name, regions)} for name in MODEL_FREE
            },
            missing={region.code: region.missing for region in regions if region.missing},
            cells=tuple(
                cells[label, region, seed]
                for label in self.spec.labels
                for region in self.spec.regions
                for seed in self.spec.seeds
            ),
        )


def _check_model(lines: Sequence[LogLine], begin: LogLine, directory: ContestDirectory) -> None:
    known = next((line.model for line in lines if line.model), None)
    if known is not None and begin.model is not None and known.digest != begin.model.digest:
        raise RunError(
            f"--out {directory.path}: its cells are of model '{known.name}' with weights {known.digest[:15]}, here "
            f"they are {begin.model.digest[:15]}; give a new folder"
        )
    before = next((line.provenance for line in lines if line.provenance), None)
    now = begin.provenance.versions if begin.provenance else {}
    if before is not None and (found := changed_versions(before.versions, now)):
        raise RunError(
            f"--out {directory.path}: was begun with something else: {'; '.join(found)}; go on with what it was begun "
            "with, or give a new folder"
        )
