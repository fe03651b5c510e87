"""One method or one saved prompt beside the null rows, without any search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.models.language_model import LanguageModel, gpu_name, threads
from harness.records.provenance import gather
from harness.records.schema import GROUPS, MethodResult, ModelIdentity, Record, RegionResult
from harness.tasks.hofstede_vsm.demonstrations import DEFAULT_SHOTS
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tuning.baselines import MODEL_FREE, Baselines, score_prompt
from harness.tuning.exam import Examiner, Questions
from harness.tuning.facts import split_facts, target_facts
from harness.tuning.identity import identity
from harness.tuning.nulls import RANDOM, random_result

PROMPT: Final = "prompt"
"""What a saved prompt is called among methods."""
_NO_MODEL: Final = ModelIdentity(name="none", digest="", parameters=0, dtype="", device="", random_weights=False)


def score_alone(
    lm: LanguageModel | None,
    questions: Questions,
    table: Regions,
    regions: Sequence[Region],
    method: str | NDArray[np.float32],
    shots: int = DEFAULT_SHOTS,
) -> Record:
    """Scores a baseline by name, or a soft prompt (V, D), and the null rows that need no search.

    Args:
        lm: the model; None for methods that need none.
        questions: what is asked.
        table: all regions.
        regions: that are scored.
        method: one of `METHODS`, or a prompt, which is called `PROMPT` and gets a random one of its length beside it.
        shots: demonstrations of icl.

    Raises:
        ModelError: an answer is not finite.
    """
    baselines = Baselines(questions, table, shots)
    names = dict.fromkeys([*MODEL_FREE, *([method] if isinstance(method, str) else [])])
    methods = [_result(name, baselines.score(lm, name, regions)) for name in names]
    if not isinstance(method, str) and lm is not None:
        methods.append(_result(PROMPT, score_prompt(lm, questions, regions, method)))
        examiner = Examiner(lm, questions, len(method))
        drawn = [random_result(examiner, method, region, questions.seed) for region in regions]
        methods.append(_result(RANDOM, drawn))
    return Record(
        run_id=PROMPT,
        spec={
            "regions": [region.code for region in regions],
            "response": questions.asking.response,
            "respondents": questions.asking.respondents,
        },
        spec_digest="",
        model=identity(lm) if lm else _NO_MODEL,
        targets=target_facts(table, [region.code for region in regions]),
        splits=split_facts(questions.survey, questions.asking.wordings, questions.instrument),
        provenance=gather(threads(), gpu_name(lm) if lm else None),
        methods=tuple(methods),
        started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        timings={},
    )


def _result(name: str, results: Sequence[RegionResult]) -> MethodResult:
    return MethodResult(method=name, group=GROUPS.get(name, "tuned"), results=tuple(results))
