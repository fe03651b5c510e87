"""jDE: every member of pymoo's differential evolution carries its own F and CR, which live as long as it does.

Source: Brest et al. (2006), Self-adapting control parameters in differential evolution, IEEE Transactions on
Evolutionary Computation 10, 646-657, eq. 12 and 13.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pymoo.operators.control import ParameterControl

LEAST, WIDTH = 0.1, 0.9
"""F_l and F_u of eq. 12: F is drawn from 0.1 to 1."""
RENEWED: Final = 0.1
"""tau_1 and tau_2: how often a member's F, and its CR, is drawn anew for a trial."""
OWN: Final = ("own F", "own CR")


class SelfAdaptation(ParameterControl):  # type: ignore[misc]
    """The control of one `Variant`.

    Args:
        variant: whose `F` and `CR` are set.
        first: F and CR of members that have none yet.
        rng: the optimizer's generator.
    """

    def __init__(self, variant: Any, first: tuple[float, float], rng: np.random.Generator) -> None:
        super().__init__(None)
        self._variant, self._first, self._rng = variant, first, rng
        self._asked: tuple[Any, ...] = ()

    def do(self, N: int, **_: Any) -> None:
        """Sets F and CR of the next N trials, one for each member."""
        values = []
        for name, first, least, width in zip(OWN, self._first, (LEAST, 0.0), (WIDTH, 1.0), strict=True):
            carried = np.array([first if one is None else one for one in self.data["pop"].get(name)], dtype=np.float64)
            renewed = self._rng.random(N) < RENEWED
            values.append(np.where(renewed, least + width * self._rng.random(N), carried))
        self._asked = tuple(values)
        self._variant.F.set(values[0])
        self._variant.CR.set(values[1])

    def advance(self, infills: Any = None) -> None:
        """Gives the trials what they were made with; it stays with those that take their targets' places."""
        for name, values in zip(OWN, self._asked, strict=True):
            infills.set(name, values)
