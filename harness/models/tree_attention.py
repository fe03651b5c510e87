"""Attention over a token trie, under the model's own forward pass.

transformers asks a registry for the attention function, so a packed row can run through any model that uses it: linear
layers see every distinct token once, and attention is computed block by block (`harness.models.packing`) by the
function that the model would have used itself. In the last layer nothing but the prompts' last tokens is needed: keys
and values are made for all, queries and everything behind them for those alone.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Module, ModuleList
from transformers import AttentionInterface, PreTrainedModel

from harness.models.packing import Packing

NAME: Final = "vsm_token_trie"
Attend = Callable[..., tuple[torch.Tensor, Any]]
_active: ContextVar[TreeAttention | None] = ContextVar("active tree attention", default=None)


class UnsupportedError(Exception):
    """The model's forward pass does not go through the registry, or its last layer cannot be cut short."""


class _Pass(threading.local):
    """Where a forward pass stands; several run side by side in threads of their own."""

    stage = "whole"
    keys_and_values: tuple[torch.Tensor, torch.Tensor] | None = None


class _KeysKnownError(Exception):
    """Ends the first pass through the last layer, where keys and values are known."""


@dataclass(frozen=True)
class _Plan:
    """A packing as tensors on one device, for a number of rows."""

    keys: torch.Tensor  # (B * M * K,) places in (B * T) tokens
    bias: torch.Tensor  # (B * M, 1, C, K)
    finals: torch.Tensor  # (N,)
    asked: torch.Tensor  # (B * M * F,) places in (B * N) last tokens, F of them in each block
    answered: torch.Tensor  # (B * N,) places in (B * M * F)
    final_bias: torch.Tensor  # (B * M, 1, F, K)


class TreeAttention:
    """Runs a model over packed rows.

    Args:
        model: the frozen model.
        packing: the row.
        last: whether the last layer is cut short; needs a decoder whose layers stand in one list.

    Raises:
        UnsupportedError: the last layer is not found.
    """

    def __init__(self, model: PreTrainedModel, packing: Packing, last: bool) -> None:
        self._model = model
        self._packing = packing
        self._layer = _last_layer(model) if last else None
        # The whole micro-batch and the rest of a population, on each device of a model.
        self._plan = lru_cache(maxsize=32)(partial(_make_plan, packing))
        self._pass = _Pass()

    @property
    def keeps_finals(self) -> bool:
        """Whether hidden states leave the last layer for the prompts' last tokens alone."""
        return self._layer is not None

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within this context the model reads packed rows, and nothing else."""
        original = self._model.config._attn_implementation
        self._original = original
        self._model.set_attn_implementation(NAME)
        hook = self._layer.register_forward_pre_hook(self._shorten, with_kwargs=True) if self._layer else None
        try:
            yield
        finally:
            if hook:
                hook.remove()
            self._model.set_attn_implementation(original)

    @contextmanager
    def one_pass(self) -> Iterator[None]:
        """Around a forward pass of this thread, within `active`."""
        token = _active.set(self)
        self._pass.stage = "whole"
        try:
            yield
        finally:
            _active.reset(token)
            self._pass.keys_and_values = None

    def attend(self, module: Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **how: Any) -> Any:
        """Attention of (B, H, T, E) queries; (B, T, H, E) out, as transformers expects it."""
        rows = query.shape[0]
        plan = self._plan(rows, query.device, query.dtype)
        number, length = self._packing.blocks
        if self._pass.stage == "finals":
            if self._pass.keys_and_values is None:
                raise UnsupportedError("the last layer did not ask for attention")
            found = _blocks(query, plan.asked, rows * number)
            out = self._own(module)(module, found, *self._pass.keys_and_values, plan.final_bias, **how)[0]
            picked = out.reshape(-1, *out.shape[2:]).index_select(0, plan.answered)
            return picked.view(rows, len(self._packing.finals), *out.shape[2:]), None
        pair = _blocks(key, plan.keys, rows * number), _blocks(value, plan.keys, rows * number)
        if self._pass.stage == "keys":
            self._pass.keys_and_values = pair
            raise _KeysKnownError
        blocks = query.transpose(1, 2).reshape(rows * number, length, *query.shape[1::2]).transpose(1, 2)
        out = self._own(module)(module, blocks, *pair, plan.bias, **how)[0]
        return out.reshape(rows, number * length, *out.shape[2:]), None

    def _own(self, module: Module) -> Attend:
        """The function that the model uses when left alone."""
        if self._original != "eager":
            return AttentionInterface()[self._original]  # type: ignore[no-any-return]
        eager = getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
        if eager is None:
            raise UnsupportedError(f"{type(module).__name__} has no attention function of its own")
        return eager  # type: ignore[no-any-return]

    def _shorten(
        self, layer: Module, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        self._pass.stage = "keys"
        try:
            layer.forward(*arguments, **named)
            raise UnsupportedError("the last layer did not ask for attention")
        except _KeysKnownError:
            self._pass.stage = "finals"
        return tuple(map(self._pick, arguments)), {name: self._pick(value) for name, value in named.items()}

    def _pick(self, value: Any) -> Any:
        """What a layer is given for the last tokens alone: of hidden states, positions and rotations, their rows."""
        if isinstance(value, (tuple, list)):
            return type(value)(map(self._pick, value))
        if isinstance(value, torch.Tensor) and value.ndim >= 2 and value.shape[1] == self._packing.length:
            return value.index_select(1, torch.from_numpy(self._packing.finals).to(value.device))
        return value


def _attend(module: Module, query: Any, key: Any, value: Any, attention_mask: Any, **how: Any) -> Any:
    current = _active.get()
    if current is None:
        raise RuntimeError("attention over a token trie was asked for outside of TreeAttention.active")
    return current.attend(module, query, key, value, **how)


# A name of our own in the registry; it is looked up only while a `TreeAttention` is active.
AttentionInterface.register(NAME, _attend)


def _blocks(states: torch.Tensor, places: torch.Tensor, blocks: int) -> torch.Tensor:
    """Gathers (B, H, T, E) states by place into (blocks, H, K, E)."""
    _, heads, _, width = states.shape
    # Rows of a matrix are copied whole; along another dimension torch copies number by number, ten times slower.
    rows = states.transpose(1, 2).reshape(-1, heads * width)
    return rows.index_select(0, places).view(blocks, -1, heads, width).transpose(1, 2)


def _make_plan(packing: Packing, rows: int, device: torch.device, dtype: torch.dtype) -> _Plan:
    number, length = packing.blocks
    count = len(packing.finals)
    block_of = packing.finals // length
    members = [np.flatnonzero(block_of == block) for block in range(number)]
    most = max(map(len, members))
    asked = np.zeros((number, most), dtype=np.int64)
    answered = np.zeros(count, dtype=np.int64)
    mask = np.zeros((number, most, packing.keys.shape[1]), dtype=np.bool_)
    # A place that nobody asks for reads its block's first token; no softmax is over nothing.
    mask[:, :, -length] = True
    for block, prompts in enumerate(members):
        asked[block, : len(prompts)] = prompts
        answered[prompts] = block * most + np.arange(len(prompts))
        mask[block, : len(prompts)] = packing.mask[block, packing.finals[prompts] - block * length]

    def for_rows(places: NDArray[np.int64], stride: int) -> torch.Tensor:
        offsets = np.arange(rows, dtype=np.int64)[:, None] * stride
        return torch.from_numpy((offsets + places.reshape(1, -1)).reshape(-1)).to(device)

    def bias(allowed: NDArray[np.bool_]) -> torch.Tensor:
        numbers = torch.zeros(allowed.shape, dtype=dtype)
        numbers.masked_fill_(~torch.from_numpy(allowed), torch.finfo(dtype).min)
        return numbers[:, None].repeat(rows, 1, 1, 1).to(device)

    return _Plan(
        keys=for_rows(packing.keys, packing.length),
        bias=bias(packing.mask),
        finals=torch.from_numpy(packing.finals).to(device),
        asked=for_rows(asked, count),
        answered=for_rows(answered, number * most),
        final_bias=bias(mask),
    )


def _last_layer(model: PreTrainedModel) -> Module:
    layers = model.config.get_text_config().num_hidden_layers
    for module in model.base_model.modules():
        if isinstance(module, ModuleList) and len(module) == layers:
            return module[-1]
    raise UnsupportedError("the decoder's layers do not stand in one list")
