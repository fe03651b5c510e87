"""Scoring through a cached prefix: what all prompts share once, the rest as padded rows behind it.

Needs nothing of a model but a cache and four-dimensional masks, so it also serves models whose attention does not go
through transformers' registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from harness.models.finals import final_logits
from harness.models.language_model import LanguageModel
from harness.models.trie import Layout, Tokens, capacities, lay_out

_ROW_OVERHEAD_TOKENS: Final = 4


def choose_layout(prompts: Sequence[Tokens], lm: LanguageModel) -> Layout:
    """Picks the row length with the lowest arithmetic: linear layers per token, attention per pair of tokens.

    Deterministic on purpose: a choice by the clock would make two equal runs differ in the last digits.
    """
    attention = 2.0 / (6.0 * lm.model.config.get_text_config().hidden_size)

    def cost(layout: Layout) -> float:
        rows, length = layout.shape
        seen = len(layout.prefix) + length
        return float(rows * (length * (1.0 + attention * seen) + _ROW_OVERHEAD_TOKENS))

    return min((lay_out(prompts, capacity) for capacity in capacities(prompts)), key=cost)


class Branches:
    """Logits of the prompts' last tokens, by a prefix and rows.

    Args:
        lm: the frozen model.
        prompts: N token sequences.
        virtual: V, the length of the soft prompts.
        layout: how prompts are dealt to rows; chosen by arithmetic if None.
    """

    cached = True

    def __init__(
        self, lm: LanguageModel, prompts: Sequence[Tokens], virtual: int, layout: Layout | None = None
    ) -> None:
        self._lm = lm
        self._virtual = virtual
        self.layout = layout or choose_layout(prompts, lm)
        embed = lm.model.get_input_embeddings()
        with torch.inference_mode():
            mask = torch.zeros(self.layout.mask.shape, dtype=lm.dtype, device=lm.device)
            mask.masked_fill_(~self._tensor(self.layout.mask), torch.finfo(lm.dtype).min)
            self._prefix = embed(self._tensor(self.layout.prefix))  # (S, D)
            self._rows = embed(self._tensor(self.layout.tokens))  # (R, L, D)
            before = torch.zeros((*mask.shape[:2], virtual), dtype=lm.dtype, device=lm.device)
            self._bias = torch.cat([before, mask], dim=-1)[:, None]  # (R, 1, L, V + S + L)
            self._positions = self._tensor(self.layout.positions) + virtual  # (R, L)
            self._row_of, self._column_of = self._tensor(self.layout.rows), self._tensor(self.layout.columns)

    @property
    def tokens(self) -> int:
        """Tokens that the model reads for one candidate, padding and repeats included."""
        rows, length = self.layout.shape
        return self._virtual + len(self.layout.prefix) + rows * length

    def active(self) -> AbstractContextManager[None]:
        """Nothing has to be prepared."""
        return nullcontext()

    def logits(self, soft: torch.Tensor) -> torch.Tensor:
        """(B * N, vocabulary) logits after each prompt, for (B, V, D) soft prompts."""
        count, (rows, _) = len(soft), self.layout.shape
        shared = torch.cat([soft, self._prefix.expand(count, -1, -1)], dim=1)
        cache = self._shared_cache(shared, rows)
        offsets = torch.arange(count, device=soft.device)[:, None] * rows
        places = (offsets + self._row_of).reshape(-1), self._column_of.repeat(count)
        return final_logits(
            self._lm.model,
            places,
            inputs_embeds=self._rows.repeat(count, 1, 1),
            attention_mask=self._bias.repeat(count, 1, 1, 1),
            position_ids=self._positions.repeat(count, 1),
            past_key_values=cache,
            use_cache=cache is not None,
        )

    def _tensor(self, values: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(values).to(self._lm.device)

    def _shared_cache(self, shared: torch.Tensor, rows: int) -> DynamicCache | None:
        """Keys and values of what all prompts share, seen by every row of every candidate."""
        count, length, _ = shared.shape
        if length == 0:
            return None
        positions = torch.arange(length, device=shared.device).expand(count, -1)
        body = self._lm.model.base_model
        cache = body(inputs_embeds=shared, position_ids=positions, use_cache=True).past_key_values

        def spread(part: torch.Tensor) -> torch.Tensor:
            # A view as long as there is one candidate; the layer that appends to it makes the only copy.
            return part[:, None].expand(-1, rows, -1, -1, -1).flatten(0, 1)

        return DynamicCache([(spread(layer.keys), spread(layer.values)) for layer in cache.layers])
