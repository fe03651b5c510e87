"""The numbers of a contest as pure functions on arrays; errors in index points, lower is better.

A curve is a sequence of (evaluations, best error so far): a step function that is continuous from the right and has no
value before its first point.

Sources:
    Hansen, Auger, Ros, Mersmann, Tusar, Brockhoff (2021): COCO: a platform for comparing continuous optimizers in a
    black-box setting. Optimization Methods and Software 36(1). Run lengths, targets, empirical distributions.
    Auger, Hansen (2005): Performance evaluation of an advanced local search evolutionary algorithm. CEC. ERT.
    Demsar (2006): Statistical comparisons of classifiers over multiple data sets. JMLR 7. Ranks, Friedman.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from harness.report.statistics import CONFIDENCE, DIGITS, RESAMPLES, SEED, Floats

Curve = Sequence[tuple[float, float]]

TARGETS: Final = (20.0, 15.0, 10.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.5, 1.0)
"""Errors that count as solved, each harder than the one before."""


def values_at(curve: Curve, grid: Floats) -> Floats:
    """(G,) best error after each number of evaluations in `grid`; inf before the first point."""
    points = np.asarray(curve, dtype=np.float64)
    place = np.searchsorted(points[:, 0], grid, side="right") - 1
    found: Floats = np.where(place < 0, np.inf, points[np.maximum(place, 0), 1])
    return found


def bands(curves: Sequence[Curve], grid: Floats) -> Floats:
    """(3, G) lower quartile, median and upper quartile over curves; NaN where a curve has no value yet."""
    values = np.array([values_at(curve, grid) for curve in curves])
    begun = np.isfinite(values).all(axis=0)
    found = np.full((3, len(grid)), np.nan)
    if begun.any():
        found[:, begun] = np.quantile(values[:, begun], (0.25, 0.5, 0.75), axis=0)
    return found


def run_lengths(curves: Sequence[Curve], targets: ArrayLike) -> Floats:
    """(N, T) evaluations after which each of N curves is at or below each of T targets; inf where it never is."""
    goals = np.asarray(targets, dtype=np.float64)
    found = np.full((len(curves), len(goals)), np.inf)
    for row, curve in enumerate(curves):
        points = np.asarray(curve, dtype=np.float64)
        reached = points[:, 1][:, None] <= goals
        hit = reached.any(axis=0)
        found[row, hit] = points[reached.argmax(axis=0)[hit], 0]
    return found


def ecdf(lengths: Floats, grid: Floats) -> Floats:
    """(G,) share of all (run, target) pairs of (N, T) run lengths that were reached within each number of evaluations.

    Source: Hansen et al. (2021), section 4.4, runtime distributions aggregated over problems and targets.
    """
    flat = np.sort(lengths.reshape(-1))
    found: Floats = np.searchsorted(flat, grid, side="right") / len(flat)
    return found


def expected_running_time(lengths: Floats, spent: Floats) -> float:
    """ERT: evaluations of all runs until they reached the target or ended, per run that reached it.

    Args:
        lengths: (N,) evaluations until a run reached the target, inf if it never did.
        spent: (N,) evaluations of the whole run.

    Returns:
        inf where no run reached the target.

    Source: Auger & Hansen (2005), equation 1, in the form of Hansen et al. (2021), section 4.3.
    """
    reached = np.isfinite(lengths)
    if not reached.any():
        return float("inf")
    return float(np.where(reached, lengths, spent).sum() / reached.sum())


def ranks(values: Floats) -> Floats:
    """(E, R) rank of each of E entrants in every region, 1 is the lowest error; equal ones share their mean rank."""
    from scipy import stats

    found: Floats = stats.rankdata(np.round(values, DIGITS), axis=0)
    return found


def friedman(values: Floats) -> float | None:
    """Tests whether E entrants rank alike over R regions.

    Args:
        values: (E, R) errors.

    Returns:
        The p value; None where it is not defined: fewer than three entrants or two regions, or all equal everywhere.

    Source: Friedman (1937), with the correction for ties; its chi-square holds for about ten regions or more.
    """
    rounded = np.round(values, DIGITS)
    if len(rounded) < 3 or rounded.shape[1] < 2 or not np.ptp(rounded, axis=0).any():
        return None

    from scipy import stats

    return float(stats.friedmanchisquare(*rounded).pvalue)


def bootstrap(values: Floats, statistic: Callable[..., Floats] = np.median) -> tuple[float | None, float | None]:
    """Percentile interval (95 %) of a statistic of (N,) values, resampled; (None, None) for fewer than two.

    The percentile method, because a median of a handful of regions jumps from one of them to the next, and BCa would
    estimate its corrections from those jumps. For a mean, `statistics.interval` is the better one.

    Source: Efron & Tibshirani (1993), An introduction to the bootstrap, chapter 13.
    """
    if len(values) < 2:
        return None, None

    from scipy import stats

    low, high = stats.bootstrap(
        (values,),
        statistic,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        rng=np.random.default_rng(SEED),
        method="percentile",
    ).confidence_interval
    return float(low), float(high)
