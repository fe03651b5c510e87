"""Soft prompts as PEFT adapter folders, which transformers, peft and lm-eval load unchanged (design, decision 5)."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from peft import PeftModel, PromptTuningConfig, TaskType
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
    config = check_config(folder)
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(f"prompt '{folder}' has no readable {WEIGHTS_FILE} ({error}): tune it again") from error
    if _KEY not in tensors:
        raise InputError(f"prompt '{folder}' has no tensor '{_KEY}' in {WEIGHTS_FILE}: tune it again")
    prompt: Prompt = tensors[_KEY].float().numpy()
    if prompt.ndim != 2 or prompt.shape[1] != lm.width:
        raise InputError(
            f"prompt '{folder}' has shape {prompt.shape}: model '{lm.spec.name}' takes (V, {lm.width}); give the "
            "model that it was tuned for with --model"
        )
    if len(prompt) < 1 or len(prompt) != config.get("num_virtual_tokens"):
        raise InputError(
            f"prompt '{folder}' has {len(prompt)} virtual tokens where {CONFIG_FILE} says "
            f"{config.get('num_virtual_tokens')}: expected the same number, at least 1; tune it again"
        )
    if not np.isfinite(prompt).all():
        raise InputError(f"prompt '{folder}' holds numbers that are not finite: tune it again")
    return prompt


def attach(folder: Path, lm: LanguageModel) -> PeftModel:
    """The model behind the soft prompt of an adapter folder, by peft itself; the model without it stays usable."""
    with warnings.catch_warnings():
        # peft asks the model by a name that transformers will drop.
        warnings.simplefilter("ignore", FutureWarning)
        return PeftModel.from_pretrained(lm.model, str(folder))


def check_config(folder: Path) -> dict[str, Any]:
    """What an adapter folder says of its prompt, which takes no model to read.

    Raises:
        InputError: it is no folder of a prompt-tuning adapter.
    """
    path = folder / CONFIG_FILE
    try:
        if not path.is_file():
            raise InputError(f"prompt '{folder}' has no {CONFIG_FILE}: give the adapter folder of a tuned prompt")
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"prompt '{folder}' has no readable {CONFIG_FILE} ({error}): tune it again") from error
    kind = config.get("peft_type") if isinstance(config, dict) else None
    if kind != "PROMPT_TUNING":
        raise InputError(f"prompt '{folder}' is of type {kind}: expected a PEFT PROMPT_TUNING adapter")
    return dict(config)
