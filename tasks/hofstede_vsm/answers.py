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
    weights, usable = _weights(option_log_probabilities)
    # No matrix product: its last digits depend on the library and on where the array lies in memory.
    position = (weights * np.asarray(ANSWERS, dtype=np.float64)).sum(axis=-1) / weights.sum(axis=-1)
    return np.where(usable[..., 0], answered(position, reversed_options), np.nan)


def _weights(option_log_probabilities: Array) -> tuple[Array, np.ndarray]:
    """(..., 5) probabilities up to a factor, and (..., 1) where all five are finite."""
    logs = np.asarray(option_log_probabilities, dtype=np.float64)
    if logs.shape[-1:] != (len(ANSWERS),):
        raise ValueError(f"log-probabilities of shape {logs.shape}: expected (..., N, {len(ANSWERS)})")
    usable = np.asarray(np.isfinite(logs).all(axis=-1, keepdims=True))
    safe = np.where(usable, logs, 0.0)
    return np.exp(safe - safe.max(axis=-1, keepdims=True)), usable


def answered(position: Array, reversed_options: np.ndarray) -> Array:
    """(..., N) places in the list of options, 1 to 5, as answers on the item's own scale."""
    return np.where(reversed_options, 6.0 - position, position)


def option_probabilities(option_log_probabilities: Array) -> Array:
    """(..., 5) nats as probabilities that sum to one; NaN throughout where one is not finite."""
    weights, usable = _weights(option_log_probabilities)
    return np.where(usable, weights / weights.sum(axis=-1, keepdims=True), np.nan)


def entropy(option_log_probabilities: Array) -> Array:
    """How evenly answers spread over the options: (..., N, 5) nats -> (...), mean over prompts, 0 sure to 1 uniform.

    Source: Shannon (1948), over the logarithm of the number of options.
    """
    probabilities = option_probabilities(option_log_probabilities)
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    found: Array = -(probabilities * logs).sum(axis=-1).mean(axis=-1) / np.log(len(ANSWERS))
    return found


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
    return mean_answers(expected_answers(option_log_probabilities, reversed_order(prompts)), prompts)


def mean_answers(answers: Array, prompts: Sequence[Prompt]) -> Array:
    """(..., N) answers of prompts -> (..., 24) mean of each item over the prompts that ask it.

    Raises:
        ValueError: an item is not asked.
    """
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
