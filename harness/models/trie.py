"""A token trie: prompts tokenised whole, with what they share stored once (design, decision 6).

Two views of the same prompts: `TokenTrie` holds every distinct token once and is what a packed row is made of
(`harness.models.packing`); `Layout` deals them to padded rows behind a prefix that all prompts share, the branches of a
cached prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Tokens = tuple[int, ...]


@dataclass(frozen=True)
class TokenTrie:
    """Distinct tokens of a set of prompts, depth first: a token's descendants stand right behind it.

    Attributes:
        tokens: (n,) token ids.
        parents: (n,) place of the token before, -1 at a beginning.
        depths: (n,) position in the prompt, from 0.
        finals: (N,) place of the last token of each prompt.
    """

    tokens: Integers
    parents: Integers
    depths: Integers
    finals: Integers

    @staticmethod
    def build(prompts: Sequence[Tokens]) -> TokenTrie:
        """Stores the prompts (each at least one token) with common beginnings once."""
        tokens: list[int] = []
        parents: list[int] = []
        depths: list[int] = []
        ends: dict[Tokens, int] = {}
        path: list[int] = []
        before: Tokens = ()
        # In sorted order a prompt shares most with the one before it, so only the way down to it is remembered.
        for prompt in sorted(set(prompts)):
            del path[_common(before, prompt) :]
            for depth in range(len(path), len(prompt)):
                parents.append(path[-1] if path else -1)
                path.append(len(tokens))
                tokens.append(prompt[depth])
                depths.append(depth)
            ends[prompt], before = path[-1], prompt
        finals = [ends[prompt] for prompt in prompts]
        return TokenTrie(*(np.array(values, dtype=np.int64) for values in (tokens, parents, depths, finals)))

    def __len__(self) -> int:
        return len(self.tokens)

    def mask(self) -> Mask:
        """(n, n) True where the token of the row may attend to the token of the column: itself and its ancestors."""
        allowed = np.eye(len(self), dtype=np.bool_)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                allowed[node] |= allowed[parent]
        return allowed


@dataclass(frozen=True)
class Layout:
    """Prompts as a shared prefix and R rows of at most L tokens behind it.

    Attributes:
        prefix: (S,) token ids that every prompt begins with.
        tokens: (R, L) token ids, 0 where padded.
        positions: (R, L) positions in the prompt, counted from its beginning.
        mask: (R, L, S + L) True where a token may attend; a padded token sees the prefix and itself.
        rows: (N,) row of each prompt's last token.
        columns: (N,) column of each prompt's last token.
        distinct: tokens stored once over all prompts, padding and repeats not counted.
        total: tokens of all prompts together.
    """

    prefix: Integers
    tokens: Integers
    positions: Integers
    mask: Mask
    rows: Integers
    columns: Integers
    distinct: int
    total: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and tokens per row."""
        return self.tokens.shape[0], self.tokens.shape[1]


def shared_prefix(prompts: Sequence[Tokens]) -> int:
    """Number of tokens that all prompts begin with, leaving at least one token to each."""
    first, last = min(prompts), max(prompts)
    most = min(len(prompt) for prompt in prompts) - 1
    return next((i for i in range(most) if first[i] != last[i]), most)


def _common(one: Tokens, other: Tokens) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def portion(prompts: Sequence[Tokens], most: int) -> int:
    """How many prompts, from the first on, have at most so many distinct tokens together; the first may have more.

    Args:
        prompts: in sorted order.
        most: distinct tokens.
    """
    size, before = 0, Tokens()
    for count, prompt in enumerate(prompts):
        size += len(prompt) - _common(before, prompt)
        if count and size > most:
            return count
        before = prompt
    return len(prompts)


def capacities(prompts: Sequence[Tokens]) -> list[int]:
    """Row lengths worth trying, shortest first: from one prompt a row to all prompts in one row."""
    prefix = shared_prefix(prompts)
    suffixes = [prompt[prefix:] for prompt in prompts]
    shortest = max(len(suffix) for suffix in suffixes)
    longest = len(TokenTrie.build(suffixes))
    steps = [shortest]
    while (longer := max(int(steps[-1] * 1.5), steps[-1] + 1)) < longest:
        steps.append(longer)
    return [*steps, longest] if longest > shortest else steps


def lay_out(prompts: Sequence[Tokens], capacity: int) -> Layout:
    """Deals prompts to rows of at most `capacity` tokens, neighbours in the trie to the same row.

    Args:
        prompts: N token sequences, each at least one token.
        capacity: tokens in a row; a longer prompt still gets a row of its own.
    """
    prefix = shared_prefix(prompts)
    groups: list[list[int]] = []
    size = 0
    for index in sorted(range(len(prompts)), key=lambda i: prompts[i]):
        prompt = prompts[index]
        # In sorted order a prompt shares most with the one before it, so the trie grows by what follows that.
        fresh = len(prompt) - _common(prompts[groups[-1][-1]], prompt) if groups else 0
        if groups and size + fresh <= capacity:
            groups[-1].append(index)
            size += fresh
        else:
            groups.append([index])
            size = len(prompt) - prefix
    tries = [TokenTrie.build([prompts[i][prefix:] for i in group]) for group in groups]
    length = max(len(trie) for trie in tries)
    tokens = np.zeros((len(tries), length), dtype=np.int64)
    positions = np.full((len(tries), length), prefix, dtype=np.int64)
    mask = np.zeros((len(tries), length, prefix + length), dtype=np.bool_)
    mask[:, :, :prefix] = True
    mask[:, np.arange(length), prefix + np.arange(length)] = True
    rows = np.zeros(len(prompts), dtype=np.int64)
    columns = np.zeros(len(prompts), dtype=np.int64)
    for row, (group, trie) in enumerate(zip(groups, tries, strict=True)):
        n = len(trie)
        tokens[row, :n] = trie.tokens
        positions[row, :n] = prefix + trie.depths
        mask[row, :n, prefix : prefix + n] = trie.mask()
        rows[group] = row
        columns[group] = trie.finals
    return Layout(
        np.array(prompts[0][:prefix], dtype=np.int64),
        tokens,
        positions,
        mask,
        rows,
        columns,
        distinct=len(TokenTrie.build(prompts)),
        total=sum(len(prompt) for prompt in prompts),
    )
