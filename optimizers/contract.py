"""What every optimizer has to pass, as test cases to inherit; needs pytest, and nothing else imports it.

class TestMine(OptimizerContract):
    @pytest.fixture
    def optimizer(self) -> type[Optimizer]:
        return Mine
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import numpy as np
import pytest

from harness.optimizers.protocol import FloatArray, Optimizer, Problem

Loss = Callable[[FloatArray], FloatArray]


def box(dim: int, initial: int = 0, budget: int = 1000) -> Problem:
    """Returns a box with a different width and centre per coordinate, and some rows to begin with.

    Args:
        dim: number of coordinates, at least 1.
        initial: number of initial rows; 0 gives none.
        budget: number of evaluations announced.
    """
    rng = np.random.default_rng(dim)
    lower = rng.uniform(-3.0, 1.0, dim)
    upper = lower + rng.uniform(0.01, 5.0, dim)
    rows = lower + (upper - lower) * rng.random((initial, dim)) if initial else None
    return Problem(lower, upper, budget, rows)


def sphere(problem: Problem) -> Loss:
    """Returns a bowl, (n, d) to (n,), whose lowest value 0 lies away from the centre of the box."""
    width = problem.upper - problem.lower
    lowest = problem.lower + 0.3 * width
    return lambda candidates: np.square((candidates - lowest) / width).sum(axis=1)


def build(optimizer: type[Optimizer], problem: Problem, seed: int = 0) -> Optimizer:
    """Returns a new optimizer with default parameters."""
    return optimizer(problem, optimizer.Parameters(), np.random.default_rng(seed))


def search(one: Optimizer, loss: Loss, generations: int) -> list[tuple[FloatArray, FloatArray]]:
    """Runs some generations and returns what was asked and told."""
    history = []
    for _ in range(generations):
        candidates = one.ask()
        losses = loss(candidates)
        one.tell(candidates, losses)
        history.append((candidates, losses))
    return history


def asked_bytes(history: list[tuple[FloatArray, FloatArray]]) -> list[bytes]:
    """Returns the candidates of a history, bit by bit."""
    return [candidates.tobytes() for candidates, _ in history]


def _text(values: FloatArray) -> str:
    return json.dumps(values.tolist())


class OptimizerContract:
    """The cases. A subclass named `Test...` defines the fixture `optimizer`, the class under test."""

    def test_describes_itself(self, optimizer: type[Optimizer]) -> None:
        """The name, the summary and the source are there, and each parameter has a default and a description."""
        assert optimizer.name and optimizer.summary and optimizer.source
        for field in optimizer.Parameters.model_fields.values():
            assert field.description and not field.is_required()

    @pytest.mark.parametrize("dim", [2, 17, 5000])
    @pytest.mark.parametrize("initial", [0, 3])
    def test_candidates_are_sound(self, optimizer: type[Optimizer], dim: int, initial: int) -> None:
        """Every generation is a read-only float64 array in C-order inside the box."""
        problem = box(dim, initial)
        for candidates, _ in search(build(optimizer, problem), sphere(problem), 4):
            assert candidates.ndim == 2 and len(candidates) >= 1 and candidates.shape[1] == dim
            assert candidates.dtype == np.float64
            assert candidates.flags.c_contiguous and not candidates.flags.writeable
            assert (candidates >= problem.lower).all() and (candidates <= problem.upper).all()

    @pytest.mark.parametrize("corner", ["lower", "upper"])
    def test_stays_inside_when_the_optimum_is_a_corner(self, optimizer: type[Optimizer], corner: str) -> None:
        """A search drawn to a corner, and begun there, never leaves the box."""
        free = box(5)
        problem = Problem(free.lower, free.upper, free.budget, np.array([getattr(free, corner)]))
        sign = 1.0 if corner == "lower" else -1.0
        for candidates, _ in search(build(optimizer, problem), lambda rows: sign * rows.sum(axis=1), 60):
            assert (candidates >= problem.lower).all() and (candidates <= problem.upper).all()

    def test_same_seed_same_candidates(self, optimizer: type[Optimizer]) -> None:
        """The generator handed in is the only source of randomness."""
        problem = box(6)
        runs = [asked_bytes(search(build(optimizer, problem, seed), sphere(problem), 10)) for seed in (1, 1, 2)]
        assert runs[0] == runs[1]
        assert runs[0] != runs[2]

    def test_leaves_global_random_state_alone(self, optimizer: type[Optimizer]) -> None:
        """Neither numpy's nor Python's global generator is drawn from or seeded, and neither has any say."""
        problem = box(6, initial=2)
        np.random.seed(5)
        before = repr(np.random.get_state()), random.getstate()
        one = asked_bytes(search(build(optimizer, problem), sphere(problem), 5))
        assert (repr(np.random.get_state()), random.getstate()) == before
        np.random.seed(6)
        assert asked_bytes(search(build(optimizer, problem), sphere(problem), 5)) == one

    def test_replay_asks_the_same(self, optimizer: type[Optimizer]) -> None:
        """A new instance told journalled losses, which went through JSON, asks the same candidates bit by bit."""
        problem = box(6, initial=4)
        loss = sphere(problem)

        def sometimes(rows: FloatArray) -> FloatArray:
            return np.where(rows[:, 0] > 0.5 * (problem.lower + problem.upper)[0], np.nan, loss(rows))

        history = search(build(optimizer, problem, 3), sometimes, 12)
        journal = json.loads(json.dumps([losses.tolist() for _, losses in history]))
        again = build(optimizer, problem, 3)
        for (candidates, _), losses in zip(history, journal, strict=True):
            asked = again.ask()
            assert asked.tobytes() == candidates.tobytes()
            again.tell(asked, losses)

    @pytest.mark.parametrize("initial", [1, 5, 60])
    def test_asks_initial_rows_first(self, optimizer: type[Optimizer], initial: int) -> None:
        """The first generation begins with the initial rows in their order, bit by bit."""
        problem = box(6, initial)
        assert problem.initial is not None
        asked = build(optimizer, problem).ask()
        shared = min(len(asked), initial)
        assert shared >= 1
        assert asked[:shared].tobytes() == problem.initial[:shared].tobytes()

    def test_refuses_the_wrong_order(self, optimizer: type[Optimizer]) -> None:
        """Asking twice or telling unasked raises, and the search goes on after it."""
        problem = box(4)
        loss = sphere(problem)
        one = build(optimizer, problem)
        with pytest.raises(RuntimeError, match="nothing asked"):
            one.tell(np.zeros((1, 4)), [0.0])
        asked = one.ask()
        with pytest.raises(RuntimeError, match="tell them first"):
            one.ask()
        one.tell(asked, loss(asked))
        with pytest.raises(RuntimeError, match="nothing asked"):
            one.tell(asked, loss(asked))
        assert asked_bytes(search(one, loss, 3)) == asked_bytes(search(build(optimizer, problem), loss, 4)[1:])

    def test_refuses_what_was_not_asked(self, optimizer: type[Optimizer]) -> None:
        """Wrong shapes, other candidates and infinite losses raise and change nothing."""
        problem = box(4)
        loss = sphere(problem)
        one = build(optimizer, problem)
        asked = one.ask()
        losses = loss(asked)
        with pytest.raises(ValueError, match="whole generation"):
            one.tell(asked[:, :3], losses)
        with pytest.raises(RuntimeError, match="not the one asked"):
            one.tell(asked + 0.001, losses)
        for wrong in (losses[:-1], losses[:, None], 0.0):
            with pytest.raises(ValueError, match="one per candidate"):
                one.tell(asked, wrong)
        for infinite in (np.inf, -np.inf):
            with pytest.raises(ValueError, match="give NaN for a failed candidate"):
                one.tell(asked, np.append(losses[:-1], infinite))
        assert (one.best, one.evaluations, one.generation) == (None, 0, 0)
        one.tell(asked, losses)
        assert asked_bytes(search(one, loss, 3)) == asked_bytes(search(build(optimizer, problem), loss, 4)[1:])

    def test_changes_no_input(self, optimizer: type[Optimizer]) -> None:
        """Neither the problem nor the arrays told are written to, and later changes to them have no effect."""
        problem = box(4, initial=3)
        loss = sphere(problem)
        one = build(optimizer, problem, 1)
        for reference, _ in search(build(optimizer, problem, 1), loss, 5):
            asked = one.ask()
            assert asked.tobytes() == reference.tobytes()
            candidates, losses = asked.copy(), loss(asked)
            kept = candidates.copy(), losses.copy()
            one.tell(candidates, losses)
            assert np.array_equal(candidates, kept[0]) and np.array_equal(losses, kept[1])
            candidates[:], losses[:] = 0.0, -1.0

    def test_best_is_the_lowest_told(self, optimizer: type[Optimizer]) -> None:
        """The incumbent is the first of the candidates with the lowest loss, and the counters count."""
        problem = box(4, initial=3)
        assert build(optimizer, problem).best is None
        one = build(optimizer, problem)
        history = search(one, sphere(problem), 6)
        candidates = np.concatenate([rows for rows, _ in history])
        losses = np.concatenate([values for _, values in history])
        assert one.best is not None
        found, loss = one.best
        assert loss == losses.min() and isinstance(loss, float)
        assert np.array_equal(found, candidates[losses.argmin()]) and not found.flags.writeable
        assert (one.evaluations, one.generation) == (len(losses), 6)

    def test_adopts_what_was_evaluated_elsewhere(self, optimizer: type[Optimizer]) -> None:
        """A better candidate from elsewhere becomes the incumbent at no cost, and the search goes on, repeatably."""
        problem = box(6, initial=4)
        loss = sphere(problem)
        near = problem.lower + 0.31 * (problem.upper - problem.lower)

        def one_search() -> tuple[Optimizer, list[bytes]]:
            one = build(optimizer, problem, 2)
            one.adopt(near[None] * 0 + problem.upper, [50.0])
            history = search(one, loss, 3)
            given = np.stack([near, problem.upper])
            kept = given.copy()
            one.adopt(given, loss(given))
            assert np.array_equal(given, kept)
            given[:] = np.nan
            assert one.best is not None and np.array_equal(one.best[0], near)
            assert one.evaluations == sum(len(rows) for rows, _ in history)
            return one, asked_bytes(history + search(one, loss, 20))

        one, asked = one_search()
        assert one_search()[1] == asked
        assert one.best is not None and one.best[1] <= loss(near[None])[0]

    def test_outputs_may_be_told(self, optimizer: type[Optimizer]) -> None:
        """With a goal, one that does not matter included, outputs are told with losses, and replay asks the same."""
        free = box(6, initial=9)
        matrix = np.random.default_rng(4).normal(size=(6, 3))
        goal = np.array([0.4, np.nan, -0.2])
        problem = Problem(free.lower, free.upper, free.budget, free.initial, goal)

        def one_search(through: Callable[[FloatArray], FloatArray]) -> list[bytes]:
            one = build(optimizer, problem, 5)
            asked = []
            for generation in range(12):
                rows = one.ask()
                outputs = rows @ matrix
                losses = np.nanmean(np.abs(outputs - goal), axis=1)
                failed = rows[:, 0] > np.median(problem.initial[:, 0]) + 1.0  # type: ignore[index]
                outputs[failed], losses[failed] = np.nan, np.nan
                one.tell(rows, through(losses), through(outputs))
                asked.append(rows.tobytes())
                if generation == 5:
                    given = problem.lower[None] + 0.25 * (problem.upper - problem.lower)
                    one.adopt(given, np.nanmean(np.abs(given @ matrix - goal), axis=1), given @ matrix)
            return asked

        assert one_search(lambda values: values) == one_search(lambda values: np.array(json.loads(_text(values))))
        one = build(optimizer, problem)
        rows = one.ask()
        for outputs in (None, np.zeros((len(rows), 2)), np.full((len(rows), 3), np.nan)):
            with pytest.raises(ValueError, match="has a goal"):
                one.tell(rows, np.zeros(len(rows)), outputs)

    def test_refuses_unsound_adoptions(self, optimizer: type[Optimizer]) -> None:
        """What was not evaluated, lies outside, or comes at the wrong moment raises and changes nothing."""
        problem = box(4)
        loss = sphere(problem)
        one = build(optimizer, problem)
        centre = (0.5 * (problem.lower + problem.upper))[None]
        one.adopt(np.empty((0, 4)), [])
        for rows, losses in ((centre[:, :3], [1.0]), (problem.upper[None] + 1, [1.0]), (centre, [np.nan])):
            with pytest.raises(ValueError, match="expected"):
                one.adopt(rows, losses)
        with pytest.raises(ValueError, match="one per candidate"):
            one.adopt(centre, [1.0, 2.0])
        asked = one.ask()
        with pytest.raises(RuntimeError, match="adopt after it"):
            one.adopt(centre, [1.0])
        assert one.best is None
        one.tell(asked, loss(asked))
        assert asked_bytes(search(one, loss, 3)) == asked_bytes(search(build(optimizer, problem), loss, 4)[1:])

    def test_failed_candidates_never_win(self, optimizer: type[Optimizer]) -> None:
        """With a third of the candidates failing the search goes on, and the incumbent is one that has a loss."""
        problem = box(6)
        loss = sphere(problem)
        failing = np.random.default_rng(9)

        def partly(rows: FloatArray) -> FloatArray:
            return np.where(failing.random(len(rows)) < 1 / 3, np.nan, loss(rows))

        one = build(optimizer, problem)
        told = np.concatenate([losses for _, losses in search(one, partly, 40)])
        assert np.isnan(told).any()
        assert one.best is not None and one.best[1] == np.nanmin(told)
        assert one.evaluations == len(told)

    @pytest.mark.parametrize("initial", [0, 3])
    @pytest.mark.parametrize("lost", [[0], [0, 1, 2], [4, 5]])
    def test_a_generation_may_fail_as_a_whole(self, optimizer: type[Optimizer], initial: int, lost: list[int]) -> None:
        """The search goes on with sound candidates and finds something later."""
        problem = box(6, initial)
        loss = sphere(problem)
        one = build(optimizer, problem)
        for generation in range(12):
            (_, losses), *_ = search(one, lambda rows: loss(rows) * np.nan if generation in lost else loss(rows), 1)  # noqa: B023
            assert np.isnan(losses).all() == (generation in lost)
            if generation < 1 + max(lost) and lost[0] == 0:
                assert one.best is None
        assert one.best is not None and np.isfinite(one.best[1])

    def test_never_stops(self, optimizer: type[Optimizer]) -> None:
        """Neither a flat loss nor a search that has long converged ends it."""
        problem = box(2)
        for loss in (sphere(problem), lambda rows: np.zeros(len(rows))):
            history = search(build(optimizer, problem), loss, 400)
            assert np.isfinite(history[-1][0]).all()

    def test_improves_on_its_first_generation(self, optimizer: type[Optimizer]) -> None:
        """On a bowl in 10 dimensions 1,600 evaluations reach a tenth of the first generation's lowest loss."""
        problem = box(10)
        for seed in range(3):
            one = build(optimizer, problem, seed)
            first = search(one, sphere(problem), 1)[0][1].min()
            while one.evaluations < 1600:
                search(one, sphere(problem), 1)
            assert one.best is not None
            assert one.best[1] < 0.1 * first if optimizer.learns else one.best[1] <= first
