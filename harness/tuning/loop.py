"""The tuning loop: every region's optimizer asks, the respondent answers, every region may learn from it.

An evaluation yields item means, and those give the loss of every region (design, decision 3). Regions that share
draw one first sample, scored once for all, and keep the best candidate seen anywhere in the run as their result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.optimizers import Optimizer, Problem, create
from harness.records.journal import Journal
from harness.tasks.hofstede_vsm.indices import Array
from harness.tasks.hofstede_vsm.regions import Region, scores
from harness.tuning.cells import Cell, Ground, Group, Tuned, result
from harness.tuning.objective import Answers
from harness.tuning.space import Vectors
from harness.tuning.spec import OptimizerSpec, RunSpec, generator

INITIAL_CANDIDATES = 64
IDLE_GENERATIONS = 20
FIRST_PART = 32


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a generation of one region.

    Attributes:
        optimizer: name of the optimizer at work.
        seed: which repetition.
        region: code of the region at work, "" during the shared first sample.
        generation: generations of that region so far.
        evaluations: candidate evaluations of the whole run so far.
        best: mean over the group's regions of the best tuned error, index points.
        regions_done: regions, over all optimizers and seeds, that have spent their budget.
    """

    optimizer: str
    seed: int
    region: str
    generation: int
    evaluations: int
    best: float
    regions_done: int


class Observer(Protocol):
    """Whoever watches a run."""

    def __call__(self, progress: Progress, /) -> None:
        """Called after each part of the first sample and after each generation."""


class Tuning:
    """Runs every optimizer and seed of a spec over all regions, sharing as the spec says.

    Args:
        spec: the run.
        grounds: where each seed searches; optimizers of a seed begin on the same ground.
        journal: gets one line per generation and region.
        observer: is told of progress.
    """

    def __init__(
        self,
        spec: RunSpec,
        grounds: Mapping[int, Ground],
        journal: Journal,
        observer: Observer,
    ) -> None:
        self._spec = spec
        self._grounds = grounds
        self._journal = journal
        self._observer = observer
        self._evaluations = 0
        self._regions_done = 0

    @property
    def evaluations(self) -> int:
        """Candidate evaluations so far, the first sample counted once per optimizer and seed."""
        return self._evaluations

    def run(self, optimizer: OptimizerSpec, seed: int, regions: Sequence[Region]) -> list[Tuned]:
        """Tunes all regions with one optimizer and seed.

        Raises:
            RunError: every candidate of a region failed.
        """
        return [
            tuned
            for label, members in groups(self._spec, regions)
            for tuned in self._run_group(optimizer, seed, label, members)
        ]

    def _run_group(
        self, optimizer: OptimizerSpec, seed: int, label: str, regions: tuple[Region, ...]
    ) -> Iterator[Tuned]:
        ground, targets = self._grounds[seed], scores(regions)
        sample = ground.samples[label]
        # The first sample is paid for once, out of the whole group's budget.
        left, share = self._spec.budget * len(regions) - len(sample), len(sample) / len(regions)
        answers = self._first_answers(optimizer, seed, ground, sample, targets)
        self._write(optimizer, seed, label, 0, sample, answers)
        cells = []
        for place, (region, losses) in enumerate(zip(regions, answers.losses(targets).T, strict=True)):
            allowed = left // len(regions) + (place < left % len(regions))
            cell = Cell(region, self._optimizer(optimizer, seed, region, ground, sample, losses, allowed), allowed)
            cell.incumbent.offer(sample, losses, share)
            cell.done = allowed < 1
            cells.append(cell)
        group = Group(optimizer, seed, ground, tuple(cells), targets, share)
        self._regions_done += sum(cell.done for cell in cells)
        self._observe(optimizer.name, seed, "", 0, np.array([cell.incumbent.loss for cell in cells]))
        while active := [cell for cell in cells if not cell.done]:
            for cell in active:
                self._step(group, cell)
        return (result(cell, share) for cell in cells)

    def _first_answers(
        self, optimizer: OptimizerSpec, seed: int, ground: Ground, sample: Vectors, targets: Array
    ) -> Answers:
        """Answers the first sample in parts, so that whoever watches sees it move."""
        best = np.full(len(targets), np.inf)
        for part in np.split(sample, range(FIRST_PART, len(sample), FIRST_PART)):
            losses = ground.evaluator.remember(part).losses(targets)
            best = np.fmin(best, np.where(np.isfinite(losses), losses, np.inf).min(axis=0))
            self._evaluations += len(part)
            self._observe(optimizer.name, seed, "", 0, best)
        return ground.evaluator.remember(sample)

    def _optimizer(
        self,
        optimizer: OptimizerSpec,
        seed: int,
        region: Region,
        ground: Ground,
        sample: Vectors,
        losses: Array,
        allowed: int,
    ) -> Optimizer:
        order = np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable")
        best_first = sample[order[:INITIAL_CANDIDATES]]
        problem = Problem(ground.space.lower, ground.space.upper, initial=best_first, budget=max(1, allowed))
        rng = generator(seed, "optimizer", optimizer.name, region.code)
        return create(optimizer.name, problem, optimizer.parameters, rng)

    def _step(self, group: Group, cell: Cell) -> None:
        """One generation of one region; the last one is cut at the budget and then not told."""
        asked = cell.optimizer.ask()
        known = group.ground.evaluator.known(asked)
        cut = _cut(known, cell.allowed - cell.spent)
        answers = group.ground.evaluator.answer(asked[:cut])
        fresh = int((~known[:cut]).sum())
        cell.spent += fresh
        cell.idle = 0 if fresh else cell.idle + 1
        cell.failed += int((~np.isfinite(answers.item_means).all(axis=1)).sum())
        self._evaluations += fresh
        losses = answers.losses(group.targets)
        for column, other in zip(losses.T, group.cells, strict=True):
            # With sharing, what one region evaluated may serve another as it is.
            other.incumbent.offer(asked[:cut], column, other.spent + group.share)
        self._write(group.optimizer, group.seed, cell.region.code, cell.optimizer.generation, asked[:cut], answers)
        if cut == len(asked):
            cell.optimizer.tell(asked, losses[:, group.cells.index(cell)])
        cell.done = cell.spent >= cell.allowed or cut < len(asked) or cell.idle > IDLE_GENERATIONS
        self._regions_done += cell.done
        best = np.array([other.incumbent.loss for other in group.cells])
        self._observe(group.optimizer.name, group.seed, cell.region.code, cell.optimizer.generation, best)

    def _write(
        self, optimizer: OptimizerSpec, seed: int, label: str, generation: int, asked: Vectors, answers: Answers
    ) -> None:
        means = [row.tolist() if np.isfinite(row).all() else None for row in answers.item_means]
        self._journal.append(
            {
                "optimizer": optimizer.name,
                "seed": seed,
                "region": label,
                "generation": generation,
                "asked": hashlib.sha256(np.ascontiguousarray(asked).tobytes()).hexdigest(),
                "item_means": means,
            }
        )

    def _observe(self, optimizer: str, seed: int, region: str, generation: int, best: Array) -> None:
        mean = float(best.mean())
        self._observer(Progress(optimizer, seed, region, generation, self._evaluations, mean, self._regions_done))


def _cut(known: NDArray[np.bool_], left: int) -> int:
    """How many of the asked candidates fit into what is left of the budget; known ones are free."""
    costs = np.cumsum(~known)
    return int((costs <= left).sum())


def groups(spec: RunSpec, regions: Sequence[Region]) -> Iterator[tuple[str, tuple[Region, ...]]]:
    """The groups of regions that share a first sample, each with its label."""
    if spec.share:
        yield "", tuple(regions)
    else:
        for region in regions:
            yield region.code, (region,)
