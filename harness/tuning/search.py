"""One optimizer and seed over all regions: the loop, or the gradient reference in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.models.language_model import LanguageModel
from harness.tasks.hofstede_vsm.regions import Region
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.cells import Tuned
from harness.tuning.chronicle import Progress
from harness.tuning.loop import Tuning
from harness.tuning.reference import embedding_space, search_reference
from harness.tuning.space import SearchSpace
from harness.tuning.spec import REFERENCE, OptimizerSpec


def search(
    tuning: Tuning,
    optimizer: OptimizerSpec,
    seed: int,
    lm: LanguageModel,
    survey: Survey,
    regions: Sequence[Region],
) -> tuple[SearchSpace, list[Tuned]]:
    """Tunes all regions; what the reference does is counted with the rest of the run.

    Returns:
        The space that the vectors found live in, and one result per region.

    Raises:
        RunError: every candidate of a region failed.
    """
    ground, told = tuning.grounds[seed], tuning.chronicle
    if optimizer.name != REFERENCE:
        return ground.space, tuning.run(optimizer, seed, regions)
    before, done = told.evaluations, told.regions_done

    def observe(progress: Progress, /) -> None:
        evaluations, finished = before + progress.evaluations, done + progress.regions_done
        told.observer(replace(progress, evaluations=evaluations, regions_done=finished))

    found = search_reference(tuning.spec, optimizer, seed, lm, survey, ground, regions, observe)
    told.evaluations += round(sum(one.evaluations for one in found))
    told.regions_done += len(found)
    return embedding_space(lm, tuning.spec.tokens), found
