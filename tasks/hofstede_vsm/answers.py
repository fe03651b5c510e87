"""From option log-probabilities to item means: expected answers, mapped back to the item's scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.tasks.hofstede_vsm.indices import ANSWERS, ITEMS, Array
from harness.tasks.hofstede_vsm.prompts import Prompt, reversed_order


def expected_answers(option_log_probabilities: Array, reversed_options: np.ndarray) -> Array:
    """Expected answer of each prompt, given that one of the five options is chosen.

    Args:
        option_log_probabilities: (..., N, 5) nats, option 1 first as it was listed; they need not sum to one.
        reversed_options: (N,) True where the options were listed in reversed order.

    Returns:
        (..., N) answers on the item's own scale, 1 to 5. NaN where a log-probability is not finite.

    Raises:
        ValueError: the last axis is not 5 long.
    """
    logs = np.asarray(option_log_probabilities, dtype=np.float64)
    if logs.shape[-1:] != (len(ANSWERS),):
        raise ValueError(f"log-probabilities of shape {logs.shape}: expected (..., N, {len(ANSWERS)})")
    usable = np.asarray(np.isfinite(logs).all(axis=-1, keepdims=True))
    safe = np.where(usable, logs, 0.0)
    weights = np.exp(safe - safe.max(axis=-1, keepdims=True))
    # No matrix product: its last digits depend on the library and on where the array lies in memory.
    position = (weights * np.asarray(ANSWERS, dtype=np.float64)).sum(axis=-1) / weights.sum(axis=-1)
    answers = np.where(reversed_options, 6.0 - position, position)
    return np.where(usable[..., 0], answers, np.nan)


def item_means(option_log_probabilities: Array, prompts: Sequence[Prompt]) -> Array:
    """Mean expected answer of each item over the prompts that ask it.

    Args:
        option_log_probabilities: (..., N, 5) nats, in the order of `prompts`.
        prompts: the N prompts; every item must be asked.

    Returns:
        (..., 24) means, 1 to 5. NaN where one of the item's prompts has no finite answer: nothing is imputed.

    Raises:
        ValueError: an item is not asked, or the number of prompts or of options differs.
    """
    shape = np.shape(option_log_probabilities)
    # Checked first: a single row would otherwise be spread over all prompts.
    if shape[-2:] != (len(prompts), len(ANSWERS)):
        raise ValueError(f"log-probabilities of shape {shape}: expected (..., {len(prompts)}, {len(ANSWERS)})")
    answers = expected_answers(option_log_probabilities, reversed_order(prompts))
    asks = np.array([[prompt.item == item for prompt in prompts] for item in range(1, ITEMS + 1)], dtype=np.float64)
    counts = asks.sum(axis=1)
    if (counts == 0).any():
        missing = (np.flatnonzero(counts == 0) + 1).tolist()
        raise ValueError(f"items {missing} are not asked: a partial survey has no indices")
    means = [answers[..., row > 0].mean(axis=-1) for row in asks]
    return np.stack(means, axis=-1)


def option_mass(option_log_probabilities: Array) -> Array:
    """Probability on the five options, averaged over prompts: (..., N, 5) nats -> (...), 0 to 1."""
    mass: Array = np.exp(np.asarray(option_log_probabilities, dtype=np.float64)).sum(axis=-1).mean(axis=-1)
    return mass
