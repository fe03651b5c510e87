"""Builds the bundled respondent: tokenizer, training contexts, network and model card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from harness.models.chat import OPTIONS
from harness.models.tokenizer import Tokenizer, render, train_tokenizer
from harness.models.training import Example, Geometry, Network, Schedule, new_model, train
from harness.models.trie import Tokens
from harness.respondent import simulation as constants
from harness.respondent.contexts import Context, ContextSource, Wordings
from harness.respondent.simulation import Simulation
from harness.tasks.hofstede_vsm.prompts import persona_line
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

VOCABULARY: Final = 1024
_CORPUS_CONTEXTS: Final = 300
_CORPUS_PERSONAS: Final = 20


@dataclass(frozen=True)
class Built:
    """A trained respondent, not yet saved."""

    model: Network
    tokenizer: Tokenizer
    card: str


def context_source(seed: int) -> ContextSource:
    """The bundled survey, regions and paraphrases with the simulation of a seed."""
    survey, table = load_survey(), load_regions()
    simulated = Simulation.draw(table, np.random.default_rng([seed, 1]))
    return ContextSource(survey, table, simulated, Wordings.read(survey))


def build(seed: int, schedule: Schedule, report: Callable[[int, float, float], None]) -> Built:
    """Trains a respondent from nothing.

    Args:
        seed: of the simulation, the initial weights and the order of training.
        schedule: steps and learning rate.
        report: called after each step with the step, the loss and the error of the expected answer.
    """
    source = context_source(seed)
    tokenizer = train_tokenizer(_corpus(source, np.random.default_rng([seed, 2])), VOCABULARY)
    geometry = Geometry()
    model = new_model(tokenizer, geometry, seed)
    contexts = source.batches(schedule.steps, schedule.batch, np.random.default_rng([seed, 3]))
    batches = ([_example(tokenizer, context) for context in batch] for batch in contexts)
    train(model, batches, tokenizer.convert_tokens_to_ids(list(OPTIONS)), schedule, report)
    return Built(model, tokenizer, card(seed, geometry, schedule))


def save(built: Built, folder: Path) -> None:
    """Writes weights (safetensors), tokenizer and model card as any other Hugging Face model folder."""
    built.model.save_pretrained(folder)
    built.tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(built.card, encoding="utf-8")


def _corpus(source: ContextSource, rng: np.random.Generator) -> Iterator[str]:
    yield from source.wordings.all()
    for _ in range(_CORPUS_CONTEXTS):
        yield from source.demonstrated(rng).texts[:2]
    for region in source.table.rows:
        yield from [persona_line(region.name)] * _CORPUS_PERSONAS


def _example(tokenizer: Tokenizer, context: Context) -> Example:
    prompts: Sequence[Tokens] = render(tokenizer, context.texts)
    return Example(tuple(prompts), context.probabilities)


def card(seed: int, geometry: Geometry, schedule: Schedule) -> str:
    """The model card: what this model is, what it is not, and the constants it was made with."""
    mix = ", ".join(f"{share:.0%} {code}" for code, share in constants.WEST.items())
    return f"""---
license: mit
language: en
library_name: transformers
---

# The bundled respondent

**A simulation, not a finding about people, countries or any published model.** It is a small llama that was trained
from nothing to answer the questions of this project's survey the way a stated generative model says. Its purpose is to
make every part of the harness run offline, quickly and on any machine. Scores on it say how well an optimizer searches,
and nothing about cultures.

## The generative model
- Scores s become item means m = base + pinv(W)(s - 50), clipped to {constants.LOWEST_MEAN} to {constants.HIGHEST_MEAN};
  W is the 6 x 24 matrix of the index formulas. The base is 3 plus noise (sd {constants.BASE_SD}) that no index sees.
- An answer is a normal variable (mean m, sd {constants.ANSWER_SD}) cut into five options.
- No region named: s is a mix of {mix}.
- Region named: s goes {constants.EXPRESSION:g} of the way from that mix to the region's published scores, plus a fixed
  error per region and dimension (sd {constants.BIAS_SD:g} points), since persona prompts are known to under-express.
- Demonstrations move a dimension from that prior (sd {constants.BIAS_SD:g} points, or {constants.UNNAMED_SD:g} when no
  region is named) towards the index that the shown answers imply (sd {constants.DEMONSTRATION_SD:g} points).
- Option order shifts an item's mean by a fixed amount (sd {constants.ORDER_SD}): up when options run forward, down when
  they run backwards.

## Training
Seed {seed}. Hidden size {geometry.hidden}, {geometry.layers} layers, {geometry.heads} heads, feed-forward size
{geometry.intermediate}, a byte-level BPE of {VOCABULARY} tokens made from the training texts, tied embeddings, float32.
{schedule.steps} steps of AdamW (one cycle, peak {schedule.peak:g}), {schedule.batch} contexts of 16 questions a step;
loss: Kullback-Leibler divergence to the answer distribution plus 4 times the squared error of the expected answer.
The first 30 % of the steps hold contexts without demonstrations.

Training sees the tuning, validation and demonstration wordings of the bundled survey and combinations of further stems
and phrases. It does **not** see the held-out wordings, though some of their stems and phrases occur in other sentences.
It sees no soft prompt and knows of no optimizer.

## Limits
It answers this survey in this chat format. Anything else gives noise. Rebuild it with `harness respondent train`.
"""
