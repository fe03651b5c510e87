"""Paired errors of two ways to search, compared over many functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.optimizers import FloatArray
from harness.records.wrappers import Difference
from harness.report.statistics import holm

_RESAMPLES = 2000
_DIGITS = 6


def compare(columns: Sequence[Sequence[tuple[int, float, float]]]) -> list[Difference]:
    """Compares one or more ways to search with their peers.

    Args:
        columns: for each of them, for each problem: its function, the error of the one and of its peer; errors above 0.

    Returns:
        One difference per column; Holm's correction is over the columns.

    Source: Wilcoxon (1945), Biometrics Bulletin 1, 80-83; Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    logs = [_log_ratios(column) for column in columns]
    p_values = [signed_rank(ratios) for ratios in logs]
    found = []
    for column, ratios, p, p_holm in zip(columns, logs, p_values, holm(p_values), strict=True):
        low, high = _interval(np.array([function for function, _, _ in column]), ratios)
        found.append(
            Difference(
                median=float(np.median(ratios)),
                low=low,
                high=high,
                better=int((ratios < 0).sum()),
                equal=int((ratios == 0).sum()),
                worse=int((ratios > 0).sum()),
                p=p,
                p_holm=p_holm,
            )
        )
    return found


def _log_ratios(column: Sequence[tuple[int, float, float]]) -> FloatArray:
    ratios: FloatArray = np.log10([one / peer for _, one, peer in column])
    # Two searches in one local optimum differ by the rounding of the function alone.
    return np.round(ratios, _DIGITS)


def signed_rank(differences: FloatArray) -> float:
    """Two-sided p of Wilcoxon's signed-rank test on (n,) differences, zeros ranked as Pratt does; 1 if all are 0."""
    from scipy.stats import wilcoxon

    if not differences.any():
        return 1.0
    return float(wilcoxon(differences, zero_method="pratt").pvalue)


def _interval(functions: FloatArray, ratios: FloatArray) -> tuple[float, float]:
    """95 % interval of the median; functions are drawn with all their problems, which are alike."""
    rng = np.random.default_rng(0)
    groups = [ratios[functions == one] for one in np.unique(functions)]
    medians = [
        np.median(np.concatenate([groups[k] for k in rng.integers(len(groups), size=len(groups))]))
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(medians, [0.025, 0.975])
    return float(low), float(high)
