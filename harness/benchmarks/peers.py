"""What one would use without the harness, set up as well as its users would: the same prompts, the same answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM
from numpy.typing import NDArray

from harness.models.adapter import attach, save_adapter
from harness.models.chat import option_tokens, tokenise
from harness.models.language_model import LanguageModel

Floats = NDArray[np.float32]
Scores = NDArray[np.float64]
BATCHES: Final = (1, 4, 16)
"""Batch sizes that a peer is tried with; it is measured at its best one."""


class Method(Protocol):
    """Scores soft prompts."""

    def score(self, soft_prompts: Floats) -> Scores:
        """(P, N, 5) nats for (P, V, D) soft prompts."""


class Padded:
    """A loop over batches of padded prompts behind `inputs_embeds`.

    Args:
        lm: the frozen model.
        turns: N user turns.
        batch: prompts in one forward pass.
        every_logit: whether logits of every token are made, as a plain call does, or of the last ones alone.
    """

    def __init__(self, lm: LanguageModel, turns: Sequence[str], batch: int, every_logit: bool) -> None:
        self._lm = lm
        self._options = list(option_tokens(lm, turns[0]))
        self._every = every_logit
        prompts = tokenise(lm, turns)
        self._batches = [prompts[start : start + batch] for start in range(0, len(prompts), batch)]

    def score(self, soft_prompts: Floats) -> Scores:
        """(P, N, 5) nats for (P, V, D) soft prompts."""
        with torch.inference_mode():
            fronts = torch.from_numpy(soft_prompts).to(self._lm.device, self._lm.dtype)
            rows = [torch.cat([self._batch(front, batch) for batch in self._batches]) for front in fronts]
        return torch.stack(rows).double().cpu().numpy()

    def _batch(self, front: torch.Tensor, prompts: Sequence[tuple[int, ...]]) -> torch.Tensor:
        lm, length = self._lm, max(map(len, prompts))
        ids = torch.tensor([[0] * (length - len(one)) + list(one) for one in prompts], device=lm.device)
        # Padding stands before the soft prompt, so that positions are counted as if it were not there.
        text = torch.tensor([[0] * (length - len(one)) + [1] * (len(front) + len(one)) for one in prompts])
        seen = text.to(lm.device)
        embedded = lm.model.get_input_embeddings()(ids)
        whole = torch.empty(len(prompts), length + len(front), lm.width, dtype=lm.dtype, device=lm.device)
        for row, one in enumerate(prompts):
            padding = length - len(one)
            whole[row] = torch.cat([embedded[row, :padding], front, embedded[row, padding:]])
        keep = {} if self._every else {"logits_to_keep": 1}
        positions = (seen.cumsum(-1) - 1).clamp_min(0)
        logits = lm.model(inputs_embeds=whole, attention_mask=seen, position_ids=positions, **keep).logits[:, -1]
        answers: torch.Tensor = logits.float().log_softmax(-1)[:, self._options]
        return answers


class LmEval:
    """lm-eval's own model class around a PEFT prompt; candidates are put into the adapter that is loaded once.

    Args:
        lm: the frozen model.
        turns: N user turns.
        virtual: V of the soft prompts, at least 1.
        batch: requests in one forward pass.
        folder: where the first adapter is written.
    """

    def __init__(self, lm: LanguageModel, turns: Sequence[str], virtual: int, batch: int, folder: Path) -> None:
        save_adapter(folder, lm.token_embeddings[:virtual], lm)
        self._tuned = attach(folder, lm)
        self._judge = HFLM(
            pretrained=self._tuned, tokenizer=lm.tokenizer, batch_size=batch, max_length=lm.context_length
        )
        options, prompts = option_tokens(lm, turns[0]), tokenise(lm, turns)
        self._shape = len(prompts), len(options)
        # Tokens rather than texts: what is compared is the pass over the model.
        self._requests = [(("", ""), list(prompt), [option]) for prompt in prompts for option in options]

    def score(self, soft_prompts: Floats) -> Scores:
        """(P, N, 5) nats for (P, V, D) soft prompts."""
        embedding = self._tuned.prompt_encoder["default"].embedding.weight
        rows = []
        for front in soft_prompts:
            with torch.no_grad():
                embedding.copy_(torch.from_numpy(front))
            answers = self._judge._loglikelihood_tokens(self._requests, disable_tqdm=True)
            rows.append([nats for nats, _ in answers])
        return np.array(rows).reshape(len(soft_prompts), *self._shape)


def at_its_best(make: Callable[[int], Method], batches: Sequence[int], soft_prompts: Floats) -> tuple[Method, int]:
    """The method at the batch size that answers a candidate fastest, and that size; each is tried twice."""
    methods = {batch: make(batch) for batch in batches}

    def seconds(batch: int) -> float:
        began = time.perf_counter()
        methods[batch].score(soft_prompts[:1])
        return time.perf_counter() - began

    best = min(methods, key=lambda batch: min(seconds(batch), seconds(batch)))
    return methods[best], best
