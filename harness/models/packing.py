"""One packed row for all prompts of a survey: every distinct token once, attention in blocks.

The trie stands depth first behind the soft prompt. Cut anywhere into blocks of consecutive tokens, it has a property
that makes attention cheap: what a block sees before itself are the ancestors of its first token. For let x be in the
block and y an ancestor of x before it; the descendants of y are consecutive, so the block's first token is one of them.
A block therefore attends to one path and itself, not to the whole row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.models.trie import Integers, Mask, Tokens, TokenTrie

BLOCKS: Final = (32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Block lengths in tokens that are worth trying."""
_BLOCK_OVERHEAD: Final = 20
"""Tokens by which a block is longer as far as its cost goes: its keys are gathered, its products are small."""


@dataclass(frozen=True)
class Packing:
    """T tokens in one row, cut into M blocks of C tokens that read K keys each.

    Attributes:
        tokens: (T - V,) token ids behind the soft prompt, 0 where padded to whole blocks.
        positions: (T,) positions, counted from the first virtual token.
        keys: (M, K) places in the row that each block reads: the path to it, padded in front, and itself.
        mask: (M, C, K) True where a token may attend; a padded token sees itself alone.
        finals: (N,) place of each prompt's last token.
        virtual: V, virtual tokens at the front.
        distinct: tokens of the trie, without soft prompt and padding.
        total: tokens of all prompts together.
    """

    tokens: Integers
    positions: Integers
    keys: Integers
    mask: Mask
    finals: Integers
    virtual: int
    distinct: int
    total: int

    @property
    def length(self) -> int:
        """T, tokens of the row with soft prompt and padding."""
        return len(self.positions)

    @property
    def blocks(self) -> tuple[int, int]:
        """Number M and length C of the blocks."""
        return self.mask.shape[0], self.mask.shape[1]


def pack(prompts: Sequence[Tokens], virtual: int, block: int | None = None) -> Packing:
    """Packs prompts behind V virtual tokens, in blocks of about `block` tokens of equal length.

    By default, the length in `BLOCKS` that has the cheapest attention, counted and not timed: equal runs stay equal.
    """
    trie = TokenTrie.build(prompts)
    parents = _behind(trie.parents, virtual)
    positions = np.concatenate([np.arange(virtual), trie.depths + virtual])
    number, length = _cheapest(positions) if block is None else _blocks(len(parents), block)
    starts = range(0, len(parents), length)
    paths = [_path(parents, int(parents[start])) for start in starts]
    deepest = max(map(len, paths))
    keys = np.zeros((number, deepest + length), dtype=np.int64)
    mask = np.zeros((number, length, deepest + length), dtype=np.bool_)
    mask[:, np.arange(length), deepest + np.arange(length)] = True
    for row, (start, path) in enumerate(zip(starts, paths, strict=True)):
        keys[row, deepest - len(path) : deepest] = path
        keys[row, deepest:] = np.arange(start, start + length)
        _allow(mask[row], parents[start : start + length], start, path)
    padding = number * length - len(parents)
    return Packing(
        tokens=np.pad(trie.tokens, (0, padding)),
        positions=np.pad(positions, (0, padding)),
        keys=keys,
        mask=mask,
        finals=trie.finals + virtual,
        virtual=virtual,
        distinct=len(trie),
        total=sum(len(prompt) for prompt in prompts),
    )


def _blocks(tokens: int, block: int) -> tuple[int, int]:
    """Number and length of the blocks when each has about `block` tokens."""
    length = -(-tokens // max(1, round(tokens / block)))
    return -(-tokens // length), length


def _cheapest(positions: Integers) -> tuple[int, int]:
    """Number and length of the blocks whose attention costs least; a token has as many ancestors as its position."""

    def cost(blocks: tuple[int, int]) -> float:
        number, length = blocks
        keys = int(positions[::length].max()) + length
        return float(number * (length + _BLOCK_OVERHEAD) * keys)

    return min((_blocks(len(positions), block) for block in BLOCKS), key=cost)


def _behind(parents: Integers, virtual: int) -> Integers:
    """Parents in the row: the virtual tokens are a chain, and what had no parent hangs at its end."""
    chain = np.arange(virtual, dtype=np.int64) - 1
    return np.concatenate([chain, np.where(parents < 0, virtual - 1, parents + virtual)])


def _path(parents: Integers, node: int) -> list[int]:
    """A node and its ancestors, the first one first."""
    path = []
    while node >= 0:
        path.append(node)
        node = int(parents[node])
    return path[::-1]


def _allow(mask: Mask, parents: Integers, start: int, path: Sequence[int]) -> None:
    """Lets each token of a block that begins at `start` see what its parent sees: on the path, or in the block."""
    length, width = mask.shape
    first = width - length - len(path)
    columns = {node: first + place for place, node in enumerate(path)}
    for token, parent in enumerate(parents):
        if parent >= start:
            mask[token] |= mask[parent - start]
        elif parent >= 0:
            mask[token, first : columns[int(parent)] + 1] = True
