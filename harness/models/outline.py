"""What can be said of a model before its weights are read: where it would live, its room, its tokens."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedTokenizerBase

from harness.errors import ModelError
from harness.models.language_model import LanguageModel, ModelSpec
from harness.models.loading import cannot_load, check_device_map, check_room, find_device, find_dtype, locate


def check_place(spec: ModelSpec) -> str:
    """Device and type of the weights, in words.

    Raises:
        UsageError: device or device map are unknown.
    """
    device = find_device(spec.device)
    check_device_map(spec.device_map)
    return f"{str(find_dtype(spec.dtype, device)).removeprefix('torch.')} on {spec.device_map or device}"


def check_weights(spec: ModelSpec, config: PreTrainedConfig) -> None:
    """Refuses weights that are larger than the memory, or that a folder does not have as safetensors.

    Raises:
        ModelError: they are, or it does not.
    """
    device = find_device(spec.device)
    check_room(spec, config, find_dtype(spec.dtype, device), device)
    if spec.random_weights:
        return
    folder = Path(locate(spec.name))
    if folder.is_dir() and not any(folder.glob("*.safetensors")):
        raise ModelError(
            f"model '{spec.name}' has no *.safetensors file, and no other weights are read: save it anew with "
            "save_pretrained"
        )


def outline(spec: ModelSpec, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> LanguageModel:
    """The model without its weights: it has a width, a context and a tokenizer, and answers nothing.

    Raises:
        ModelError: the configuration makes no model.
    """
    # What a damaged configuration makes the libraries raise is of every kind; the cause stays attached.
    try:
        with torch.device("meta"):
            empty = AutoModelForCausalLM.from_config(config, trust_remote_code=spec.trust_remote_code)
    except Exception as error:
        raise cannot_load(spec.name, error) from error
    return LanguageModel(spec, empty, tokenizer, "", spec.name)
