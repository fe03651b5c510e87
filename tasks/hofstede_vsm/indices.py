"""From item means to the six indices and back: pure functions on arrays.

Source: Hofstede and Minkov, Values Survey Module 2013 Manual, index formulas.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIMENSIONS: Final = ("pdi", "idv", "mas", "uai", "lto", "ivr")
DIMENSION_NAMES: Final = {
    "pdi": "power distance",
    "idv": "individualism",
    "mas": "motivation towards achievement (masculinity)",
    "uai": "uncertainty avoidance",
    "lto": "long-term orientation",
    "ivr": "indulgence",
}
ITEMS: Final = 24
ANSWERS: Final = (1, 2, 3, 4, 5)
MIDDLE: Final = 3.0

# (dimension, coefficient, item added, item subtracted): coefficient * (mean of added - mean of subtracted).
TERMS: Final = (
    ("pdi", 35, 7, 2),
    ("pdi", 25, 20, 23),
    ("idv", 35, 4, 1),
    ("idv", 35, 9, 6),
    ("mas", 35, 5, 3),
    ("mas", 35, 8, 10),
    ("uai", 40, 18, 15),
    ("uai", 25, 21, 24),
    ("lto", 40, 13, 14),
    ("lto", 25, 19, 22),
    ("ivr", 35, 12, 11),
    ("ivr", 40, 17, 16),
)


def _weights() -> Array:
    matrix = np.zeros((len(DIMENSIONS), ITEMS))
    for dimension, coefficient, added, subtracted in TERMS:
        matrix[DIMENSIONS.index(dimension), added - 1] = coefficient
        matrix[DIMENSIONS.index(dimension), subtracted - 1] = -coefficient
    matrix.flags.writeable = False
    return matrix


WEIGHTS: Final = _weights()
"""(6, 24) index points per unit of an item mean; every item stands in exactly one row."""

# (6, 2) each: the two terms of a dimension.
_COEFFICIENTS: Final = np.array([[float(c) for d, c, _, _ in TERMS if d == name] for name in DIMENSIONS])
_ADDED: Final = np.array([[item - 1 for d, _, item, _ in TERMS if d == name] for name in DIMENSIONS])
_SUBTRACTED: Final = np.array([[item - 1 for d, _, _, item in TERMS if d == name] for name in DIMENSIONS])

CONSTANTS: Final = {"midpoint": 50.0}
"""Named constants schemes: what an index is when all item means are equal, the same for every region (decision 8)."""


def indices(item_means: Array, constant: float = CONSTANTS["midpoint"]) -> Array:
    """Computes the six indices of a set of item means.

    Args:
        item_means: (..., 24) means of the answers, 1 to 5, items in the order of their numbers.
        constant: index points added to every dimension; 50 is the scheme "midpoint".

    Returns:
        (..., 6) index points in the order of `DIMENSIONS`. NaN in a mean gives NaN in its dimension.

    Raises:
        ValueError: the last axis is not 24 long.
    """
    means = np.asarray(item_means, dtype=np.float64)
    if means.shape[-1:] != (ITEMS,):
        raise ValueError(f"item means of shape {means.shape}: expected (..., {ITEMS}); pass one mean per item")
    # Spelt out: a matrix product lets one NaN spoil all six, and its last digits depend on where arrays lie in memory.
    gaps = means[..., _ADDED] - means[..., _SUBTRACTED]
    weighted: Array = _COEFFICIENTS * gaps
    return weighted[..., 0] + weighted[..., 1] + constant


def minimum_norm_means(scores: Array, constant: float = CONSTANTS["midpoint"]) -> Array:
    """Finds the item means nearest to 3 throughout that have the given indices.

    Args:
        scores: (..., 6) index points in the order of `DIMENSIONS`.
        constant: as in `indices`.

    Returns:
        (..., 24) means, not clipped to 1..5: extreme scores have no honest answer inside the scale.
    """
    inverse = np.linalg.pinv(WEIGHTS)
    means: Array = MIDDLE + (np.asarray(scores, dtype=np.float64) - constant) @ inverse.T
    return means


def errors(index_values: Array, targets: Array) -> Array:
    """Mean absolute error of indices against every region's scores.

    Args:
        index_values: (P, 6) index points.
        targets: (R, 6) published scores; NaN where a region has none.

    Returns:
        (P, R) index points, over the dimensions that the region has. NaN in rows of indices that are not all finite.

    Raises:
        ValueError: a region has no score at all.
    """
    values, wanted = np.atleast_2d(index_values), np.atleast_2d(targets)
    known = np.isfinite(wanted)
    if not known.any(axis=1).all():
        empty = np.flatnonzero(~known.any(axis=1)).tolist()
        raise ValueError(f"targets in rows {empty} have no score: expected at least one of {', '.join(DIMENSIONS)}")
    gaps = np.abs(values[:, None, :] - np.where(known, wanted, 0.0)[None])
    total = np.where(known[None], gaps, 0.0).sum(axis=-1) / known.sum(axis=1)
    # An index that a region has no score for counts too: a partial survey is no candidate (decision 9).
    whole: Array = np.where(np.isfinite(values).all(axis=1, keepdims=True), total, np.nan)
    return whole
