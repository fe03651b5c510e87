"""The limit: how long the bare matrix products of a model's body take, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn

from harness.models import linears
from harness.models.language_model import LanguageModel

Product = Callable[[], None]


def body_parameters(lm: LanguageModel) -> int:
    """Parameters of all matrices of the body: the model without its embeddings and its output layer."""
    return sum(weight.numel() for weight in _matrices(lm))


def products(lm: LanguageModel, rows: int) -> dict[str, Product]:
    """By library, one pass of `rows` random rows through every matrix of the body, each product by itself.

    2 x rows x body parameters operations; "torch" is what `x @ w` does, "onednn" the same on prepared weights, where
    the harness would use it.
    """
    found = {"torch": _torch(lm, rows)}
    if lm.linears is not None:
        found["onednn"] = _onednn(lm, rows)
    return found


def seconds(product: Product, lm: LanguageModel) -> float:
    """Of one pass."""
    began = time.perf_counter()
    with torch.inference_mode():
        product()
    if lm.device.type == "cuda":
        torch.cuda.synchronize(lm.device)
    return time.perf_counter() - began


def _torch(lm: LanguageModel, rows: int) -> Product:
    matrices = _matrices(lm)
    inputs = _inputs(lm, matrices, rows)

    def run() -> None:
        for weight in matrices:
            nn.functional.linear(inputs[weight.device, weight.shape[1]], weight)

    return run


def _onednn(lm: LanguageModel, rows: int) -> Product:
    matrices = _matrices(lm)
    inputs = _inputs(lm, matrices, rows)
    pairs = [(inputs[weight.device, weight.shape[1]], linears.prepare(weight)) for weight in matrices]

    def run() -> None:
        for given, multiply in pairs:
            multiply(given)

    return run


def _matrices(lm: LanguageModel) -> list[torch.Tensor]:
    """(out, in) weights; GPT-2 keeps its own the other way round."""
    weights = []
    for module in lm.model.base_model.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, torch.Tensor) and weight.ndim == 2 and not isinstance(module, nn.Embedding):
            weights.append(weight.detach() if isinstance(module, nn.Linear) else weight.detach().T.contiguous())
    return weights


def _inputs(lm: LanguageModel, matrices: list[torch.Tensor], rows: int) -> dict[tuple[torch.device, int], torch.Tensor]:
    return {
        (device, width): torch.randn(rows, width, dtype=lm.dtype, device=device)
        for device, width in {(weight.device, weight.shape[1]) for weight in matrices}
    }
