from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.models.trie import Layout, Tokens, TokenTrie, capacities, lay_out, portion, shared_prefix

# Few different tokens, so that prompts share beginnings, repeat and contain one another.
prompts_of = st.lists(
    st.lists(st.integers(0, 3), min_size=1, max_size=9).map(tuple),
    min_size=1,
    max_size=9,
)
with_a_header = st.builds(lambda header, rest: [header + one for one in rest], st.just((7, 8, 9)), prompts_of)
any_prompts = st.one_of(prompts_of, with_a_header)

ONE_INSIDE_ANOTHER: list[Tokens] = [(1, 2, 3), (1, 2), (1,), (1, 2, 3, 4)]
ALL_EQUAL: list[Tokens] = [(1, 2, 3)] * 4
NOTHING_SHARED: list[Tokens] = [(1, 1), (2,), (3, 3, 3)]
ONE_TOKEN: list[Tokens] = [(5,)]


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Ends what would never end."""

    def late(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def prefixes(prompts: list[Tokens]) -> set[Tokens]:
    return {prompt[:n] for prompt in prompts for n in range(1, len(prompt) + 1)}


def walked(trie: TokenTrie, node: int) -> tuple[list[int], list[int]]:
    """The places and tokens from the beginning to a node."""
    places = []
    while node >= 0:
        places.append(int(node))
        node = trie.parents[node]
    return places[::-1], [int(trie.tokens[place]) for place in reversed(places)]


@given(any_prompts)
@example(ONE_INSIDE_ANOTHER)
@example(ALL_EQUAL)
@example(NOTHING_SHARED)
@example(ONE_TOKEN)
def test_the_trie_holds_every_prompt_and_nothing_twice(prompts: list[Tokens]) -> None:
    trie = TokenTrie.build(prompts)
    assert len(trie) == len(prefixes(prompts))
    assert len(trie.finals) == len(prompts)
    for prompt, final in zip(prompts, trie.finals, strict=True):
        places, tokens = walked(trie, final)
        assert tuple(tokens) == prompt
        assert trie.depths[places].tolist() == list(range(len(prompt)))
    assert all(trie.parents[node] < node for node in range(len(trie)))
    assert {tuple(walked(trie, node)[1]) for node in range(len(trie))} == prefixes(prompts)


@given(any_prompts)
@example(ONE_INSIDE_ANOTHER)
def test_the_mask_is_a_token_and_its_ancestors(prompts: list[Tokens]) -> None:
    trie = TokenTrie.build(prompts)
    mask = trie.mask()
    assert mask.shape == (len(trie), len(trie))
    for node in range(len(trie)):
        assert np.flatnonzero(mask[node]).tolist() == sorted(walked(trie, node)[0])


def seen_by_the_last_token(layout: Layout, prompt: int) -> tuple[list[int], list[int]]:
    """Tokens and positions that the final token of a prompt attends to, the prefix first, in order of position."""
    row, column = layout.rows[prompt], layout.columns[prompt]
    size = len(layout.prefix)
    tokens = [*layout.prefix.tolist(), *layout.tokens[row].tolist()]
    positions = [*range(size), *layout.positions[row].tolist()]
    seen = sorted(np.flatnonzero(layout.mask[row, column]).tolist(), key=lambda place: positions[place])
    return [tokens[place] for place in seen], [positions[place] for place in seen]


def check(prompts: list[Tokens], capacity: int) -> Layout:
    layout = lay_out(prompts, capacity)
    rows, length = layout.shape
    size = len(layout.prefix)
    assert layout.tokens.shape == layout.positions.shape == (rows, length)
    assert layout.mask.shape == (rows, length, size + length)
    assert layout.prefix.tolist() == list(prompts[0][:size])
    assert size < min(len(prompt) for prompt in prompts)
    for index, prompt in enumerate(prompts):
        tokens, positions = seen_by_the_last_token(layout, index)
        assert tuple(tokens) == prompt
        assert positions == list(range(len(prompt)))
        assert layout.positions[layout.rows[index], layout.columns[index]] == len(prompt) - 1
    # Every token sees the prefix and itself, and what it sees ends with it: a chain, never another branch.
    for row in range(rows):
        for column in range(length):
            seen = np.flatnonzero(layout.mask[row, column])
            assert set(range(size)) <= set(seen.tolist())
            assert size + column in seen
            behind = [int(place) - size for place in seen if place >= size]
            assert sorted(layout.positions[row, behind].tolist()) == list(range(size, size + len(behind)))
    assert layout.distinct == len(prefixes(prompts))
    assert layout.total == sum(map(len, prompts))
    longest = max(len(prompt) for prompt in prompts) - size
    assert length <= max(capacity, longest)
    return layout


@given(any_prompts)
@example(ONE_INSIDE_ANOTHER)
@example(ALL_EQUAL)
@example(NOTHING_SHARED)
@example(ONE_TOKEN)
def test_every_layout_reproduces_every_prompt(prompts: list[Tokens]) -> None:
    packed = len(prefixes(prompts))
    rows = [check(prompts, capacity).shape[0] for capacity in range(1, packed + 2)]
    assert rows == sorted(rows, reverse=True)
    assert rows[-1] == 1


@given(any_prompts)
def test_the_order_of_the_prompts_is_kept_and_they_are_not_changed(prompts: list[Tokens]) -> None:
    before = list(prompts)
    forward, backward = lay_out(prompts, 5), lay_out(prompts[::-1], 5)
    assert prompts == before
    for index in range(len(prompts)):
        there = len(prompts) - 1 - index
        assert seen_by_the_last_token(forward, index) == seen_by_the_last_token(backward, there)


@given(any_prompts)
@example(ONE_INSIDE_ANOTHER)
@example(ALL_EQUAL)
@example(NOTHING_SHARED)
@example(ONE_TOKEN)
def test_the_shared_prefix_is_the_longest_that_leaves_a_token(prompts: list[Tokens]) -> None:
    size = shared_prefix(prompts)
    assert len({prompt[:size] for prompt in prompts}) == 1
    shortest = min(len(prompt) for prompt in prompts)
    assert size <= shortest - 1
    assert size == shortest - 1 or len({prompt[: size + 1] for prompt in prompts}) > 1


@pytest.mark.parametrize(
    ("prompts", "size"),
    [(ONE_INSIDE_ANOTHER, 0), (ALL_EQUAL, 2), (NOTHING_SHARED, 0), (ONE_TOKEN, 0), ([(1, 2, 3), (1, 2, 4, 5)], 2)],
)
def test_shared_prefix_by_hand(prompts: list[Tokens], size: int) -> None:
    assert shared_prefix(prompts) == size


def test_equal_prompts_share_one_final_token() -> None:
    layout = lay_out(ALL_EQUAL, 1)
    assert layout.shape == (1, 1)
    assert (layout.rows.tolist(), layout.columns.tolist()) == ([0] * 4, [0] * 4)
    assert (layout.distinct, layout.total) == (3, 12)


def test_a_layout_by_hand() -> None:
    layout = lay_out([(9, 1, 2), (9, 3, 4), (9, 1, 5)], 3)
    # Sorted: 9 1 2, 9 1 5 share a row of the three tokens 1, 2, 5; 9 3 4 has its own, with one place left.
    assert layout.prefix.tolist() == [9]
    assert layout.tokens.tolist() == [[1, 2, 5], [3, 4, 0]]
    assert layout.positions[0].tolist() == [1, 2, 2]
    assert layout.positions[1, :2].tolist() == [1, 2]
    assert layout.rows.tolist() == [0, 1, 0]
    assert layout.columns.tolist() == [1, 1, 2]
    assert layout.mask.astype(int).tolist() == [
        [[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 1]],
        [[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]],
    ]


@given(any_prompts)
@example(ONE_INSIDE_ANOTHER)
@example(ALL_EQUAL)
@example(NOTHING_SHARED)
@example([(1, 2), (1, 3)])
def test_capacities_rise_from_the_longest_suffix_to_the_whole_trie(prompts: list[Tokens]) -> None:
    with at_most(1.0):
        found = capacities(prompts)
    size = shared_prefix(prompts)
    assert found == sorted(set(found))
    assert found[0] == max(len(prompt) for prompt in prompts) - size
    assert found[-1] == len(prefixes([prompt[size:] for prompt in prompts]))
    assert lay_out(prompts, found[-1]).shape == (1, found[-1])
    assert lay_out(prompts, found[0]).shape[1] == found[0]


@given(any_prompts, st.integers(1, 40))
@example(ONE_INSIDE_ANOTHER, 4)
@example(ALL_EQUAL, 1)
def test_a_portion_is_as_large_as_can_be(prompts: list[Tokens], most: int) -> None:
    prompts = sorted(prompts)
    count = portion(prompts, most)
    assert count == 1 or len(prefixes(prompts[:count])) <= most
    assert count == len(prompts) or len(prefixes(prompts[: count + 1])) > most
