"""Log-probabilities of whole answers of several tokens, through the model's own forward pass.

The inner loop reads the first token of an answer alone (`harness.models.scorer`); what is here is for checks that need
answers of any length, and is slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.models.chat import chat_text, check_length, tokenise_plain
from harness.models.language_model import LanguageModel
from harness.models.trie import Tokens

Floats = NDArray[np.float32]
TOGETHER: Final = 16
"""Answers in one forward pass."""


def continuation_log_probabilities(
    lm: LanguageModel,
    user_turns: Sequence[str],
    continuations: Sequence[Sequence[str]],
    soft_prompt: Floats | None = None,
) -> list[NDArray[np.float64]]:
    """How likely each of some texts is as the beginning of the assistant's answer.

    Prompt and text are tokenised together, as lm-eval does; a text's log-probability is the sum over its tokens.

    Args:
        lm: the frozen model.
        user_turns: N user turns, before the chat template.
        continuations: for each turn k texts, none of them empty; k may differ from turn to turn.
        soft_prompt: (V, D) input embeddings that stand first; None for the bare prompts.

    Returns:
        For each turn (k,) nats, not normalised over the texts; NaN where the model's logits are.

    Raises:
        ModelError: a text has no token of its own, or a prompt is longer than the model reads.
    """
    sequences: list[tuple[Tokens, int]] = []
    for turn, texts in zip(user_turns, continuations, strict=True):
        sequences += _sequences(lm, chat_text(lm, turn), texts)
    virtual = 0 if soft_prompt is None else len(soft_prompt)
    check_length(lm, [tokens for tokens, _ in sequences], virtual)
    front = torch.zeros(0, lm.width) if soft_prompt is None else torch.from_numpy(np.asarray(soft_prompt))
    front = front.to(lm.device, lm.dtype)
    # Neighbours in length stand together, so that little is padded.
    order = sorted(range(len(sequences)), key=lambda place: len(sequences[place][0]))
    found = np.empty(len(sequences))
    for start in range(0, len(order), TOGETHER):
        places = order[start : start + TOGETHER]
        found[places] = _score(lm, [sequences[place] for place in places], front)
    ends = np.cumsum([len(texts) for texts in continuations])[:-1]
    return list(np.split(found, ends))


def _sequences(lm: LanguageModel, prompt: str, texts: Sequence[str]) -> list[tuple[Tokens, int]]:
    """The tokens of prompt and text together, and how many of them are the prompt's."""
    before, *whole = tokenise_plain(lm, [prompt, *(prompt + text for text in texts)])
    for text, tokens in zip(texts, whole, strict=True):
        if len(tokens) <= len(before):
            raise ModelError(
                f"model '{lm.spec.name}': the answer {text!r} has no token of its own after its chat template; give "
                "another model"
            )
    return [(tokens, len(before)) for tokens in whole]


def _score(lm: LanguageModel, sequences: Sequence[tuple[Tokens, int]], front: torch.Tensor) -> NDArray[np.float64]:
    """(n,) nats of the tokens after each prompt; what pads a row stands behind all that is read."""
    longest, virtual = max(len(tokens) for tokens, _ in sequences), len(front)
    ids = torch.zeros(len(sequences), longest, dtype=torch.long, device=lm.device)
    seen = torch.zeros(len(sequences), virtual + longest, dtype=torch.long, device=lm.device)
    for row, (tokens, _) in enumerate(sequences):
        ids[row, : len(tokens)] = torch.tensor(tokens, device=lm.device)
        seen[row, : virtual + len(tokens)] = 1
    with torch.inference_mode():
        texts = lm.model.get_input_embeddings()(ids)
        whole = torch.cat([front.expand(len(sequences), -1, -1), texts], dim=1)
        logs = lm.model(inputs_embeds=whole, attention_mask=seen).logits.float().log_softmax(-1).to(lm.device)
    found = np.empty(len(sequences))
    for row, (tokens, prompt) in enumerate(sequences):
        places = torch.arange(virtual + prompt - 1, virtual + len(tokens) - 1, device=lm.device)
        wanted = torch.tensor(tokens[prompt:], device=lm.device)
        found[row] = float(logs[row, places, wanted].double().sum())
    return found
