"""The logits of chosen tokens alone, as the model itself computes them."""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedModel


def final_logits(
    model: PreTrainedModel, places: tuple[torch.Tensor, torch.Tensor] | None, **inputs: Any
) -> torch.Tensor:
    """Runs the model with its output layer on chosen hidden states.

    Args:
        model: the frozen model.
        places: rows and columns of the hidden states that are kept; None keeps all.
        inputs: of the model's forward pass.

    Returns:
        (places, vocabulary) logits of the model's own type, where it has them.
    """

    def keep(_module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        hidden = arguments[0]
        if places is not None:
            hidden = hidden[tuple(place.to(hidden.device) for place in places)][None]
        return (hidden, *arguments[1:])

    hook = model.get_output_embeddings().register_forward_pre_hook(keep)
    try:
        logits: torch.Tensor = model(**inputs).logits
    finally:
        hook.remove()
    return logits.flatten(0, 1)
