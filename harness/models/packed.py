"""Scoring through a packed row: every distinct token of a survey once, no padding to speak of."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import torch

from harness.models.finals import final_logits
from harness.models.language_model import LanguageModel
from harness.models.packing import Packing, pack
from harness.models.tree_attention import TreeAttention
from harness.models.trie import Tokens


class Packed:
    """Logits of the prompts' last tokens, by one row for each candidate.

    Args:
        lm: the frozen model.
        prompts: N token sequences.
        virtual: V, the length of the soft prompts.
        packing: the row; chosen by arithmetic if None.
        shorten: whether the last layer works on last tokens alone; None does where the model is known to allow it.

    Raises:
        UnsupportedError: `shorten`, and the decoder's layers do not stand in one list.
    """

    cached = False

    def __init__(
        self,
        lm: LanguageModel,
        prompts: Sequence[Tokens],
        virtual: int,
        packing: Packing | None = None,
        shorten: bool | None = None,
    ) -> None:
        self._model = lm.model
        self.packing = packing or pack(prompts, virtual)
        shorten = lm.abilities.shortens if shorten is None else shorten
        self._attention = TreeAttention(lm.model, self.packing, shorten)
        with torch.inference_mode():
            ids = torch.from_numpy(self.packing.tokens).to(lm.device)
            self._embeddings = lm.model.get_input_embeddings()(ids)  # (T - V, D)
        self._positions = torch.from_numpy(self.packing.positions).to(lm.device)
        self._finals = torch.from_numpy(self.packing.finals).to(lm.device)

    @property
    def tokens(self) -> int:
        """Tokens that the model reads for one candidate, padding included."""
        return self.packing.length

    def active(self) -> AbstractContextManager[None]:
        """Within this context the model reads packed rows, and nothing else."""
        return self._attention.active()

    def logits(self, soft: torch.Tensor) -> torch.Tensor:
        """(B * N, vocabulary) logits after each prompt, for (B, V, D) soft prompts; within `active`."""
        count = len(soft)
        rows = torch.cat([soft, self._embeddings.expand(count, -1, -1)], dim=1)
        places = None
        if not self._attention.keeps_finals:
            candidates = torch.arange(count, device=soft.device).repeat_interleave(len(self._finals))
            places = candidates, self._finals.repeat(count)
        with self._attention.one_pass():
            return final_logits(
                self._model, places, inputs_embeds=rows, position_ids=self._positions.expand(count, -1), use_cache=False
            )

    def make_differentiable(self) -> None:
        """Lets gradients reach the soft prompt; the model's own weights stay frozen."""
        self._embeddings = self._embeddings.clone()

    def scramble(self, places: Sequence[int]) -> None:
        """Puts other embeddings at places of the trie: what no other prompt may notice (`harness.models.parity`)."""
        with torch.inference_mode():
            embeddings = self._embeddings.clone()
            embeddings[list(places)] = 3.0 * embeddings[list(places)] + 0.1
            self._embeddings = embeddings
