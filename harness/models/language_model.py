"""A frozen causal language model with its tokenizer: what the harness needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from harness.models import linears
from harness.models.linears import PackedLinears
from harness.models.memory import budget_bytes, weights_bytes

RANDOM_PREFIX: Final = "random:"
SIMULATION_KEY: Final = "vsm_simulation"
"""Stands in the config.json of every respondent trained here."""
Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Floats = NDArray[np.float32]


class ModelSpec(BaseModel):
    """Which model answers, and how it is loaded.

    Attributes:
        name: "respondent", a folder, a hub id, or "random:GEOMETRY".
        dtype: "auto" is float32 on a CPU and bfloat16 elsewhere.
        device: "auto" takes a GPU if there is one; else a torch device such as "cpu" or "cuda:1".
        device_map: spreads one model over several devices ("auto", "balanced"); None keeps it on `device`.
        trust_remote_code: runs code that comes with the model; off unless asked for.
        memory_gb: budget for weights and scoring together, in 10^9 bytes; None takes what the device has free.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "respondent"
    dtype: Dtype = "auto"
    device: str = "auto"
    device_map: str | None = None
    trust_remote_code: bool = False
    memory_gb: Annotated[float, Field(gt=0)] | None = None

    @property
    def random_weights(self) -> bool:
        """Whether the weights are random: fit for benchmarks, never for results."""
        return self.name.startswith(RANDOM_PREFIX)


@dataclass(frozen=True)
class Abilities:
    """In which ways a model can be scored exactly, found out when it is loaded (`harness.models.parity`).

    Attributes:
        packed: through one row with attention in blocks.
        shortens: in that row, with a last layer that works on last tokens alone.
        branches: through a cached prefix and padded rows.
        gap: largest difference that was seen in these ways, nats.
    """

    packed: bool
    shortens: bool
    branches: bool
    gap: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class LanguageModel:
    """A loaded model, frozen and in evaluation mode. `digest` names weights, tokenizer and chat template in records."""

    spec: ModelSpec
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    digest: str
    source: str
    abilities: Abilities = Abilities(packed=False, shortens=False, branches=True)

    @property
    def device(self) -> torch.device:
        """Where the input embeddings live."""
        weight: torch.Tensor = self.model.get_input_embeddings().weight
        return weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights."""
        weight: torch.Tensor = self.model.get_input_embeddings().weight
        return weight.dtype

    @property
    def width(self) -> int:
        """Length D of an input embedding."""
        return int(self.model.get_input_embeddings().weight.shape[1])

    @property
    def simulation(self) -> bool:
        """Whether it is a respondent that this project trained, under whatever name it is loaded."""
        return bool(getattr(self.model.config, SIMULATION_KEY, False))

    @property
    def embedding_rows(self) -> int:
        """Number of input embeddings, at least the size of the vocabulary."""
        return int(self.model.get_input_embeddings().weight.shape[0])

    @property
    def parameters(self) -> int:
        """Number of parameters, tied ones counted once."""
        return sum(p.numel() for p in self.model.parameters())

    @property
    def taken(self) -> int:
        """Bytes of the weights, with those of the copy for oneDNN."""
        copied = linears.weight_bytes(self.model) if self.linears else 0
        return weights_bytes(self.model) + copied

    @property
    def room(self) -> int:
        """Bytes that may be allocated beside the weights, within the budget of the spec."""
        return budget_bytes(self.device, self.spec.memory_gb, self.taken)

    @cached_property
    def linears(self) -> PackedLinears | None:
        """Linear layers in oneDNN's layout, where the model is in float32 on a CPU and a second copy fits."""
        plain = self.device.type == "cpu" and self.dtype == torch.float32 and self.spec.device_map is None
        room = budget_bytes(self.device, self.spec.memory_gb, weights_bytes(self.model))
        if not plain or not linears.available() or 2 * linears.weight_bytes(self.model) > room:
            return None
        return PackedLinears(self.model)

    @property
    def context_length(self) -> int | None:
        """Longest input in tokens, or None where the configuration does not say."""
        length = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return int(length) if length else None

    @property
    def attention_window(self) -> int | None:
        """Shortest span in tokens that a layer sees, None where every layer sees everything."""
        config = self.model.config.get_text_config()
        windows = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
        return min((window for window in windows if window), default=None)

    @cached_property
    def token_embeddings(self) -> Floats:
        """(vocabulary, D) input embeddings as a soft prompt would stand beside them."""
        with torch.inference_mode():
            ids = torch.arange(self.embedding_rows, device=self.device)
            rows: Floats = self.model.get_input_embeddings()(ids).float().cpu().numpy()
        return rows


def gpu_name(lm: LanguageModel) -> str | None:
    """Name of the GPU that the model is on, None on a CPU."""
    return torch.cuda.get_device_name(lm.device) if lm.device.type == "cuda" else None


def threads() -> int:
    """Threads of torch on the CPU."""
    return torch.get_num_threads()
