"""Soft prompts as PEFT adapter folders, which transformers, peft and lm-eval load unchanged (design, decision 5).

Beside peft's two files stands one that peft does not read: the digest of the model that the prompt was tuned for. An
adapter without it, made by another program, is held to width and number of tokens alone, since a name proves nothing.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from peft import PeftModel, PromptTuningConfig, TaskType
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from harness.errors import InputError
from harness.inputs import ADAPTER_BYTES, ADAPTER_JSON_BYTES, VIRTUAL_TOKENS, Brought, parse_json
from harness.models.language_model import LanguageModel

WEIGHTS_FILE: Final = "adapter_model.safetensors"
CONFIG_FILE: Final = "adapter_config.json"
ORIGIN_FILE: Final = "vsm.json"
PICKLE: Final = "adapter_model.bin"
_KEY: Final = "prompt_embeddings"
_DTYPES: Final = ("F64", "F32", "F16", "BF16")
Prompt = NDArray[np.float32]


@dataclass(frozen=True)
class Base:
    """What an adapter says of the model that it stands before.

    Attributes:
        name: of the model, as it was given.
        digest: of its weights, tokenizer and chat template.
        layers, heads: of the model, as peft writes them.
    """

    name: str
    digest: str
    layers: int
    heads: int


def adapter_base(lm: LanguageModel) -> Base:
    """A model as its adapters describe it."""
    config = lm.model.config.get_text_config()
    return Base(lm.spec.name, lm.digest, config.num_hidden_layers, config.num_attention_heads)


def write_adapter(folder: Path, prompt: Prompt, base: Base) -> None:
    """Writes a soft prompt as a PROMPT_TUNING adapter.

    Args:
        folder: made if missing.
        prompt: (V, D) float32 embeddings that stand before everything else.
        base: the model that the prompt was tuned for.
    """
    tokens, width = prompt.shape
    adapter = PromptTuningConfig(
        task_type=TaskType.CAUSAL_LM,
        num_virtual_tokens=tokens,
        token_dim=width,
        num_transformer_submodules=1,
        num_layers=base.layers,
        num_attention_heads=base.heads,
        base_model_name_or_path=base.name,
        inference_mode=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    adapter.save_pretrained(str(folder))
    save_file({_KEY: np.ascontiguousarray(prompt, dtype=np.float32)}, folder / WEIGHTS_FILE)
    origin = json.dumps({"model": base.name, "digest": base.digest}, indent=1)
    (folder / ORIGIN_FILE).write_text(f"{origin}\n", encoding="utf-8")


def save_adapter(folder: Path, prompt: Prompt, lm: LanguageModel) -> None:
    """Writes a soft prompt (V, D) as an adapter of a model; see `write_adapter`."""
    write_adapter(folder, prompt, adapter_base(lm))


def load_adapter(folder: Path, lm: LanguageModel) -> Prompt:
    """Reads a soft prompt from an adapter folder.

    Returns:
        (V, D) float32.

    Raises:
        InputError: it is no prompt-tuning adapter, or made for another model; the message names file and field.
    """
    config = check_config(folder)
    _check_origin(folder, lm)
    prompt = _read_weights(folder, lm)
    _check_shape(folder, config, prompt)
    if not np.isfinite(prompt).all():
        raise InputError(
            f"prompt '{folder}' holds numbers in '{_KEY}' of {WEIGHTS_FILE} that are not finite: tune it again"
        )
    return prompt


def attach(folder: Path, lm: LanguageModel) -> PeftModel:
    """The model behind the soft prompt of an adapter folder, by peft itself; the model without it stays usable.

    peft is given a copy that this harness has written: in a folder of somebody else's it would read settings that name
    other models, and a pickle where there are no safetensors.

    Raises:
        InputError: as `load_adapter`.
    """
    with tempfile.TemporaryDirectory() as copy, warnings.catch_warnings():
        # peft asks the model by a name that transformers will drop.
        warnings.simplefilter("ignore", FutureWarning)
        save_adapter(Path(copy), load_adapter(folder, lm), lm)
        return PeftModel.from_pretrained(lm.model, copy)


def origin_note(folder: Path, lm: LanguageModel) -> str:
    """What a reader must know of a prompt that nothing but its width ties to the model; "" if it carries a digest.

    Args:
        folder: an adapter folder that `load_adapter` has read.
        lm: the model that answers behind it.
    """
    named = check_config(folder).get("base_model_name_or_path")
    if (folder / ORIGIN_FILE).exists() or named in (lm.spec.name, lm.source):
        return ""
    return (
        f"the prompt names '{named}' as its base model, has no {ORIGIN_FILE}, and fits '{lm.spec.name}' by its width: "
        "that it was tuned for this model is not known"
    )


def _read_weights(folder: Path, lm: LanguageModel) -> Prompt:
    """The soft prompt of a folder; what its header claims is looked at before it is read."""
    path = folder / WEIGHTS_FILE
    if not path.exists() and (folder / PICKLE).exists():
        raise InputError(
            f"prompt '{folder}' has {PICKLE} and no {WEIGHTS_FILE}: a pickle is never read; save it with safetensors"
        )
    _brought(folder, WEIGHTS_FILE, ADAPTER_BYTES).check()
    try:
        with safe_open(path, framework="pt") as file:
            if _KEY not in file.keys():  # noqa: SIM118
                raise InputError(f"prompt '{folder}' has no tensor '{_KEY}' in {WEIGHTS_FILE}: tune it again")
            claimed = file.get_slice(_KEY)
            shape, dtype = tuple(claimed.get_shape()), claimed.get_dtype()
            if len(shape) != 2 or shape[1] != lm.width:
                raise InputError(
                    f"prompt '{folder}' has '{_KEY}' of shape {shape} in {WEIGHTS_FILE}: model '{lm.spec.name}' takes "
                    f"(V, {lm.width}); give the model that it was tuned for with --model"
                )
            if dtype not in _DTYPES or shape[0] > VIRTUAL_TOKENS:
                raise InputError(
                    f"prompt '{folder}' has '{_KEY}' of {shape[0]} tokens in {dtype} in {WEIGHTS_FILE}: expected at "
                    f"most {VIRTUAL_TOKENS} in one of {', '.join(_DTYPES)}; tune it again"
                )
            prompt: Prompt = file.get_tensor(_KEY).float().numpy()
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(f"prompt '{folder}' has no readable {WEIGHTS_FILE} ({error}): tune it again") from error
    return prompt


def _check_origin(folder: Path, lm: LanguageModel) -> None:
    """Refuses a prompt that was tuned for other weights, another tokenizer or another chat template."""
    found = _read(folder, ORIGIN_FILE)
    if not found:
        return
    (origin,) = found
    for field in ("model", "digest"):
        value = origin.get(field) if isinstance(origin, dict) else None
        if not isinstance(value, str) or not value:
            raise InputError(
                f"prompt '{folder}' has '{field}' {value!r} in {ORIGIN_FILE}: expected text; tune it again"
            )
    if origin["digest"] != lm.digest:
        raise InputError(
            f"prompt '{folder}' was tuned for model '{origin['model']}', 'digest' {origin['digest'][:15]} in "
            f"{ORIGIN_FILE}: model '{lm.spec.name}' is another, {lm.digest[:15]}; give the one that it was tuned for "
            f"with --model, or remove {ORIGIN_FILE} to try it on this one"
        )


def _check_shape(folder: Path, config: dict[str, Any], prompt: Prompt) -> None:
    """Refuses a configuration that says another shape than the weights have: peft would read it otherwise."""
    tokens, width = prompt.shape
    if tokens < 1 or tokens != config.get("num_virtual_tokens"):
        raise InputError(
            f"prompt '{folder}' has {tokens} virtual tokens where 'num_virtual_tokens' in {CONFIG_FILE} says "
            f"{config.get('num_virtual_tokens')}: expected the same number, at least 1; tune it again"
        )
    if config.get("token_dim", width) not in (width, None):
        raise InputError(
            f"prompt '{folder}' has width {width} where 'token_dim' in {CONFIG_FILE} says {config['token_dim']}: "
            "expected the same number; tune it again"
        )


def check_config(folder: Path) -> dict[str, Any]:
    """What an adapter folder says of its prompt, which takes no model to read.

    Raises:
        InputError: it is no folder of a prompt-tuning adapter.
    """
    found = _read(folder, CONFIG_FILE)
    if not found:
        raise InputError(f"prompt '{folder}' has no {CONFIG_FILE}: give the adapter folder of a tuned prompt")
    kind = found[0].get("peft_type") if isinstance(found[0], dict) else None
    if kind != "PROMPT_TUNING":
        raise InputError(
            f"prompt '{folder}' is of 'peft_type' {kind} in {CONFIG_FILE}: expected a PEFT PROMPT_TUNING adapter"
        )
    return dict(found[0])


def _read(folder: Path, name: str) -> tuple[Any, ...]:
    """What a JSON file holds, alone in a tuple; an empty one where there is no such file."""
    file = _brought(folder, name, ADAPTER_JSON_BYTES)
    raw = file.raw_if_there()
    if raw is None:
        return ()
    try:
        return (parse_json(file.decoded(raw)),)
    except ValueError as error:
        raise InputError(f"prompt '{folder}' has no readable {name} ({error}): tune it again") from error


def _brought(folder: Path, name: str, most: int) -> Brought:
    return Brought(folder / name, f"prompt '{folder}' {name}", most, "tune it again", "tune it again")
