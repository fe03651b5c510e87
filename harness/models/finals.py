"""The logits of chosen tokens alone, as the model itself computes them."""

from __future__ import annotations

import threading
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
    if places is None:
        return _logits(model, inputs)
    ours = threading.get_ident()

    def keep(_module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        # Passes side by side have a hook each on the same layer.
        if threading.get_ident() != ours:
            return arguments
        hidden = arguments[0]
        return (hidden[tuple(place.to(hidden.device) for place in places)][None], *arguments[1:])

    hook = model.get_output_embeddings().register_forward_pre_hook(keep)
    try:
        return _logits(model, inputs)
    finally:
        hook.remove()


def _logits(model: PreTrainedModel, inputs: dict[str, Any]) -> torch.Tensor:
    logits: torch.Tensor = model(**inputs).logits
    return logits.flatten(0, 1)
