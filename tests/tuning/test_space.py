import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.tuning.space import build_space, principal_space
from harness.tuning.spec import SpaceSpec, generator
from harness.tuning.start import text_prompts, vocabulary_prompts

EMBEDDINGS = np.random.default_rng(0).normal(0.1, 0.5, (50, 6)).astype(np.float32)
CENTRE = EMBEDDINGS[:4]


def space(kind="full", dimensions=0, box=3.0):
    spec = SpaceSpec(kind=kind, dimensions=dimensions, box=box)
    return build_space(spec, EMBEDDINGS, 4, CENTRE, generator(0, "space"))


@given(st.integers(0, 2**32 - 1))
def test_full_space_round_trips(seed):
    vectors = np.random.default_rng(seed).uniform(-3, 3, (5, 24))
    full = space()
    np.testing.assert_allclose(full.encode(full.decode(vectors)), vectors, atol=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_subspace_round_trips(seed):
    vectors = np.random.default_rng(seed).uniform(-3, 3, (5, 7))
    small = space("subspace", 7)
    np.testing.assert_allclose(small.encode(small.decode(vectors)), vectors, atol=1e-4)


@pytest.mark.parametrize(("kind", "dimensions"), [("full", 0), ("subspace", 7)])
def test_encoding_stays_in_the_box_and_takes_no_prompt_too(kind, dimensions):
    searched = space(kind, dimensions, box=0.5)
    encoded = searched.encode(EMBEDDINGS[None, :4] * 100)
    assert (encoded >= searched.lower).all() and (encoded <= searched.upper).all()
    assert searched.encode(np.zeros((0, 4, 6), dtype=np.float32)).shape == (0, len(searched.lower))


def test_full_space_is_scaled_by_embedding_statistics():
    full = space()
    np.testing.assert_allclose(full.decode(np.zeros((1, 24)))[0], np.tile(EMBEDDINGS.mean(0), (4, 1)), atol=1e-6)
    spread = full.decode(np.ones((1, 24))) - full.decode(np.zeros((1, 24)))
    np.testing.assert_allclose(spread[0, 0], EMBEDDINGS.std(0), rtol=1e-4)


def test_a_unit_step_in_the_subspace_moves_a_prompt_by_the_spread_of_the_embeddings():
    small = build_space(
        SpaceSpec(kind="subspace", dimensions=200), EMBEDDINGS, 40, np.zeros((40, 6), np.float32), generator(0, "space")
    )
    moved = small.decode(np.random.default_rng(1).normal(size=(50, 200)))
    assert moved.std() == pytest.approx(EMBEDDINGS.std(), rel=0.05)


def test_vocabulary_prompts_are_rows_of_the_vocabulary():
    prompts = vocabulary_prompts(EMBEDDINGS, 3, 4, np.random.default_rng(0))
    assert prompts.shape == (3, 4, 6)
    assert all((token == EMBEDDINGS).all(axis=1).any() for prompt in prompts for token in prompt)


def test_text_prompts_keep_the_end_of_a_long_text_and_repeat_a_short_one():
    prompts = text_prompts(EMBEDDINGS, [[1, 2, 3, 4, 5, 6], [7, 8], [9, 10, 11, 12]], 4)
    wanted = [[3, 4, 5, 6], [7, 8, 7, 8], [9, 10, 11, 12]]
    np.testing.assert_array_equal(prompts, EMBEDDINGS[np.array(wanted)])


def test_text_prompts_of_no_text():
    assert text_prompts(EMBEDDINGS, [], 4).shape == (0, 4, 6)


def test_branches_of_the_seed_tree_are_repeatable_and_differ():
    draws = {
        (seed, label): generator(seed, *label).random() for seed in (0, 1) for label in (("a",), ("b",), ("a", "b"))
    }
    assert len(set(draws.values())) == len(draws)
    assert generator(0, "a").random() == draws[0, ("a",)]


def test_the_space_of_prompts_holds_them_and_is_scaled_to_them():
    rng = np.random.default_rng(3)
    prompts = rng.normal(size=(9, 4, EMBEDDINGS.shape[1])).astype(np.float32)
    whole = principal_space(SpaceSpec(kind="personas"), prompts, EMBEDDINGS)
    assert len(whole.lower) == 8 and whole.upper[0] == 6.0
    coordinates = whole.encode(prompts)
    assert np.abs(whole.decode(coordinates) - prompts).max() < 1e-4
    assert coordinates.mean(axis=0) == pytest.approx(np.zeros(8), abs=1e-6)
    assert coordinates.std(axis=0) == pytest.approx(np.ones(8), rel=1e-5)
    # The first directions are those in which the prompts differ most, measured in the embeddings' own spread.
    lengths = [np.linalg.norm(column / np.tile(EMBEDDINGS.std(axis=0), 4)) for column in whole.basis.T]
    assert lengths == sorted(lengths, reverse=True)
    few = principal_space(SpaceSpec(kind="personas", dimensions=3, box=2.0), prompts, EMBEDDINGS)
    assert few.lower.tolist() == [-2.0] * 3
    assert np.array_equal(few.basis, whole.basis[:, :3])


def test_prompts_that_are_all_alike_span_no_space():
    same = np.ones((5, 2, EMBEDDINGS.shape[1]), dtype=np.float32)
    with pytest.raises(UsageError, match="--tokens 2: the ends of the persona sentences are alike"):
        principal_space(SpaceSpec(kind="personas"), same, EMBEDDINGS)


def test_a_prompt_is_decoded_alone_as_in_a_batch():
    small = space("subspace", 7)
    vectors = np.random.default_rng(0).uniform(-1, 1, (5, 7))
    together = small.decode(vectors)
    assert all(np.array_equal(small.decode(vectors[[row]])[0], together[row]) for row in range(5))
