"""The reference bound: back-propagation through the model. It is no black-box optimizer and cannot ask or tell."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters


class GradientParameters(OptimizerParameters):
    """Settings of the gradient reference."""

    learning_rate: float = Field(
        default=0.1, gt=0, le=10, description="of Adam, in standard deviations of the token embeddings"
    )


class Gradient(Optimizer):
    """Adam on the soft prompt itself, through the model, from a region's best candidate of the first sample.

    One step is one candidate answered, and a backward pass that black-box methods have not; a run counts it as one
    evaluation. It cannot be built: the tuning room runs it.

    Source: Kingma & Ba (2015), Adam, ICLR; prompt tuning: Lester et al. (2021), EMNLP.
    """

    name: ClassVar[str] = "gradient"
    summary: ClassVar[str] = "Adam through the model: the reference bound, not black-box"
    source: ClassVar[str] = "Kingma & Ba (2015), Adam, ICLR; Lester et al. (2021), EMNLP"
    Parameters: ClassVar[type[OptimizerParameters]] = GradientParameters

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        raise NotImplementedError("the gradient reference is not told losses")
