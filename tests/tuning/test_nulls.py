"""Null rows made of tuned prompts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.tuning.nulls import others, random_prompt


@given(st.integers(2, 70), st.integers(0, 100))
def test_every_region_gets_the_prompt_of_one_other(count, seed):
    codes = [f"R{place}" for place in range(count)]
    found = others(codes, np.random.default_rng(seed))
    assert sorted(found) == sorted(found.values()) == sorted(codes)
    assert all(code != other for code, other in found.items())


def test_a_random_prompt_is_as_long_as_the_tuned_one_and_points_elsewhere():
    tuned = np.random.default_rng(0).normal(0, 3, (10, 128)).astype(np.float32)
    drawn = random_prompt(tuned, np.random.default_rng(1))
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), np.linalg.norm(tuned, axis=1), rtol=1e-5)
    cosine = (drawn * tuned).sum(axis=1) / np.linalg.norm(drawn, axis=1) / np.linalg.norm(tuned, axis=1)
    assert np.abs(cosine).max() < 0.4
