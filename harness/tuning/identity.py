"""What a record and a reader are told of the model that answered."""

from __future__ import annotations

from harness.models.language_model import LanguageModel
from harness.models.parity import TOLERANCE
from harness.models.scorer import Scorer
from harness.records.schema import ModelIdentity, ScorerFacts


def identity(lm: LanguageModel) -> ModelIdentity:
    """What a record says of the model."""
    return ModelIdentity(
        name=lm.spec.name,
        digest=lm.digest,
        parameters=lm.parameters,
        dtype=str(lm.dtype).removeprefix("torch."),
        device=str(lm.device),
        random_weights=lm.spec.random_weights,
        note=note(lm),
    )


def scorer_facts(lm: LanguageModel, scorer: Scorer) -> ScorerFacts:
    """What a record says of how the model was asked."""
    return ScorerFacts(
        kind=scorer.plan.kind,
        micro_batch=scorer.plan.micro_batch,
        workers=scorer.plan.workers,
        product="onednn" if lm.linears else "torch",
        tokens=scorer.tokens,
        distinct_tokens=scorer.distinct_tokens,
        tolerance=TOLERANCE[lm.dtype],
        gap=lm.abilities.gap,
    )


def note(lm: LanguageModel) -> str:
    """What a reader must know of the model before believing a number; "" for a real one."""
    if lm.spec.random_weights:
        return "random weights: a benchmark of speed, not a result"
    if lm.simulation:
        return "the bundled respondent is a simulation, not a finding about people or about any published model"
    return "code that came with the model was allowed to run: --trust-remote-code" if lm.spec.trust_remote_code else ""
