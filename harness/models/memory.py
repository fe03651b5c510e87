"""How much memory there is, and how much a model and a pass over it take."""

from __future__ import annotations

from typing import Final

import psutil
import torch
from transformers import PreTrainedConfig, PreTrainedModel

_GB: Final = 10**9
_MB: Final = 10**6
_SHARE_OF_FREE: Final = 0.8
"""Of what is free; the rest is left to the allocator and to other programs."""


def readable(size: int) -> str:
    """A number of bytes for a message, such as "3.7 MB" or "16.1 GB"."""
    unit, name = (_GB, "GB") if size >= _GB else (_MB, "MB")
    return f"{size / unit:.1f} {name}"


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: torch has a class for a card that is full, the allocator on the CPU says so in words."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "DefaultCPUAllocator" in str(error)


def free_bytes(device: torch.device) -> int:
    """Memory of a device that could be allocated now, bytes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def budget_bytes(device: torch.device, memory_gb: float | None, taken: int = 0) -> int:
    """Bytes that may still be allocated: what is left of the stated budget, or most of what is free.

    Args:
        device: where the model is or will be.
        memory_gb: the user's budget for weights and scoring together, in 10^9 bytes; None takes what is free.
        taken: bytes that count against the stated budget already.
    """
    if memory_gb is None:
        return int(free_bytes(device) * _SHARE_OF_FREE)
    return max(0, int(memory_gb * _GB) - taken)


def weights_bytes(model: PreTrainedModel) -> int:
    """Bytes of a model's weights and buffers, shared ones counted once."""
    return sum(t.numel() * t.element_size() for t in {*model.parameters(), *model.buffers()})


def activation_bytes(config: PreTrainedConfig, element: int, tokens: int, finals: int, cached: bool) -> int:
    """Bytes that one candidate needs at the widest place of a forward pass; an estimate from above.

    Args:
        config: of the text model.
        element: bytes of a number of the model.
        tokens: that stand in the rows of one candidate.
        finals: prompts, each of which gets the logits of the whole vocabulary.
        cached: whether keys and values of all layers are kept.
    """
    width = config.hidden_size
    inner = getattr(config, "intermediate_size", None) or 4 * width
    # Some models have a width for each layer.
    inner = max(inner) if isinstance(inner, (list, tuple)) else inner
    # Widest inside a layer: the residual and three inner states, or queries with gathered keys and values.
    layer = 4 * width + max(3 * inner, 12 * width)
    kept = 2 * config.num_hidden_layers * width if cached else 0
    # Logits as the model gives them and in float32, and what the logarithm of their sum takes.
    return int(tokens * (layer + kept) * element + finals * config.vocab_size * (element + 8))
