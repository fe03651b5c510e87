"""The gradient reference of a run: what back-propagation reaches with as many evaluations, from the same start."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.executors.job import OneJob
from harness.models.gradient import Descent, Objective, Path
from harness.models.language_model import LanguageModel
from harness.optimizers.gradient import GradientParameters
from harness.tasks.hofstede_vsm.indices import CONSTANTS, ITEMS, WEIGHTS, Array
from harness.tasks.hofstede_vsm.prompts import reversed_order, survey_prompts
from harness.tasks.hofstede_vsm.regions import Region, scores
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.cells import Ground, Tuned
from harness.tuning.chronicle import Chronicle
from harness.tuning.groups import groups
from harness.tuning.ledger import Asked
from harness.tuning.query import Query, Search
from harness.tuning.space import FullSpace, build_space
from harness.tuning.spec import OptimizerSpec, RunSpec, SpaceSpec, generator
from harness.tuning.turn import Part, Turn

if TYPE_CHECKING:
    from harness.tuning.worker import Worker


def embedding_space(lm: LanguageModel, tokens: int) -> FullSpace:
    """All embedding coordinates; the reference is not held in a box."""
    prompts = np.zeros((tokens, lm.width), dtype=np.float32)
    space = build_space(SpaceSpec(kind="full"), lm.token_embeddings, tokens, prompts, generator(0))
    if not isinstance(space, FullSpace):
        raise TypeError("the full space is expected here")
    return space


def objective(survey: Survey, wordings: int = 2) -> Objective:
    """The six indices of the tuning wordings' mean answers; `wordings` of them are asked."""
    prompts = survey_prompts(survey, "tuning", wordings=wordings)
    asks = np.array([[prompt.item == item for prompt in prompts] for item in range(1, ITEMS + 1)], dtype=np.float64)
    matrix = WEIGHTS @ (asks / asks.sum(axis=1, keepdims=True))
    constant = np.full(len(WEIGHTS), CONSTANTS["midpoint"]) - WEIGHTS.sum(axis=1) * 3.0
    return Objective([prompt.text for prompt in prompts], reversed_order(prompts), matrix, constant)


@dataclass(frozen=True)
class Reference:
    """The searches of a run that descend instead of asking and telling.

    Attributes:
        spec: the run; `budget` evaluations for each region, the first sample's share included.
        grounds: spaces and first samples per seed.
        space: all embedding coordinates.
        chronicle: is told when a descent is over.
    """

    spec: RunSpec
    grounds: Mapping[int, Ground]
    space: FullSpace
    chronicle: Chronicle

    def searches(self, optimizer: OptimizerSpec, seed: int, regions: Sequence[Region]) -> list[Search[list[Tuned]]]:
        """For each group of regions a search that descends for each from its best candidate of the first sample."""
        return [self._search(optimizer, seed, label, members) for label, members in groups(self.spec, regions)]

    def _search(
        self, optimizer: OptimizerSpec, seed: int, label: str, members: Sequence[Region]
    ) -> Search[list[Tuned]]:
        ground, evaluator = self.grounds[seed], self.grounds[seed].evaluator()
        sample, targets = ground.samples[label], scores(members)
        turn = Turn(optimizer.name, seed, label, (Part("", 0, len(sample)),))
        losses = (yield from evaluator.remember(sample, evaluator.claim(sample), turn)).losses(targets)
        first = sample[np.argmin(np.where(np.isfinite(losses), losses, np.inf), axis=0)]
        share = len(sample) / len(members)
        steps = max(1, self.spec.budget - math.ceil(share))
        space = self.space
        starts = ((ground.space.decode(first).astype(np.float64) - space.mean) / space.std).reshape(len(first), -1)
        found: list[Tuned] = []
        counted = 0
        while (place := len(found)) < len(starts):
            job = self._descend(optimizer, starts[place:], targets[place:], steps)
            about = {"phase": "tuning", "optimizer": optimizer.name, "seed": seed, "group": label, "place": place}
            asked = Asked(about, starts[place:], f"{steps} {job.rate}")
            for path in (yield Query(asked, job, _unpack_all)):
                found.append(_tuned(members[len(found)], path, share))
                self.chronicle.regions_done += 1
                done = round(sum(one.evaluations for one in found))
                self.chronicle.evaluations += done - counted
                counted = done
                mean = float(np.mean([one.loss for one in found]))
                self.chronicle.tell(optimizer, seed, found[-1].region.code, steps, mean)
        return found

    def _descend(self, optimizer: OptimizerSpec, starts: Array, targets: Array, steps: int) -> Descend:
        settings = optimizer.parameters
        if not isinstance(settings, GradientParameters):
            raise TypeError(f"parameters of class {type(settings).__name__}: expected GradientParameters")
        spec = self.spec
        return Descend(spec.wordings, spec.tokens, spec.finalists, starts, targets, steps, settings.learning_rate)


@dataclass(frozen=True)
class Descend(OneJob):
    """Descends from several starts at once, which differs in last digits from one after the other.

    Attributes:
        wordings: of each item that are asked.
        tokens: V.
        kept: best points of each descent.
        starts: (R, V * D).
        targets: (R, 6) scores.
        steps: of each.
        rate: of learning.
    """

    wordings: int
    tokens: int
    kept: int
    starts: Array
    targets: Array
    steps: int
    rate: float

    @property
    def size(self) -> int:
        """Candidates; a descent passes through one with every step."""
        return len(self.starts) * self.steps

    def do(self, worker: Worker) -> dict[str, Any]:
        """The paths, as JSON."""
        space = embedding_space(worker.lm, self.tokens)
        asks = objective(worker.questions.survey, self.wordings)
        descent = Descent(worker.lm, asks, self.tokens, space.mean, space.std, self.kept)
        return {"paths": [_pack(path) for path in descent.run(self.starts, self.targets, self.steps, self.rate)]}


def _pack(path: Path) -> dict[str, Any]:
    """As JSON; points in the bytes of little-endian float64, since there may be very many numbers."""
    points = base64.b64encode(path.best.astype("<f8").tobytes()).decode()
    losses = [loss if math.isfinite(loss) else None for loss in path.losses]
    return {"losses": losses, "points": points, "kept": len(path.best)}


def _unpack_all(packed: Mapping[str, Any]) -> list[Path]:
    paths = [_unpack(one) for one in packed["paths"]]
    if not paths:
        raise ValueError("no path: expected one or more")
    return paths


def _unpack(packed: Mapping[str, Any]) -> Path:
    points = np.frombuffer(base64.b64decode(packed["points"]), dtype="<f8").astype(np.float64)
    return Path(points.reshape(packed["kept"], -1), np.array(packed["losses"], dtype=np.float64).tolist())


def _tuned(region: Region, path: Path, share: float) -> Tuned:
    best = np.minimum.accumulate(path.losses)
    falls = [step for step in range(len(best)) if step == 0 or best[step] < best[step - 1]]
    curve = tuple((share + step + 1, float(best[step])) for step in falls)
    return Tuned(region, path.best, float(best[-1]), share + len(best), curve, 0)
