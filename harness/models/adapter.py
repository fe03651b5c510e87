"""Soft prompts as PEFT adapter folders, which transformers, peft and lm-eval load unchanged (design, decision 5)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from peft import PromptTuningConfig, TaskType
from safetensors import SafetensorError
from safetensors.numpy import save_file
from safetensors.torch import load_file

from harness.errors import InputError
from harness.models.language_model import LanguageModel

WEIGHTS_FILE: Final = "adapter_model.safetensors"
CONFIG_FILE: Final = "adapter_config.json"
_KEY: Final = "prompt_embeddings"
Prompt = NDArray[np.float32]


def save_adapter(folder: Path, prompt: Prompt, lm: LanguageModel) -> None:
    """Writes a soft prompt as a PROMPT_TUNING adapter.

    Args:
        folder: made if missing.
        prompt: (V, D) float32 embeddings that stand before everything else.
        lm: the model that the prompt was tuned for.
    """
    tokens, width = prompt.shape
    config = lm.model.config.get_text_config()
    adapter = PromptTuningConfig(
        task_type=TaskType.CAUSAL_LM,
        num_virtual_tokens=tokens,
        token_dim=width,
        num_transformer_submodules=1,
        num_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        base_model_name_or_path=lm.spec.name,
        inference_mode=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    adapter.save_pretrained(str(folder))
    save_file({_KEY: np.ascontiguousarray(prompt, dtype=np.float32)}, folder / WEIGHTS_FILE)


def load_adapter(folder: Path, lm: LanguageModel) -> Prompt:
    """Reads a soft prompt from an adapter folder.

    Returns:
        (V, D) float32.

    Raises:
        InputError: it is no prompt-tuning adapter, or made for a model of another width.
    """
    if not (folder / CONFIG_FILE).is_file():
        raise InputError(f"prompt '{folder}' has no {CONFIG_FILE}: give the adapter folder of a tuned prompt")
    try:
        config = PromptTuningConfig.from_pretrained(str(folder))
        tensors = load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, SafetensorError) as error:
        raise InputError(
            f"prompt '{folder}' cannot be read ({error}): expected a PEFT PROMPT_TUNING adapter"
        ) from error
    if config.peft_type != "PROMPT_TUNING" or _KEY not in tensors:
        raise InputError(f"prompt '{folder}' is of type {config.peft_type}: expected a PEFT PROMPT_TUNING adapter")
    prompt: Prompt = tensors[_KEY].float().numpy()
    if prompt.ndim != 2 or prompt.shape[1] != lm.width:
        raise InputError(
            f"prompt '{folder}' has shape {prompt.shape}: model '{lm.spec.name}' takes (V, {lm.width}); give the "
            "model that it was tuned for with --model"
        )
    if not np.isfinite(prompt).all():
        raise InputError(f"prompt '{folder}' holds numbers that are not finite: tune it again")
    return prompt
