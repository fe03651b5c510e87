"""The generative model behind the bundled respondent: who answers what, with which probability.

A simulation, not a finding about people or about any published model. Its constants are stated in the model card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erf, sqrt
from typing import Final

import numpy as np

from harness.tasks.hofstede_vsm.indices import CONSTANTS, DIMENSIONS, ITEMS, MIDDLE, WEIGHTS, Array, minimum_norm_means
from harness.tasks.hofstede_vsm.regions import Region, Regions

WEST: Final = {"USA": 0.40, "GBR": 0.20, "CAN": 0.15, "AUS": 0.15, "NLD": 0.10}
"""Mix of regions that answers when no region is named."""
EXPRESSION: Final = 0.6
"""Share of the way from the mix to a named region's scores."""
BIAS_SD: Final = 7.0
"""Standard deviation of the fixed error per named region and dimension, index points."""
UNNAMED_SD: Final = 20.0
"""Prior standard deviation of the scores when no region is named, index points."""
DEMONSTRATION_SD: Final = 15.0
"""Standard deviation that the respondent grants to the index a demonstration implies, index points."""
BASE_SD: Final = 0.25
"""Standard deviation of the item means that no index sees."""
ORDER_SD: Final = 0.04
"""Standard deviation of the shift of an item's mean by option order: up in forward, down in reversed order."""
ANSWER_SD: Final = 0.9
"""Standard deviation of the normal distribution that the five answers cut."""
LOWEST_MEAN, HIGHEST_MEAN = 1.1, 4.9
_CUTS: Final = (1.5, 2.5, 3.5, 4.5)
_erf = np.vectorize(erf, otypes=[np.float64])


@dataclass(frozen=True)
class Simulation:
    """Fixed draws of one seed.

    Attributes:
        west: (6,) scores when no region is named.
        base: (24,) item means at scores of 50 throughout.
        order: (24,) shift of the item mean by option order.
        personas: (6,) expressed scores per region code.
    """

    west: Array
    base: Array
    order: Array
    personas: Mapping[str, Array]

    @staticmethod
    def draw(table: Regions, rng: np.random.Generator) -> Simulation:
        """Draws the fixed errors for the complete regions of a table."""
        west = sum(share * np.array(table[code].scores) for code, share in WEST.items())
        noise = rng.normal(0.0, BASE_SD, ITEMS)
        seen = np.linalg.pinv(WEIGHTS) @ WEIGHTS
        personas = {
            region.code: west
            + EXPRESSION * (np.array(region.scores) - west)
            + rng.normal(0.0, BIAS_SD, len(DIMENSIONS))
            for region in table.complete
        }
        return Simulation(np.asarray(west), MIDDLE + noise - seen @ noise, rng.normal(0.0, ORDER_SD, ITEMS), personas)

    def scores(self, region: Region | None, shown: Sequence[tuple[int, int]] = ()) -> Array:
        """Scores that the respondent answers from: the posterior mean given a name and demonstrations.

        Args:
            region: the region named, or None.
            shown: (item, answer) of each demonstration, answer 1 to 5.

        Returns:
            (6,) index points. In every dimension that demonstrations speak of, the prior moves towards the index they
            imply, by prior variance / (prior variance + demonstration variance).
        """
        prior, sd = (self.west, UNNAMED_SD) if region is None else (self.personas[region.code], BIAS_SD)
        implied, spoken = np.full(len(DIMENSIONS), CONSTANTS["midpoint"]), np.zeros(len(DIMENSIONS), dtype=bool)
        for item, answer in shown:
            implied += WEIGHTS[:, item - 1] * (answer - MIDDLE)
            spoken |= WEIGHTS[:, item - 1] != 0
        weight = sd**2 / (sd**2 + DEMONSTRATION_SD**2)
        return np.where(spoken, prior + weight * (implied - prior), prior)

    def item_means(self, scores: Array) -> Array:
        """(6,) scores -> (24,) item means before any effect of option order, 1.1 to 4.9."""
        means = self.base + minimum_norm_means(scores) - MIDDLE
        return np.clip(means, LOWEST_MEAN, HIGHEST_MEAN)

    def option_probabilities(self, means: Array, items: Sequence[int], reversed_options: Sequence[bool]) -> Array:
        """Probability of each option as listed.

        Args:
            means: (24,) item means.
            items: N item numbers, 1 to 24.
            reversed_options: N flags; True lists the options in reversed order.

        Returns:
            (N, 5) probabilities, rows sum to 1.
        """
        index, backwards = np.array(items) - 1, np.array(reversed_options)
        centre = means[index] + np.where(backwards, -1.0, 1.0) * self.order[index]
        listed = np.where(backwards, 6.0 - centre, centre)
        below = 0.5 * (1.0 + _erf((np.array(_CUTS) - listed[:, None]) / (ANSWER_SD * sqrt(2.0))))
        edges = np.concatenate([np.zeros((len(items), 1)), below, np.ones((len(items), 1))], axis=1)
        return np.diff(edges, axis=1)
