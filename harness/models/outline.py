"""What can be said of a model before its weights are read: where it would live, its room, its tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from harness.models.chat import chat_text
from harness.models.language_model import LanguageModel, ModelSpec
from harness.models.loading import (
    cannot_load,
    check_device_map,
    check_room,
    find_device,
    find_dtype,
    read_config,
    read_tokenizer,
)
from harness.models.memory import readable, weights_bytes


@dataclass(frozen=True)
class Outline:
    """A model without its weights: it has sizes and a context, and answers nothing."""

    spec: ModelSpec
    config: PreTrainedConfig
    empty: PreTrainedModel

    @property
    def width(self) -> int:
        """Length D of an input embedding."""
        return int(self.empty.get_input_embeddings().weight.shape[1])

    @property
    def parameters(self) -> int:
        """Number of parameters, tied ones counted once."""
        return sum(p.numel() for p in self.empty.parameters())

    def with_tokenizer(self) -> LanguageModel:
        """As a model that can be asked for tokens and lengths, and for nothing else.

        Raises:
            ModelError: the tokenizer cannot be read, or its chat template cannot render a user's turn.
        """
        lm = LanguageModel(self.spec, self.empty, read_tokenizer(self.spec), "", self.spec.name)
        chat_text(lm, "?")
        return lm


def outline(spec: ModelSpec) -> Outline:
    """Reads a model's configuration.

    Raises:
        ModelError: there is no such model, or its configuration makes none.
        UsageError: the geometry is unknown.
    """
    config = read_config(spec)
    # What a damaged configuration makes the libraries raise is of every kind; the cause stays attached.
    try:
        with torch.device("meta"):
            empty = AutoModelForCausalLM.from_config(config, trust_remote_code=spec.trust_remote_code)
    except Exception as error:
        raise cannot_load(spec.name, error) from error
    return Outline(spec, config, empty)


def check_place(spec: ModelSpec) -> str:
    """Device and type of the weights, in words.

    Raises:
        UsageError: device or device map are unknown.
    """
    device = find_device(spec.device)
    check_device_map(spec.device_map)
    return f"{str(find_dtype(spec.dtype, device)).removeprefix('torch.')} on {spec.device_map or device}"


def check_weights(shape: Outline) -> str:
    """How large the weights are, in words.

    Raises:
        ModelError: they are larger than the memory.
    """
    spec = shape.spec
    device = find_device(spec.device)
    dtype = find_dtype(spec.dtype, device)
    check_room(spec, shape.config, dtype, device)
    size = readable(weights_bytes(shape.empty) * dtype.itemsize // shape.empty.dtype.itemsize)
    if spec.random_weights:
        return f"{size}, random"
    return f"{size}, safetensors"
