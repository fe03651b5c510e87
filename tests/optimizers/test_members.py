"""What is kept of distances among members is what these are, whoever came and went."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.optimizers import members
from harness.optimizers.members import Members


def individuals(rows):
    return [SimpleNamespace(X=row) for row in rows]


def check(kept, population, width, most=5, exactly=1e-9):
    rows = np.array([one.X for one in population]) / width
    for base in range(len(population)):
        squares = np.square(rows - rows[base]).sum(axis=1)
        near = kept.nearest(base, most)
        assert base not in near and len(set(near)) == min(most, len(population) - 1)
        others = np.delete(squares, base)
        assert squares[near] == pytest.approx(np.sort(others)[: len(near)], rel=1e-6)
        differences = rows[near] - rows[base]
        scale = np.square(differences).sum(axis=1).max()
        assert np.abs(kept.gram(base, near) - differences @ differences.T).max() <= exactly * scale
        weights = np.linspace(-1.0, 2.0, len(near))
        assert kept.combined(base, near, weights) == pytest.approx(weights @ differences, rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "BLOCK", 4)
        yield


@given(seed=st.integers(0, 1000), dimensions=st.sampled_from([1, 3, 4, 5, 9]), steps=st.integers(1, 6))
def test_members_that_come_and_go_leave_the_distances_of_the_others(seed, dimensions, steps):
    rng = np.random.default_rng(seed)
    width = rng.uniform(0.5, 3.0, dimensions)
    kept, population = Members(width), []
    for _ in range(steps):
        stay = [one for one in population if rng.random() < 0.7]
        population = stay + individuals(rng.normal(size=(int(rng.integers(2, 6)), dimensions)))
        rng.shuffle(population)
        kept.keep(population)
        assert len(kept) == len(population)
        check(kept, population, width)


@given(seed=st.integers(0, 1000), closer=st.sampled_from([1e-2, 1e-4, 1e-6]))
def test_members_that_have_come_together_far_from_the_first_are_told_apart(seed, closer):
    rng, width = np.random.default_rng(seed), np.full(40, 2.0)
    kept = Members(width)
    kept.keep(individuals(rng.normal(size=(6, 40))))
    population = individuals(3.0 + closer * rng.normal(size=(12, 40)))
    kept.keep(population)
    check(kept, population, width, exactly=1e-7)


def test_only_what_is_new_is_read(monkeypatch):
    read = []
    plain = Members._multiply
    monkeypatch.setattr(members.Members, "_multiply", lambda self, some: (read.append(len(some)), plain(self, some))[1])
    rng = np.random.default_rng(0)
    population = individuals(rng.normal(size=(8, 5)))
    kept = Members(np.ones(5))
    kept.keep(population)
    kept.keep(population[::-1])
    kept.keep([*population[3:], *individuals(rng.normal(size=(2, 5)))])
    assert read == [8, 2]


def test_members_in_one_place_are_as_near_as_any():
    population = individuals(np.ones((4, 3)))
    kept = Members(np.ones(3))
    kept.keep(population)
    assert kept.nearest(2, 9).tolist() == [0, 1, 3]
    assert not kept.gram(2, kept.nearest(2, 9)).any()
    assert kept.difference(0, 1).tolist() == [0.0, 0.0, 0.0]
