"""The gradient reference of a run: what back-propagation reaches with as many evaluations, from the same start."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from harness.models.gradient import Descent, Objective, Path
from harness.models.language_model import LanguageModel
from harness.optimizers.gradient import GradientParameters
from harness.tasks.hofstede_vsm.indices import CONSTANTS, ITEMS, WEIGHTS, Array
from harness.tasks.hofstede_vsm.prompts import reversed_order, survey_prompts
from harness.tasks.hofstede_vsm.regions import Region, scores
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.cells import Ground, Tuned
from harness.tuning.chronicle import Observer, Progress
from harness.tuning.evaluator import Part, Turn
from harness.tuning.groups import groups
from harness.tuning.ledger import Asked, Ledger
from harness.tuning.space import FullSpace, build_space
from harness.tuning.spec import OptimizerSpec, RunSpec, SpaceSpec, generator


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


def search_reference(
    spec: RunSpec,
    optimizer: OptimizerSpec,
    seed: int,
    lm: LanguageModel,
    survey: Survey,
    ground: Ground,
    regions: Sequence[Region],
    observer: Observer,
) -> list[Tuned]:
    """Descends for each region from its best candidate of the first sample.

    Args:
        spec: the run; `budget` evaluations for each region, the first sample's share included.
        optimizer: the reference with its settings.
        seed: which repetition.
        lm: the model.
        survey: the questionnaire.
        ground: space and first samples of this seed; its ledger knows the descents of earlier processes.
        regions: all of the run.
        observer: is told when a region's descent is over.
    """
    space = embedding_space(lm, spec.tokens)
    settings = optimizer.parameters
    if not isinstance(settings, GradientParameters):
        raise TypeError(f"parameters of class {type(settings).__name__}: expected GradientParameters")
    descent = Descent(lm, objective(survey, spec.wordings), spec.tokens, space.mean, space.std, spec.finalists)
    found: list[Tuned] = []
    for label, members in groups(spec, regions):
        sample, targets = ground.samples[label], scores(members)
        first_sample = Turn(optimizer.name, seed, label, (Part("", 0, len(sample)),))
        losses = ground.evaluator.remember(sample, first_sample).losses(targets)
        first = sample[np.argmin(np.where(np.isfinite(losses), losses, np.inf), axis=0)]
        share = len(sample) / len(members)
        steps = max(1, spec.budget - math.ceil(share))
        starts = ((ground.space.decode(first).astype(np.float64) - space.mean) / space.std).reshape(len(first), -1)
        about = {"phase": "tuning", "optimizer": optimizer.name, "seed": seed, "group": label}
        kept = _Kept(ground.evaluator.ledger, descent, about, steps, settings.learning_rate)
        for region, path in zip(members, kept.paths(starts, targets), strict=True):
            found.append(_tuned(region, path, share))
            mean = float(np.mean([one.loss for one in found]))
            done = round(sum(one.evaluations for one in found))
            observer(Progress(optimizer.name, seed, region.code, steps, done, mean, len(found)))
    return found


@dataclass(frozen=True)
class _Kept:
    """Descents of a group that the ledger knows, or that it is told."""

    ledger: Ledger
    descent: Descent
    about: Mapping[str, Any]
    steps: int
    rate: float

    def paths(self, starts: Array, targets: Array) -> Iterator[Path]:
        """All of them, in their order."""
        place = 0
        while place < len(starts):
            asked = Asked({**self.about, "place": place}, starts[place:], f"{self.steps} {self.rate}")
            paths = self.ledger.answer(asked, partial(self._live, starts[place:], targets[place:]), _unpack_all)
            yield from paths
            place += len(paths)

    def _live(self, starts: Array, targets: Array) -> dict[str, Any]:
        return {"paths": [_pack(path) for path in self.descent.run(starts, targets, self.steps, self.rate)]}


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
