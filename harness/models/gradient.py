"""Back-propagation through a survey: what a soft prompt does to expected answers, and Adam on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.models.language_model import LanguageModel
from harness.models.memory import out_of_memory
from harness.models.packed import Packed
from harness.models.scorer import Engine, Plan, Scorer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Objective:
    """What is to fall: the mean absolute difference of `matrix` @ answers + `constant` from a target.

    Attributes:
        turns: N user turns, before the chat template.
        backwards: (N,) True where options are listed in reversed order.
        matrix: (m, N) from expected answers, 1 to 5, to outputs.
        constant: (m,).
    """

    turns: Sequence[str]
    backwards: NDArray[np.bool_]
    matrix: Floats
    constant: Floats


@dataclass(frozen=True)
class Path:
    """Where a descent went.

    Attributes:
        best: (k, d) the k best points on the way, the best first.
        losses: of every step, the first one that of the start.
    """

    best: Floats
    losses: list[float]


class Descent:
    """Adam on soft prompts mean + z * std, one descent for each target.

    Args:
        lm: the frozen model.
        objective: what falls.
        virtual: V.
        mean: (D,) over the token embeddings.
        std: (D,) over the token embeddings: the unit of z and of the learning rate.
        keep: k, points of a descent that are kept.
        together: descents in one pass.
    """

    def __init__(
        self,
        lm: LanguageModel,
        objective: Objective,
        virtual: int,
        mean: Floats,
        std: Floats,
        keep: int = 1,
        together: int = 4,
    ) -> None:
        self._lm, self._virtual, self._keep, self._together = lm, virtual, keep, together
        scorer = Scorer(lm, objective.turns, virtual, Plan(kind="packed") if lm.abilities.packed else None)
        self._engine: Engine = scorer.engine
        if isinstance(self._engine, Packed):
            self._engine.make_differentiable()
        self._options = scorer.options.clone()
        self._backwards = torch.from_numpy(objective.backwards).to(lm.device)
        self._matrix, self._constant, self._mean, self._std = (
            torch.from_numpy(part).float().to(lm.device) for part in (objective.matrix, objective.constant, mean, std)
        )

    def run(self, starts: Floats, targets: Floats, steps: int, rate: float) -> list[Path]:
        """Descends from the first of (R, V * D) starts towards (R, m) targets, as many as go together.

        Returns:
            The paths of these, at least one, in their order.

        Args:
            starts: in units of z.
            targets: one row for each start, NaN where there is none.
            steps: evaluations of each descent, the start's own included.
            rate: Adam's learning rate.

        Raises:
            ModelError: memory does not suffice for one backward pass.
        """
        while True:
            part = slice(self._together)
            try:
                with self._engine.active(), torch.enable_grad():
                    return self._descend(starts[part], targets[part], steps, rate)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                self._take_less()

    def _take_less(self) -> None:
        if self._together == 1:
            raise ModelError(
                f"model '{self._lm.spec.name}' has no memory left for a backward pass: leave 'gradient' out, or give "
                "--dtype bfloat16 or fewer --tokens"
            )
        self._together //= 2

    def _descend(self, starts: Floats, targets: Floats, steps: int, rate: float) -> list[Path]:
        z = torch.from_numpy(starts).float().to(self._lm.device).requires_grad_()
        goal = torch.from_numpy(targets).float().to(self._lm.device)
        optimizer = torch.optim.Adam([z], lr=rate)
        losses = []
        kept: list[list[tuple[float, Floats]]] = [[] for _ in starts]
        for _ in range(steps):
            optimizer.zero_grad()
            loss = (self._outputs(z) - goal).abs().nanmean(dim=1)
            losses.append(loss.detach().double().cpu().numpy())
            for row, (best, point) in enumerate(zip(kept, z.detach().double().cpu().numpy(), strict=True)):
                best.append((float(losses[-1][row]), point.copy()))
                best.sort(key=lambda one: one[0])
                del best[self._keep :]
            loss.sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return [
            Path(np.stack([point for _, point in best]), [float(step[row]) for step in losses])
            for row, best in enumerate(kept)
        ]

    def _outputs(self, z: torch.Tensor) -> torch.Tensor:
        """(B, V * D) -> (B, m)."""
        soft = self._mean + z.view(len(z), self._virtual, -1) * self._std
        logits = self._engine.logits(soft.to(self._lm.dtype))[:, self._options].float()
        positions = torch.arange(1, logits.shape[1] + 1, device=logits.device, dtype=torch.float32)
        answers = (logits.softmax(dim=-1) * positions).sum(dim=-1).view(len(z), -1)
        answers = torch.where(self._backwards, len(positions) + 1 - answers, answers)
        return answers @ self._matrix.T + self._constant
