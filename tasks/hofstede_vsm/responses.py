"""How a distribution over five options becomes an answer: expected, drawn by a sample, or the likeliest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from harness.tasks.hofstede_vsm.answers import answered, option_probabilities
from harness.tasks.hofstede_vsm.indices import ANSWERS, WEIGHTS, Array

Response = Literal["expected", "sample", "greedy"]
RESPONSES: Final[tuple[Response, ...]] = ("expected", "sample", "greedy")
DEFAULT_RESPONDENTS: Final = 50
MOST_RESPONDENTS: Final = 1_000_000


@dataclass(frozen=True)
class Asking:
    """How a survey is asked and answered.

    Attributes:
        response: "expected" takes the expected answer of each prompt; "sample" the mean answer of simulated
            respondents, who answer independently of each other and from item to item; "greedy" the likeliest option.
        respondents: size of a sample, even: one half is asked in each option order.
        wordings: of the tuning split: 2 asks one in forward and another in reversed option order, 1 the first in both.
    """

    response: Response = "expected"
    respondents: int = DEFAULT_RESPONDENTS
    wordings: Literal[1, 2] = 2

    @property
    def noisy(self) -> bool:
        """Whether asking again gives other answers."""
        return self.response == "sample"


EXPECTED: Final = Asking()


def greedy_answers(option_log_probabilities: Array, reversed_options: np.ndarray) -> Array:
    """The likeliest option of each prompt; of equally likely ones the first as listed.

    Args:
        option_log_probabilities: (..., N, 5) nats.
        reversed_options: (N,) True where the options were listed in reversed order.

    Returns:
        (..., N) whole answers on the item's own scale, 1 to 5. NaN where a log-probability is not finite.
    """
    probabilities = option_probabilities(option_log_probabilities)
    listed = np.argmax(np.where(np.isnan(probabilities), -1.0, probabilities), axis=-1) + 1.0
    usable = np.isfinite(probabilities).all(axis=-1)
    return answered(np.where(usable, listed, np.nan), reversed_options)


def sampled_answers(
    option_log_probabilities: Array, reversed_options: np.ndarray, each: int, rng: np.random.Generator
) -> Array:
    """Mean answer of respondents who each draw one option of every prompt they are asked.

    Args:
        option_log_probabilities: (N, 5) nats.
        reversed_options: (N,) True where the options were listed in reversed order.
        each: respondents per prompt.
        rng: draws the answers.

    Returns:
        (N,) means on the item's own scale, 1 to 5. NaN where a log-probability is not finite.
    """
    probabilities = option_probabilities(option_log_probabilities)
    usable = np.asarray(np.isfinite(probabilities).all(axis=-1))
    safe = np.where(usable[:, None], probabilities, 1.0 / len(ANSWERS))
    counts = rng.multinomial(each, safe / safe.sum(axis=-1, keepdims=True))
    listed = (counts * np.asarray(ANSWERS, dtype=np.float64)).sum(axis=-1) / each
    return answered(np.where(usable, listed, np.nan), reversed_options)


def sampling_error(option_log_probabilities: Array, respondents: int) -> Array:
    """Standard deviation of the six indices from one sample of respondents to another.

    From the distributions themselves, not from the answers drawn: an index weighs independent item means, an item mean
    is the mean of two halves of the sample, one for each option order.

    Args:
        option_log_probabilities: (..., 48, 5) nats: 24 items in one order, then in the other.
        respondents: size of the sample.

    Returns:
        (..., 6) index points; NaN where a log-probability is not finite.
    """
    probabilities = option_probabilities(option_log_probabilities)
    options = np.asarray(ANSWERS, dtype=np.float64)
    mean = (probabilities * options).sum(axis=-1, keepdims=True)
    variance = (probabilities * (options - mean) ** 2).sum(axis=-1)
    items = variance.shape[-1] // 2
    of_mean = (variance[..., :items] + variance[..., items:]) / (2.0 * respondents)
    error: Array = np.sqrt((np.square(WEIGHTS) * of_mean[..., None, :]).sum(axis=-1))
    return error
