"""The tuning loop: every region's optimizer asks, the respondent answers, every region may learn from it.

An evaluation yields item means, and those give the loss of every region (design, decision 3). Regions that share
draw one first sample, scored once for all, are shown each other's candidates before they ask, keep the best candidate
seen anywhere in the run as their result, and leave what they do not need of the budget to the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.optimizers import Optimizer, Problem, create
from harness.tasks.hofstede_vsm.indices import Array
from harness.tasks.hofstede_vsm.regions import Region, scores
from harness.tuning.cells import Cell, Ground, Incumbent, Tuned
from harness.tuning.chronicle import Chronicle, Observer
from harness.tuning.evaluator import TOGETHER, Evaluator
from harness.tuning.groups import Batch, Group, groups, result
from harness.tuning.objective import Answers, goals
from harness.tuning.query import Search
from harness.tuning.space import Vectors
from harness.tuning.spec import OptimizerSpec, RunSpec, generator
from harness.tuning.turn import Part, Turn

INITIAL_CANDIDATES = 64
EACH = 4
"""Candidates of a first sample that are answered in one go for each region of a block."""
IDLE_GENERATIONS = 20
SPARE = 8
"""Candidates kept behind the finalists where one sample of respondents may flatter."""


class Tuning:
    """Runs every optimizer and seed of a spec over all regions, sharing as the spec says.

    Args:
        spec: the run.
        grounds: where each seed searches; optimizers of a seed begin on the same ground.
        observer: is told of progress.
    """

    def __init__(self, spec: RunSpec, grounds: Mapping[int, Ground], observer: Observer) -> None:
        self.spec = spec
        self.grounds = grounds
        self.chronicle = Chronicle(observer)

    def searches(self, optimizer: OptimizerSpec, seed: int, regions: Sequence[Region]) -> list[Search[list[Tuned]]]:
        """The searches of an optimizer and seed, one for each group of regions; each finds a result per region.

        They raise RunError where every candidate of a region failed.
        """
        return [self._search(optimizer, seed, label, members) for label, members in groups(self.spec, regions)]

    def _search(
        self, optimizer: OptimizerSpec, seed: int, label: str, regions: tuple[Region, ...]
    ) -> Search[list[Tuned]]:
        group = yield from self._begin(optimizer, seed, label, regions)
        while active := [cell for cell in group.cells if not cell.done]:
            # Those that have had less than their part come first.
            active = [cell for cell in active if cell.spent < self.spec.budget] or active
            for place in range(0, len(active), self.spec.block):
                # One of an earlier block may have found what one of this block needs.
                if block := [cell for cell in active[place : place + self.spec.block] if not self._rest(group, cell)]:
                    yield from self._step(group, block)
        return [result(cell, group.each) for cell in group.cells]

    def _begin(self, optimizer: OptimizerSpec, seed: int, label: str, regions: tuple[Region, ...]) -> Search[Group]:
        """A group after its first sample, which is paid for once, out of the whole group's budget."""
        ground, targets = self.grounds[seed], scores(regions)
        evaluator, sample = ground.evaluator(max(TOGETHER, EACH * self.spec.block)), ground.samples[label]
        answers = yield from self._first_answers(evaluator, optimizer, seed, label, sample, targets)
        losses = self._losses(sample, answers, targets)
        group = Group(
            optimizer,
            seed,
            label,
            evaluator,
            tuple(
                Cell(
                    region,
                    self._optimizer(optimizer, seed, region, ground, sample, column),
                    Incumbent(self.spec.finalists, SPARE if self.spec.asking.noisy else 0),
                )
                for region, column in zip(regions, losses.T, strict=True)
            ),
            targets,
            sample=len(sample),
            budget=self.spec.budget * len(regions),
        )
        for cell, column in zip(group.cells, losses.T, strict=True):
            cell.incumbent.offer(sample, column, group.each)
            cell.done = group.left < 1
        self.chronicle.regions_done += sum(cell.done for cell in group.cells)
        self.chronicle.observe(group, "", 0)
        return group

    def _first_answers(
        self, evaluator: Evaluator, optimizer: OptimizerSpec, seed: int, label: str, sample: Vectors, targets: Array
    ) -> Search[Answers]:
        """Answers the first sample in parts, so that whoever watches sees it move."""
        best, own = np.full(len(targets), np.inf), evaluator.claim(sample)
        parts: list[Answers] = []
        for place in range(0, len(sample), evaluator.together):
            part = sample[place : place + evaluator.together]
            # What is left over may be a single candidate, which may fail.
            whole = len(part) == min(len(sample), evaluator.together)
            turn = Turn(optimizer.name, seed, label, (Part("", 0, len(part), whole),))
            parts.append((yield from evaluator.remember(part, own[place : place + evaluator.together], turn)))
            losses = self._losses(part, parts[-1], targets)
            best = np.fmin(best, np.where(np.isfinite(losses), losses, np.inf).min(axis=0))
            self.chronicle.evaluations += len(part)
            self.chronicle.tell(optimizer, seed, "", 0, float(best.mean()))
        return Answers.stack(parts)

    def _losses(self, vectors: Vectors, answers: Answers, targets: Array) -> Array:
        """(n, R) errors as the spec aggregates them, and its penalty on the size of a candidate."""
        losses = answers.losses(targets, self.spec.aggregate)
        if self.spec.penalty:
            losses = losses + self.spec.penalty * np.sqrt(np.square(vectors).mean(axis=1))[:, None]
        return losses

    def _optimizer(
        self, optimizer: OptimizerSpec, seed: int, region: Region, ground: Ground, sample: Vectors, losses: Array
    ) -> Optimizer:
        order = np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable")
        problem = Problem(
            ground.space.lower,
            ground.space.upper,
            initial=sample[order[:INITIAL_CANDIDATES]],
            budget=self.spec.budget,
            goal=goals(scores([region]), self.spec.aggregate)[0],
        )
        rng = generator(seed, "optimizer", optimizer.name, region.code)
        return create(optimizer.name, problem, optimizer.parameters, rng)

    def _step(self, group: Group, block: Sequence[Cell]) -> Search[None]:
        """One generation of some regions, answered together; the last one is cut at the budget and then not told."""
        asked = [self._ask(group, cell) for cell in block]
        # A generation that costs more than a region's whole part ends there; it is the region's last.
        costless = [group.evaluator.known(rows) for rows in asked]
        ends = [_cut(free, self.spec.budget) for free in costless]
        taken = [rows[:end] for rows, end in zip(asked, ends, strict=True)]
        known = np.concatenate([free[:end] for free, end in zip(costless, ends, strict=True)])
        cut = _cut(known, group.left)
        turn = _turn(group, block, asked, taken, cut)
        answers = yield from group.evaluator.answer(np.concatenate(taken)[:cut], known[:cut], turn)
        fresh = int((~known[:cut]).sum())
        group.spent += fresh
        self.chronicle.evaluations += fresh
        begin = 0
        for cell, rows, part in zip(block, asked, taken, strict=True):
            end = min(begin + len(part), cut)
            if end > begin:
                self._tell(group, cell, rows, answers.rows(begin, end), ~known[begin:end])
            begin += len(part)
        if self.spec.asking.noisy:
            yield from self._again(group, block)
        if group.left < 1 or cut < len(known):
            for cell in group.cells:
                self._finish(cell)
            self.chronicle.observe(group, block[-1].region.code, block[-1].optimizer.generation)
        group.exchange.forget(group.cells)

    def _ask(self, group: Group, cell: Cell) -> Vectors:
        """The next candidates of a region, which has been shown those of the others first."""
        column = group.cells.index(cell)
        if found := group.exchange.unseen(cell, column):
            cell.optimizer.adopt(found.vectors, found.losses[:, column], found.outputs)
        return cell.optimizer.ask()

    def _tell(self, group: Group, cell: Cell, asked: Vectors, answers: Answers, fresh: NDArray[np.bool_]) -> None:
        """Shows a region what came of its candidates, or of the first of them where the budget ended.

        The others will be shown the `fresh` ones (n,); what was remembered they know.
        """
        vectors = asked[: len(answers.item_means)]
        batch = Batch(vectors, self._losses(vectors, answers, group.targets), answers.outputs(self.spec.aggregate))
        cell.spent += int(fresh.sum())
        cell.idle = 0 if fresh.any() else cell.idle + 1
        cell.failed += int((~np.isfinite(answers.item_means).all(axis=1)).sum())
        # What one region evaluated may serve another as it is.
        bars = np.array([other.incumbent.bar for other in group.cells])
        for place in np.flatnonzero((batch.losses < bars).any(axis=0)):
            group.cells[place].incumbent.offer(vectors, batch.losses[:, place], group.each)
        if len(vectors) == len(asked):
            cell.optimizer.tell(asked, batch.losses[:, group.cells.index(cell)], batch.outputs)
        if len(group.cells) > 1 and fresh.any():
            shared = Batch(batch.vectors[fresh], batch.losses[fresh], batch.outputs[fresh])
            group.exchange.batches.append((cell, shared))
        if cell.idle > IDLE_GENERATIONS or len(vectors) < len(asked):
            self._finish(cell)
        self.chronicle.observe(group, cell.region.code, cell.optimizer.generation)

    def _again(self, group: Group, block: Sequence[Cell]) -> Search[None]:
        """Asks the incumbents of some regions for another sample of respondents each, as long as the budget lasts.

        What looked best in one sample is partly luck; its error over all its samples takes the place of the first.
        """
        best = {cell.incumbent.best.tobytes(): cell for cell in block if cell.incumbent.finalists}
        owners = list(best.values())[: group.left]
        if not owners:
            return
        vectors = np.stack([cell.incumbent.best for cell in owners])
        parts = tuple(Part(cell.region.code, cell.optimizer.generation, 1) for cell in owners)
        turn = Turn(group.optimizer.name, group.seed, group.label, parts, again=True)
        answers = yield from group.evaluator.again(vectors, turn)
        group.spent += len(owners)
        self.chronicle.evaluations += len(owners)
        for place, cell in enumerate(owners):
            one = answers.rows(place, place + 1)
            cell.spent += 1
            vector = vectors[place : place + 1]
            for column, other in zip(self._losses(vector, one, group.targets).T, group.cells, strict=True):
                other.incumbent.revise(vector[0], float(column[0]), group.each)

    def _rest(self, group: Group, cell: Cell) -> bool:
        """Whether a region's search is over, as it is when the error is small enough."""
        if not cell.done and cell.incumbent.loss <= self.spec.rest:
            self._finish(cell)
            self.chronicle.observe(group, cell.region.code, cell.optimizer.generation)
        return cell.done

    def _finish(self, cell: Cell) -> None:
        self.chronicle.regions_done += not cell.done
        cell.done = True


def _turn(group: Group, block: Sequence[Cell], asked: Sequence[Vectors], taken: Sequence[Vectors], cut: int) -> Turn:
    """What of each cell's generation stands among the first `cut` candidates of a block."""
    parts, left = [], cut
    for cell, rows, kept in zip(block, asked, taken, strict=True):
        count = min(len(kept), left)
        left -= count
        if count:
            parts.append(Part(cell.region.code, cell.optimizer.generation, count, whole=count == len(rows)))
    return Turn(group.optimizer.name, group.seed, group.label, tuple(parts))


def _cut(known: NDArray[np.bool_], left: int) -> int:
    """How many of the asked candidates fit into what is left of the budget; known ones are free."""
    costs = np.cumsum(~known)
    return int((costs <= left).sum())
