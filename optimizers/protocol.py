"""What every optimizer speaks: ask for candidates, tell their losses, minimise.

A candidate is one row of float64 numbers inside a box. What the numbers stand for is not known here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from harness.optimizers.checks import FloatArray, check_box, check_candidates, check_rows, checked_losses, frozen

__all__ = ["FloatArray", "Optimizer", "OptimizerParameters", "Problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """The box that is searched, where to begin and how long the search may last.

    Args:
        lower: (d,) finite lower bounds, copied.
        upper: (d,) finite upper bounds, each above its lower bound, copied.
        budget: number of candidate evaluations the optimizer can expect, at least 1.
        initial: (n, d) candidates worth asking first, best first, inside the box, copied; None when there are none.
        goal: (m,) what the m outputs of a candidate should be, NaN where it does not matter, copied; None when a
            candidate has no outputs but its loss. The loss falls as the outputs come nearer to the goal; an optimizer
            may learn from the outputs or from the loss alone.

    Raises:
        ValueError: a shape, a bound, a row, the goal or the budget is not as described.
    """

    lower: FloatArray
    upper: FloatArray
    budget: int
    initial: FloatArray | None = None
    goal: FloatArray | None = None

    def __post_init__(self) -> None:
        """Copies the arrays, makes the copies read-only and checks them."""
        for field in ("lower", "upper", "initial", "goal"):
            value = getattr(self, field)
            if value is not None:
                object.__setattr__(self, field, frozen(value))
        check_box(self.lower, self.upper)
        if self.initial is not None:
            check_rows("initial", self.initial, self.lower, self.upper, "give None when no candidate is known")
        if self.goal is not None and (self.goal.ndim != 1 or np.isinf(self.goal).any() or np.isnan(self.goal).all()):
            raise ValueError(
                f"goal is {self.goal.tolist()}: expected (m,) numbers, NaN where an output does not matter; give None "
                "when there are no outputs"
            )
        if isinstance(self.budget, bool) or not isinstance(self.budget, int) or self.budget < 1:
            raise ValueError(
                f"budget is {self.budget!r}: expected a whole number of at least 1; give the candidate evaluations left"
            )

    @property
    def dim(self) -> int:
        """Number of coordinates d of a candidate, at least 1."""
        return self.lower.size


class OptimizerParameters(BaseModel):
    """Base of every optimizer's settings: frozen, no unknown names, no NaN or infinity.

    Each field of a subclass has a default, a description and, if it is a number, a range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Optimizer(ABC):
    """A search that proposes candidates and learns from their losses; lower is better.

    A subclass sets the class attributes and writes `_ask` and `_tell`. Call order, shapes, bounds, failed candidates
    and the incumbent are looked after here.

    Args:
        problem: the box, the first candidates and the budget.
        parameters: an instance of the class's `Parameters`.
        rng: the only source of randomness; the optimizer draws from it, so give each optimizer its own.

    Raises:
        TypeError: `parameters` or `rng` is of another class.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str]
    Parameters: ClassVar[type[OptimizerParameters]]
    learns: ClassVar[bool] = True
    """Whether the losses told have any say in what is asked next."""
    fewest_dimensions: ClassVar[int] = 1
    """Smallest d that can be searched."""

    def __init__(self, problem: Problem, parameters: OptimizerParameters, rng: np.random.Generator) -> None:
        if not isinstance(parameters, self.Parameters):
            raise TypeError(
                f"parameters of optimizer '{self.name}' are of class {type(parameters).__name__}: expected "
                f"{self.Parameters.__name__}; build them with parse_parameters or with the class itself"
            )
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"rng is of class {type(rng).__name__}: expected a numpy Generator; use numpy.random.default_rng(seed)"
            )
        self.problem = problem
        self._rng = rng
        self._pending: FloatArray | None = None
        self._best: tuple[FloatArray, float] | None = None
        self._evaluations = 0
        self._generation = 0

    @property
    def best(self) -> tuple[FloatArray, float] | None:
        """The incumbent, (d,) and read-only, with its loss; None while no candidate has had a loss."""
        return self._best

    @property
    def evaluations(self) -> int:
        """Number of candidates told so far, failed ones included."""
        return self._evaluations

    @property
    def generation(self) -> int:
        """Number of generations told so far."""
        return self._generation

    def ask(self) -> FloatArray:
        """Proposes the next generation.

        Returns:
            (n, d), float64, C-order, read-only, inside the box. The first generation begins with the rows of
            `problem.initial`, as many as the optimizer's population holds; n may differ between generations.

        Raises:
            RuntimeError: the last generation asked has not been told yet, or the subclass proposed no such array.
        """
        if self._pending is not None:
            raise RuntimeError(
                f"ask() came before the losses of generation {self._generation}: expected tell(candidates, losses) "
                f"for the {len(self._pending)} candidates asked last; tell them first"
            )
        rows = np.array(self._ask(), dtype=np.float64, order="C", copy=True)
        if rows.ndim != 2 or rows.shape[0] < 1 or rows.shape[1] != self.problem.dim or not np.isfinite(rows).all():
            raise RuntimeError(
                f"optimizer '{self.name}' proposed an array of shape {rows.shape}: expected (n, {self.problem.dim}) "
                "finite numbers; mend its _ask"
            )
        np.clip(rows, self.problem.lower, self.problem.upper, out=rows)
        rows.flags.writeable = False
        self._pending = rows
        return rows

    def tell(self, candidates: npt.ArrayLike, losses: npt.ArrayLike, outputs: npt.ArrayLike | None = None) -> None:
        """Takes the losses of the generation asked last. A refused call changes nothing and may be repeated.

        Args:
            candidates: (n, d), what `ask` returned; not changed.
            losses: (n,), lower is better; NaN marks a failed candidate, which never becomes the incumbent; not changed.
            outputs: (n, m), finite where the loss is; not changed. Needed where the problem has a goal.

        Raises:
            RuntimeError: nothing has been asked, or these candidates are not the ones asked.
            ValueError: a shape is wrong or a loss is infinite.
        """
        if self._pending is None:
            raise RuntimeError(
                f"tell() came with nothing asked, after {self._generation} generations: expected ask() before each "
                "tell(); call ask() and evaluate what it returns"
            )
        asked = self._pending
        check_candidates(np.asarray(candidates), asked)
        values = checked_losses(losses, len(asked))
        self._tell_outputs(asked, values, self._checked_outputs(outputs, values))
        self._pending = None
        self._evaluations += len(asked)
        self._generation += 1
        if not np.isnan(values).all():
            self._improve(asked, values)

    def adopt(self, candidates: npt.ArrayLike, losses: npt.ArrayLike, outputs: npt.ArrayLike | None = None) -> None:
        """Takes candidates that were evaluated elsewhere; they cost nothing here and are not counted.

        Searches of other problems over the same box come by them. Called between `tell` and `ask`; what an optimizer
        makes of them is its own affair, and one that makes nothing of them is as good a member of the protocol.

        Args:
            candidates: (n, d), inside the box, n may be 0; not changed.
            losses: (n,), finite; not changed.
            outputs: as in `tell`.

        Raises:
            RuntimeError: candidates are waiting to be told.
            ValueError: a shape is wrong, a row lies outside the box or a loss is not finite.
        """
        if self._pending is not None:
            raise RuntimeError(
                f"adopt() came before the losses of generation {self._generation}: expected tell(candidates, losses) "
                "first; adopt after it"
            )
        rows = frozen(candidates)
        values = checked_losses(losses, len(rows))
        if not len(rows):
            return
        check_rows("candidates adopted", rows, self.problem.lower, self.problem.upper)
        if np.isnan(values).any():
            raise ValueError("a loss adopted is NaN: expected finite numbers; leave failed candidates out")
        self._adopt_outputs(rows, values, self._checked_outputs(outputs, values))
        self._improve(rows, values)

    @abstractmethod
    def _ask(self) -> FloatArray:
        """Returns the next candidates, (n, d) and finite; rounding errors beyond the box are clipped by the caller."""

    @abstractmethod
    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        """Learns from a checked generation: (n, d) and (n,), read-only, losses finite or NaN for failed."""

    def _adopt(self, candidates: FloatArray, losses: FloatArray) -> None:  # noqa: B027
        """Learns from checked candidates of elsewhere, (n, d) and (n,), n at least 1; by default does nothing."""

    def _tell_outputs(self, candidates: FloatArray, losses: FloatArray, outputs: FloatArray | None) -> None:
        """What `_tell` is for, with outputs (n, m) if the problem has a goal and they were told."""
        self._tell(candidates, losses)

    def _adopt_outputs(self, candidates: FloatArray, losses: FloatArray, outputs: FloatArray | None) -> None:
        """What `_adopt` is for, with outputs as in `_tell_outputs`."""
        self._adopt(candidates, losses)

    def _checked_outputs(self, outputs: npt.ArrayLike | None, losses: FloatArray) -> FloatArray | None:
        if self.problem.goal is None:
            return None
        rows = frozen([] if outputs is None else outputs)
        expected = (len(losses), self.problem.goal.size)
        if rows.shape != expected or not np.isfinite(rows[~np.isnan(losses)]).all():
            raise ValueError(
                f"outputs have shape {rows.shape}: expected {expected} numbers, finite where the loss is, because "
                "the problem has a goal; give them or build the problem without"
            )
        return rows

    def _improve(self, candidates: FloatArray, losses: FloatArray) -> None:
        """Takes the best of some candidates as the incumbent if it is better; at least one loss is a number."""
        winner = int(np.nanargmin(losses))
        if self._best is None or losses[winner] < self._best[1]:
            self._best = (frozen(candidates[winner]), float(losses[winner]))

    def _first(self, count: int) -> FloatArray:
        """Returns `count` rows, (count, d): those of `problem.initial` first, then uniform draws in the box."""
        known = self._initial(count)
        lower, upper = self.problem.lower, self.problem.upper
        drawn = lower + (upper - lower) * self._rng.random((count - len(known), self.problem.dim))
        return np.concatenate([known, drawn])

    def _initial(self, most: int) -> FloatArray:
        """Returns the first rows of `problem.initial`, (n, d) with n from 0 to `most`."""
        if self.problem.initial is None:
            return np.empty((0, self.problem.dim))
        return self.problem.initial[:most]
