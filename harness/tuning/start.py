"""First candidates: soft prompts made of the embeddings of real tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Prompts = NDArray[np.float32]


def vocabulary_prompts(embeddings: Prompts, count: int, tokens: int, rng: np.random.Generator) -> Prompts:
    """Prompts of tokens drawn uniformly from the vocabulary: (count, tokens, D)."""
    return embeddings[rng.integers(len(embeddings), size=(count, tokens))]


def text_prompts(embeddings: Prompts, texts: Sequence[Sequence[int]], tokens: int) -> Prompts:
    """Prompts that spell texts: (len(texts), tokens, D).

    A text longer than the prompt keeps its end, where a persona sentence names the region; a shorter one is repeated
    from its end backwards.

    Args:
        embeddings: (vocabulary, D).
        texts: token ids of each text, at least one each.
        tokens: length of the prompts.
    """
    rows = [np.resize(np.asarray(ids)[::-1], tokens)[::-1] for ids in texts]
    return embeddings[np.array(rows, dtype=np.int64).reshape(len(texts), tokens)]
