"""Architectures with random weights: real shapes for benchmarks, never for results."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from harness.errors import ModelError, unknown_choice
from harness.models.folder import read_config
from harness.models.memory import out_of_memory

_LLAMA: Final[dict[str, Any]] = {"model_type": "llama", "rms_norm_eps": 1e-5, "tie_word_embeddings": False}

GEOMETRIES: Final[dict[str, dict[str, Any]]] = {
    "llama-3-70b": {
        **_LLAMA,
        "hidden_size": 8192,
        "intermediate_size": 28672,
        "num_hidden_layers": 80,
        "num_attention_heads": 64,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "max_position_embeddings": 8192,
    },
    "llama-3-8b": {
        **_LLAMA,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "max_position_embeddings": 8192,
    },
    "llama-3-1b": {
        **_LLAMA,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "max_position_embeddings": 8192,
        "tie_word_embeddings": True,
    },
    "llama-34m": {
        **_LLAMA,
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "num_key_value_heads": 8,
        "vocab_size": 8000,
        "max_position_embeddings": 4096,
    },
    "llama-tiny": {
        **_LLAMA,
        "hidden_size": 64,
        "intermediate_size": 160,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 2000,
        "max_position_embeddings": 2048,
    },
    "gpt2-tiny": {
        "model_type": "gpt2",
        "n_embd": 64,
        "n_layer": 2,
        "n_head": 4,
        "vocab_size": 2000,
        "n_positions": 2048,
    },
    "qwen2-tiny": {
        "model_type": "qwen2",
        "hidden_size": 64,
        "intermediate_size": 160,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 2000,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
    },
    "gemma-tiny": {
        "model_type": "gemma",
        "hidden_size": 64,
        "intermediate_size": 160,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "vocab_size": 2000,
        "max_position_embeddings": 2048,
    },
}


def random_model(name: str, dtype: torch.dtype, device: torch.device, seed: int = 0) -> PreTrainedModel:
    """Builds an architecture with random weights, directly in its dtype and on its device.

    Args:
        name: one of `GEOMETRIES`, or the path of a config.json in the Hugging Face format.
        dtype: type of the weights.
        device: where the weights are made.
        seed: of the weights; torch's global generator is left as it was.

    Raises:
        UsageError: the name is unknown.
        ModelError: the config.json cannot be read.
    """
    config = geometry_config(name)
    # A config can name sizes that make no model, and every architecture says so in its own way.
    try:
        with torch.random.fork_rng(), torch.device(device):
            torch.manual_seed(seed)
            model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
    except Exception as error:
        raise _no_model(name, error) from error
    return model


def geometry_config(name: str) -> PreTrainedConfig:
    """The configuration of a random model.

    Raises:
        UsageError: the name is unknown.
        ModelError: the config.json cannot be read.
    """
    if name in GEOMETRIES:
        return AutoConfig.for_model(**GEOMETRIES[name])
    if not name.endswith(".json"):
        raise unknown_choice("geometry", name, GEOMETRIES, "or the path of a config.json; see 'harness ls models'")
    try:
        if not Path(name).exists():
            raise ModelError(
                f"random model '{name}': no such file; give a config.json or a name, see 'harness ls models'"
            )
        read_config(Path(name))
        return AutoConfig.from_pretrained(name, trust_remote_code=False)
    except ModelError:
        raise
    except Exception as error:
        raise _no_model(name, error) from error


def _no_model(name: str, error: Exception) -> ModelError:
    if out_of_memory(error):
        return ModelError(f"random model '{name}' does not fit: memory ran out while it was made; give a smaller one")
    reason = " ".join(str(error).split())[:200]
    return ModelError(f"random model '{name}': expected the config.json of a causal model in transformers ({reason})")
