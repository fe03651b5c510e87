"""Matrix products of a frozen model on a CPU, by oneDNN on weights in its own layout.

torch multiplies float32 matrices with its BLAS. Where that is MKL and the processor is not Intel's, it leaves half of
the machine idle; oneDNN, which comes with torch as well, does not, and since the weights of a frozen model never change
they can be brought into its layout once. Same arithmetic, float32 throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import torch
from torch import nn

_ROWS: Final = 1024
"""Rows that the layout is made for; it serves any number."""


def available() -> bool:
    """Whether this build of torch has what `PackedLinears` needs."""
    ops = torch.ops.mkldnn
    return bool(torch._C._has_mkldnn) and all(
        hasattr(ops, name) for name in ("_linear_pointwise", "_reorder_linear_weight")
    )


def weight_bytes(model: nn.Module) -> int:
    """Bytes that a second copy of the weights of all linear layers takes."""
    return sum(module.weight.numel() * module.weight.element_size() for module in _plain_linears(model))


class PackedLinears:
    """The linear layers of a model with weights in oneDNN's layout, beside the model's own.

    Args:
        model: a frozen model on a CPU in float32; layers of other kinds are left alone.
    """

    def __init__(self, model: nn.Module) -> None:
        self._forwards = [(module, prepare(module.weight, module.bias)) for module in _plain_linears(model)]

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within this context the model multiplies with the packed weights."""
        for module, forward in self._forwards:
            module.__dict__["forward"] = forward
        try:
            yield
        finally:
            for module, _ in self._forwards:
                del module.__dict__["forward"]


def _plain_linears(model: nn.Module) -> list[nn.Linear]:
    # Subclasses hold quantised weights or adapters and know better.
    return [module for module in model.modules() if type(module) is nn.Linear and "forward" not in module.__dict__]


def prepare(weight: torch.Tensor, bias: torch.Tensor | None = None) -> Callable[[torch.Tensor], torch.Tensor]:
    """A product with an (out, in) weight that is brought into oneDNN's layout once."""
    with torch.inference_mode():
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), _ROWS)
    return partial(_multiply, packed, bias)


def _multiply(weight: torch.Tensor, bias: torch.Tensor | None, rows: torch.Tensor) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return product
