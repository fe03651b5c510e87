"""What a model says when it is left to speak: each time the most probable token, with a soft prompt or without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import GenerationConfig, PreTrainedModel

from harness.errors import ModelError
from harness.models.chat import check_length, tokenise
from harness.models.language_model import LanguageModel
from harness.models.trie import Tokens

Floats = NDArray[np.float32]
TOGETHER: Final = 16
"""Prompts in one pass; they are of one length, so that none is padded."""


@dataclass(frozen=True)
class Said:
    """A generated answer.

    Attributes:
        text: without special tokens.
        ended: whether the model ended it; False where it was cut at the highest number of tokens.
    """

    text: str
    ended: bool


def generate(lm: LanguageModel, user_turns: Sequence[str], most: int, soft_prompt: Floats | None = None) -> list[Said]:
    """Answers greedily: no sampling, and none of the penalties that a model's own generation settings may ask for.

    Args:
        lm: the frozen model.
        user_turns: N user turns, before the chat template.
        most: tokens of an answer at most, 1 or more.
        soft_prompt: (V, D) input embeddings that stand first; None for the bare prompts.

    Returns:
        N answers, in the order of the turns.

    Raises:
        ModelError: a prompt with its answer is longer than the model reads, or the model does not generate from
            embeddings.
    """
    prompts = tokenise(lm, user_turns)
    front = torch.zeros(0, lm.width) if soft_prompt is None else torch.from_numpy(np.asarray(soft_prompt))
    front = front.to(lm.device, lm.dtype)
    check_length(lm, prompts, len(front))
    _check_room(lm, max(map(len, prompts)) + len(front), most)
    places = defaultdict(list)
    for place, prompt in enumerate(prompts):
        places[len(prompt)].append(place)
    found: dict[int, Said] = {}
    ends = end_tokens(lm)
    with _plainly(lm.model, most, ends):
        for group in places.values():
            for start in range(0, len(group), TOGETHER):
                some = group[start : start + TOGETHER]
                rows = _continue(lm, [prompts[place] for place in some], front)
                found.update((place, _said(lm, row, ends)) for place, row in zip(some, rows, strict=True))
    return [found[place] for place in range(len(prompts))]


def end_tokens(lm: LanguageModel) -> list[int]:
    """The tokens that end an answer: those of the model's generation settings, and the tokenizer's own."""
    named = lm.model.generation_config.eos_token_id
    ids = named if isinstance(named, list) else [named]
    return sorted({int(token) for token in [*ids, lm.tokenizer.eos_token_id] if token is not None})


@contextmanager
def _plainly(model: PreTrainedModel, most: int, ends: list[int]) -> Iterator[None]:
    """Puts plain greedy settings in place of the model's own, from which unset ones would be taken."""
    own = model.generation_config
    model.generation_config = GenerationConfig(
        do_sample=False, max_new_tokens=most, eos_token_id=ends or None, pad_token_id=ends[0] if ends else 0
    )
    try:
        yield
    finally:
        model.generation_config = own


def _continue(lm: LanguageModel, prompts: Sequence[Tokens], front: torch.Tensor) -> list[list[int]]:
    """The tokens after prompts of one length; a row that ended early goes on with padding."""
    ids = torch.tensor(prompts, dtype=torch.long, device=lm.device)
    with torch.inference_mode():
        whole = torch.cat([front.expand(len(prompts), -1, -1), lm.model.get_input_embeddings()(ids)], dim=1)
        seen = torch.ones(whole.shape[:2], dtype=torch.long, device=lm.device)
        try:
            rows: list[list[int]] = lm.model.generate(inputs_embeds=whole, attention_mask=seen).tolist()
        except ValueError as error:
            if "inputs_embeds" not in str(error):
                raise
            raise ModelError(
                f"model '{lm.spec.name}' does not generate from embeddings, so its text cannot be compared: give a "
                "model of another architecture"
            ) from error
    return rows


def _said(lm: LanguageModel, row: Sequence[int], ends: Sequence[int]) -> Said:
    length = next((place for place, token in enumerate(row) if token in ends), len(row))
    return Said(str(lm.tokenizer.decode(row[:length], skip_special_tokens=True)), length < len(row))


def _check_room(lm: LanguageModel, longest: int, most: int) -> None:
    """Refuses answers that a model could not read to their end."""
    if lm.context_length is not None and longest + most > lm.context_length:
        raise ModelError(
            f"model '{lm.spec.name}' reads {lm.context_length} tokens, the longest prompt has {longest} with its "
            f"virtual tokens and its answer may have {most}: give --max-new-tokens {lm.context_length - longest} or "
            "fewer"
        )
