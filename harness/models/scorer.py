"""Option log-probabilities for a population of soft prompts: the harness's inner loop.

A candidate costs one pass over what all prompts share (soft prompt, chat header) and one over the rows of a `Layout`,
which stores common beginnings once. Equal to the plain transformers forward to 1e-4 nats in float32 (tests).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from harness.models.chat import check_length, option_tokens, tokenise
from harness.models.language_model import LanguageModel
from harness.models.trie import Layout, Tokens, capacities, lay_out

Floats = NDArray[np.float32]
LogProbabilities = NDArray[np.float64]

_CPU_BATCH_TOKENS: Final = 2048
_GPU_BATCH_TOKENS: Final = 65536
_ROW_OVERHEAD_TOKENS: Final = 4


def choose_layout(prompts: Sequence[Tokens], lm: LanguageModel) -> Layout:
    """Picks the row length with the lowest arithmetic: linear layers per token, attention per pair of tokens.

    Deterministic on purpose: a choice by the clock would make two equal runs differ in the last digits.
    """
    config = lm.model.config.get_text_config()
    attention = 2.0 / (6.0 * config.hidden_size)

    def cost(layout: Layout) -> float:
        rows, length = layout.shape
        seen = len(layout.prefix) + length
        return float(rows * (length * (1.0 + attention * seen) + _ROW_OVERHEAD_TOKENS))

    return min((lay_out(prompts, capacity) for capacity in capacities(prompts)), key=cost)


@dataclass(frozen=True)
class _Placed:
    """A layout as tensors on the model's device."""

    prefix: torch.Tensor  # (S, D) embeddings
    rows: torch.Tensor  # (R, L, D) embeddings
    positions: torch.Tensor  # (R, L), without the soft prompt
    bias: torch.Tensor  # (R, 1, L, S + L), 0 where a token may attend and the lowest number elsewhere
    row_of: torch.Tensor  # (N,)
    column_of: torch.Tensor  # (N,)


class Scorer:
    """Scores soft prompts in front of one fixed set of prompts.

    Args:
        lm: the frozen model.
        user_turns: N user turns, before the chat template.
        virtual_tokens: V, the length of the soft prompts; 0 scores the bare prompts.
        layout: how prompts are dealt to rows; chosen by arithmetic if None.
        micro_batch: candidates in one forward pass; chosen by device if None.

    Raises:
        ModelError: the prompts do not fit the context, or the options are not single tokens.
    """

    def __init__(
        self,
        lm: LanguageModel,
        user_turns: Sequence[str],
        virtual_tokens: int = 0,
        layout: Layout | None = None,
        micro_batch: int | None = None,
    ) -> None:
        prompts = tokenise(lm, user_turns)
        check_length(lm, prompts, virtual_tokens)
        self._lm = lm
        self._virtual = virtual_tokens
        self._options = torch.tensor(option_tokens(lm, user_turns[0]), device=lm.device)
        self.layout = layout or choose_layout(prompts, lm)
        self._placed = self._place(self.layout)
        rows, length = self.layout.shape
        room = _CPU_BATCH_TOKENS if lm.device.type == "cpu" else _GPU_BATCH_TOKENS
        self.micro_batch = micro_batch or max(1, room // (rows * length))

    def score(self, soft_prompts: Floats) -> LogProbabilities:
        """Log-probabilities of the five options after each prompt.

        Args:
            soft_prompts: (P, V, D) input embeddings; V may be 0.

        Returns:
            (P, N, 5) nats over the whole vocabulary, so that their exponentials sum to the mass on the options.

        Raises:
            ValueError: the shape is not (P, V, D).
        """
        expected = (self._virtual, self._lm.width)
        if soft_prompts.ndim != 3 or soft_prompts.shape[1:] != expected:
            raise ValueError(f"soft prompts of shape {soft_prompts.shape}: expected (P, {expected[0]}, {expected[1]})")
        starts = range(0, len(soft_prompts), self.micro_batch)
        with torch.inference_mode():
            parts = [self._score(soft_prompts[i : i + self.micro_batch]) for i in starts]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.layout.rows), len(self._options)))

    def _place(self, layout: Layout) -> _Placed:
        lm = self._lm
        embed = lm.model.get_input_embeddings()

        def tensor(values: NDArray[Any]) -> torch.Tensor:
            return torch.from_numpy(values).to(lm.device)

        with torch.inference_mode():
            bias = torch.zeros(layout.mask.shape, dtype=lm.dtype, device=lm.device)
            bias.masked_fill_(~tensor(layout.mask), torch.finfo(lm.dtype).min)
            return _Placed(
                embed(tensor(layout.prefix)),
                embed(tensor(layout.tokens)),
                tensor(layout.positions),
                bias[:, None],
                tensor(layout.rows),
                tensor(layout.columns),
            )

    def _score(self, soft_prompts: Floats) -> LogProbabilities:
        placed, count = self._placed, len(soft_prompts)
        soft = torch.tensor(soft_prompts, device=self._lm.device, dtype=self._lm.dtype)
        shared = torch.cat([soft, placed.prefix.expand(count, -1, -1)], dim=1)
        rows, _ = self.layout.shape
        cache = self._shared_cache(shared, rows)
        in_front = torch.zeros((*placed.bias.shape[:3], self._virtual), dtype=self._lm.dtype, device=self._lm.device)
        bias = torch.cat([in_front, placed.bias], dim=-1)
        logits = self._final_logits(
            inputs_embeds=placed.rows.repeat(count, 1, 1),
            attention_mask=bias.repeat(count, 1, 1, 1),
            position_ids=(placed.positions + self._virtual).repeat(count, 1),
            past_key_values=cache,
            count=count,
        )
        logs = logits[:, self._options] - logits.logsumexp(dim=-1, keepdim=True)
        return logs.reshape(count, len(self.layout.rows), -1).double().cpu().numpy()

    def _shared_cache(self, shared: torch.Tensor, rows: int) -> DynamicCache | None:
        """Keys and values of what all prompts share, seen by every row of every candidate."""
        count, length, _ = shared.shape
        if length == 0:
            return None
        positions = torch.arange(length, device=shared.device).expand(count, -1)
        body = self._lm.model.base_model
        cache = body(inputs_embeds=shared, position_ids=positions, use_cache=True).past_key_values
        layers = [(layer.keys, layer.values) for layer in cache.layers]
        spread = [tuple(part.repeat_interleave(rows, dim=0) for part in layer) for layer in layers]
        return DynamicCache(spread)

    def _final_logits(self, count: int, **inputs: Any) -> torch.Tensor:
        """(count * N, vocabulary) logits in float32 of the last tokens alone, as the model itself computes them."""
        placed, (rows, _) = self._placed, self.layout.shape
        offsets = torch.arange(count, device=placed.row_of.device)[:, None] * rows
        row_of, column_of = (offsets + placed.row_of).reshape(-1), placed.column_of.repeat(count)

        def keep_finals(_module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
            hidden = arguments[0]
            return (hidden[row_of.to(hidden.device), column_of.to(hidden.device)][None], *arguments[1:])

        hook = self._lm.model.get_output_embeddings().register_forward_pre_hook(keep_finals)
        try:
            logits: torch.Tensor = self._lm.model(use_cache=inputs["past_key_values"] is not None, **inputs).logits
        finally:
            hook.remove()
        return logits[0].float().to(self._lm.device)
