"""Log-probabilities of whole answers of several tokens.

The inner loop reads the first token of an answer alone (`harness.models.scorer`); what is here is for checks that need
answers of any length. A token of an answer is read off the logits after its context, the prompt and the answer's tokens
before it. Contexts are laid out by the scorer's engines, so that what they share is read once: answers of one token
cost no more than their prompt, however many there are.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.models.chat import chat_text, check_length, tokenise_plain
from harness.models.language_model import LanguageModel
from harness.models.memory import activation_bytes, out_of_memory, readable
from harness.models.scorer import able, make_engine, too_large
from harness.models.trie import Tokens, portion

Floats = NDArray[np.float32]
Wanted = Mapping[Tokens, set[int]]
"""The tokens that are asked for after each context."""
Found = dict[Tokens, dict[int, float]]
"""Nats of tokens after each context."""
TOKENS: Final = 1024
"""Distinct tokens in one forward pass; about what a candidate of the survey has."""
TOGETHER: Final = 128
"""Contexts in one forward pass, as long as memory lasts: each gets logits of the whole vocabulary."""

_log = logging.getLogger(__name__)


def continuation_log_probabilities(
    lm: LanguageModel,
    user_turns: Sequence[str],
    continuations: Sequence[Sequence[str]],
    soft_prompt: Floats | None = None,
) -> list[NDArray[np.float64]]:
    """How likely each of some texts is as the beginning of the assistant's answer.

    Prompt and text are tokenised together, as lm-eval does; a text's log-probability is the sum over its tokens. Where
    memory runs out, the model reads half as many contexts in one pass.

    Args:
        lm: the frozen model.
        user_turns: N user turns, before the chat template.
        continuations: for each turn k texts, none of them empty; k may differ from turn to turn.
        soft_prompt: (V, D) input embeddings that stand first; None for the bare prompts.

    Returns:
        For each turn (k,) nats, not normalised over the texts; NaN where the model's logits are.

    Raises:
        ModelError: a text has no token of its own, a prompt is longer than the model reads, or memory does not suffice
            for a single one.
    """
    sequences: list[tuple[Tokens, int]] = []
    for turn, texts in zip(user_turns, continuations, strict=True):
        sequences += _sequences(lm, chat_text(lm, turn), texts)
    wanted: defaultdict[Tokens, set[int]] = defaultdict(set)
    for tokens, prompt in sequences:
        for place in range(prompt, len(tokens)):
            wanted[tokens[:place]].add(tokens[place])
    front = torch.zeros(0, lm.width) if soft_prompt is None else torch.from_numpy(np.asarray(soft_prompt))
    check_length(lm, list(wanted), len(front))
    nats = _Reader(lm, front.to(lm.device, lm.dtype)).read(wanted)
    found = [
        sum(nats[tokens[:place]][tokens[place]] for place in range(prompt, len(tokens))) for tokens, prompt in sequences
    ]
    ends = np.cumsum([len(texts) for texts in continuations])[:-1]
    return list(np.split(np.array(found, dtype=np.float64), ends))


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


class _Reader:
    """Reads contexts, as many in one forward pass as memory holds."""

    def __init__(self, lm: LanguageModel, front: torch.Tensor) -> None:
        self._lm, self._front = lm, front
        self._together = TOGETHER
        self._need = 0

    def read(self, wanted: Wanted) -> Found:
        """Nats of each token that is wanted after each context."""
        # In sorted order neighbours share the most.
        contexts = sorted(wanted)
        found: Found = {}
        while contexts:
            some = contexts[: portion(contexts[: self._together], TOKENS)]
            scored = self._attempt(some, wanted)
            if scored is None:
                self._take_less(some)
                continue
            found |= scored
            del contexts[: len(some)]
        return found

    def _attempt(self, contexts: Sequence[Tokens], wanted: Wanted) -> Found | None:
        """The nats of one forward pass, or None where it does not fit the memory."""
        lm = self._lm
        try:
            engine = make_engine(able(lm)[0], lm, contexts, len(self._front))
            config, element = lm.model.config.get_text_config(), lm.dtype.itemsize
            self._need = activation_bytes(config, element, engine.tokens, len(contexts), engine.cached)
            if self._need > lm.room:
                return None
            with torch.inference_mode(), lm.linears.active() if lm.linears else nullcontext(), engine.active():
                logits = engine.logits(self._front[None]).float().to(lm.device)
                return _gather(logits, contexts, wanted)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            return None

    def _take_less(self, tried: Sequence[Tokens]) -> None:
        lm, virtual = self._lm, len(self._front)
        if lm.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(tried) == 1:
            where = "and memory ran out" if self._need <= lm.room else f"and {readable(lm.room)} are left"
            raise too_large(lm, virtual, self._need, f"one prompt of {len(tried[0]) + virtual} tokens", where)
        self._together = len(tried) // 2
        _log.warning("out of memory with %d prompts at once; going on with %d", len(tried), self._together)


def _gather(logits: torch.Tensor, contexts: Sequence[Tokens], wanted: Wanted) -> Found:
    """The nats of the wanted tokens, from (n, vocabulary) logits after n contexts."""
    pairs = [(place, token) for place, context in enumerate(contexts) for token in sorted(wanted[context])]
    rows, tokens = torch.tensor(pairs, device=logits.device).T
    nats = (logits[rows, tokens] - logits.logsumexp(dim=-1)[rows]).double().tolist()
    found: Found = {context: {} for context in contexts}
    for (place, token), value in zip(pairs, nats, strict=True):
        found[contexts[place]][token] = value
    return found
