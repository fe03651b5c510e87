from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.models.packing import BLOCKS, Packing, pack
from harness.models.trie import Tokens

# Few different tokens, so that prompts share beginnings, repeat and contain one another.
prompts_of = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9).map(tuple), min_size=1, max_size=9)
with_a_header = st.builds(lambda header, rest: [header + one for one in rest], st.just((7, 8, 9)), prompts_of)
any_prompts = st.one_of(prompts_of, with_a_header)


def seen(packing: Packing, place: int) -> list[int]:
    """The places that a token attends to, in the order in which they stand in the row."""
    _, length = packing.blocks
    block, offset = divmod(place, length)
    return sorted(packing.keys[block][packing.mask[block, offset]].tolist())


@given(any_prompts, st.integers(0, 4), st.integers(1, 12))
@example([(1, 2, 3), (1, 2), (1,), (1, 2, 3, 4)], 0, 2)
@example([(1, 2, 3)] * 4, 3, 1)
@example([(1, 1), (2,), (3, 3, 3)], 0, 1)
@example([(5,)], 0, 32)
def test_every_prompt_sees_itself_and_the_soft_prompt(prompts: list[Tokens], virtual: int, block: int) -> None:
    packing = pack(prompts, virtual, block)
    for prompt, final in zip(prompts, packing.finals, strict=True):
        places = seen(packing, int(final))
        assert places[:virtual] == list(range(virtual))
        assert tuple(packing.tokens[np.array(places[virtual:]) - virtual]) == prompt
        assert packing.positions[places].tolist() == list(range(virtual + len(prompt)))
        # The same holds on the way: each token sees exactly the tokens before it in the prompt.
        for depth, place in enumerate(places):
            assert seen(packing, place) == places[: depth + 1]


@given(any_prompts, st.integers(0, 4), st.integers(1, 12))
def test_nothing_is_stored_twice(prompts: list[Tokens], virtual: int, block: int) -> None:
    packing = pack(prompts, virtual, block)
    number, length = packing.blocks
    assert packing.distinct == len({prompt[:n] for prompt in prompts for n in range(1, len(prompt) + 1)})
    assert packing.total == sum(map(len, prompts))
    assert packing.length == number * length == virtual + len(packing.tokens)
    # Less than a block of padding, each of which sees itself and no NaN.
    assert 0 <= packing.length - virtual - packing.distinct < length
    for place in range(virtual + packing.distinct, packing.length):
        assert seen(packing, place) == [place]


@given(any_prompts, st.integers(0, 4), st.integers(1, 12))
def test_a_key_that_may_be_seen_stands_once_in_a_block(prompts: list[Tokens], virtual: int, block: int) -> None:
    packing = pack(prompts, virtual, block)
    for keys, mask in zip(packing.keys, packing.mask, strict=True):
        visible = keys[mask.any(axis=0)]
        assert len(visible) == len(set(visible.tolist()))


def test_a_long_survey_is_cut_into_short_blocks() -> None:
    header = tuple(range(20))
    prompts = [(*header, 100 + scale, *range(30), 200 + item, *range(15)) for scale in range(4) for item in range(10)]
    packing = pack(prompts, 10)
    _, length = packing.blocks
    assert length in [pack(prompts, 10, block).blocks[1] for block in BLOCKS]
    # Keys of a block are a path and the block itself, a fraction of the row.
    assert packing.keys.shape[1] < packing.length / 4


@pytest.mark.parametrize("block", [1, 64, 10_000])
def test_a_single_block_holds_everything(block: int) -> None:
    packing = pack([(1, 2, 3), (1, 2, 4)], 2, block)
    assert packing.blocks[0] == (packing.length if block == 1 else 1)
