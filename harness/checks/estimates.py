"""Means over questions with their bootstrap intervals."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.records.transfer import Estimate

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 9999
SEED: Final = 20130
TOGETHER: Final = 2_000_000
"""Numbers drawn at a time, so that thousands of questions take no gigabytes."""


def estimate(values: NDArray[np.float64]) -> Estimate:
    """The mean of (N,) values and its 95 % interval (BCa) over them.

    Returns:
        Without an interval for fewer than two values, and where the bootstrap finds none; the value itself as both ends
        where all are equal.

    Source: Efron (1987), Better bootstrap confidence intervals.
    """
    mean = float(values.mean())
    if len(values) < 2:
        return Estimate(mean=mean, low=None, high=None)
    if np.ptp(values) == 0:
        return Estimate(mean=mean, low=mean, high=mean)

    from scipy.stats import DegenerateDataWarning, bootstrap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = bootstrap(
            (values,),
            np.mean,
            n_resamples=RESAMPLES,
            batch=max(1, TOGETHER // len(values)),
            confidence_level=CONFIDENCE,
            rng=np.random.default_rng(SEED),
            method="BCa",
        ).confidence_interval
    known = bool(np.isfinite(found.low) and np.isfinite(found.high))
    return Estimate(mean=mean, low=float(found.low) if known else None, high=float(found.high) if known else None)
