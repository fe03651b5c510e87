"""The instruments' own metrics between two distributions over the same options."""

from __future__ import annotations

import numpy as np
from scipy.special import rel_entr
from scipy.stats import wasserstein_distance

from harness.tasks.opinions.question import Floats, Metric

CLOSE = 0.2
"""The distance below which WorldValuesBench counts a question as met."""


def jensen_shannon(ours: Floats, theirs: Floats) -> float:
    """Jensen-Shannon distance: the root of the divergence in bits.

    Args:
        ours: (k,) probabilities.
        theirs: (k,) the same.

    Returns:
        0 for equal distributions to 1 for distributions that share no option.

    Source: Endres & Schindelin (2003), A new metric for probability distributions.
    """
    ours, theirs = _checked(ours), _checked(theirs)
    middle = (ours + theirs) / 2
    bits = float(rel_entr(ours, middle).sum() + rel_entr(theirs, middle).sum()) / (2 * np.log(2))
    # Rounding leaves a divergence a little below 0 where both are all but equal; scipy's own distance is NaN there.
    return float(np.sqrt(min(max(bits, 0.0), 1.0)))


def similarity(ours: Floats, theirs: Floats) -> float:
    """1 - Jensen-Shannon distance, 0 to 1, higher is closer.

    Source: Durmus et al. (2023) for 1 - distance. The base of its logarithm was not found in what could be read of it;
    base 2 gives 0 to 1. In base e each distance is 0.8326 times as large.
    """
    return 1.0 - jensen_shannon(ours, theirs)


def wasserstein(ours: Floats, theirs: Floats) -> float:
    """Wasserstein-1 distance with the ordinal options placed evenly from 0 to 1; lower is closer.

    Args:
        ours: (k,) probabilities of the options, the lowest of the scale first, k at least 2.
        theirs: (k,) the same.

    Returns:
        0 for equal distributions to 1 for opposite ends of the scale.

    Source: Zhao et al. (2024) and evaluation/evaluate.py of WorldValuesBench: scores normalised to 0 to 1 by the ends
    of their scale, then scipy's wasserstein_distance.
    """
    ours, theirs = _checked(ours), _checked(theirs)
    places = np.linspace(0.0, 1.0, len(ours))
    return float(wasserstein_distance(places, places, ours, theirs))


def score(metric: Metric, ours: Floats, theirs: Floats | None) -> float:
    """What an instrument says of one question.

    Args:
        metric: preference is the probability of the first option and needs no people.
        ours: (k,) the model's probabilities.
        theirs: (k,) the people's shares.

    Raises:
        ValueError: the metric compares with people and there are none.
    """
    if metric == "preference":
        return float(_checked(ours)[0])
    if theirs is None:
        raise ValueError(f"metric {metric}: expected the people's shares, got none")
    return similarity(ours, theirs) if metric == "similarity" else wasserstein(ours, theirs)


def _checked(values: Floats) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) < 2 or not (array >= 0).all() or abs(array.sum() - 1) > 1e-6:
        raise ValueError(f"expected at least two probabilities that sum to 1, got {array}")
    return array
