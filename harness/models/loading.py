"""Loading a frozen causal language model: from the bundle, a folder, the hub, or with random weights."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from huggingface_hub import constants as hub
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from harness.errors import ModelError, UsageError, unknown_choice
from harness.models.folder import check_source, offline
from harness.models.geometries import geometry_config, random_model
from harness.models.language_model import RANDOM_PREFIX, Dtype, LanguageModel, ModelSpec
from harness.models.memory import budget_bytes, out_of_memory, readable, weights_bytes
from harness.models.parity import find_abilities

BUNDLED_NAME: Final = "respondent"
BUNDLED: Final = Path(__file__).with_name("bundled") / "respondent"
_DEVICES: Final = ("cpu", "cuda", "mps")
_DEVICE_MAPS: Final = ("auto", "balanced", "balanced_low_0", "sequential", "cpu")
_SLIP: Final = 0.8
_PATIENCE: Final = 5.0
"""Seconds to wait for the hub to take a connection."""


def quiet_libraries() -> None:
    """Silences the loader's progress bars and its remarks below errors, for this process."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def load(spec: ModelSpec) -> LanguageModel:
    """Loads a model and its tokenizer, and checks that the scorer answers as the model's own forward pass does.

    Raises:
        ModelError: it cannot be loaded or cannot answer a survey; the message says what to do.
        UsageError: the device, the device map or the geometry is unknown.
    """
    device = find_device(spec.device)
    check_device_map(spec.device_map)
    dtype = find_dtype(spec.dtype, device)
    config = read_config(spec)
    check_room(spec, config, dtype, device)
    if spec.random_weights:
        model = random_model(spec.name.removeprefix(RANDOM_PREFIX), dtype, device)
        source = spec.name
        digest = _text_digest(model.config.to_json_string())
    else:
        source = locate(spec.name)
        model = _pretrained(spec, source, dtype, device)
        digest = _weights_digest(source, model)
    tokenizer = read_tokenizer(spec)
    digest = _text_digest(f"{digest} {tokenizer.chat_template} {sorted(tokenizer.get_vocab().items())}")
    model.requires_grad_(False)
    model.eval()
    lm = LanguageModel(spec, model, tokenizer, digest, source)
    return replace(lm, abilities=find_abilities(lm))


def locate(name: str) -> str:
    """Where transformers should look: the bundled folder, a folder of the user's, or a hub id.

    Raises:
        ModelError: the name looks like a path or a slip of "respondent", and nothing is there.
    """
    if name == BUNDLED_NAME:
        return str(BUNDLED)
    path = Path(name)
    try:
        path = path.expanduser()
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, RuntimeError):
        is_folder, exists = False, True
    if is_folder and name.strip():
        if not (path / "config.json").is_file():
            raise ModelError(f"model folder '{name}' has no config.json: give a folder written by save_pretrained")
        return str(path)
    if exists or not name.strip() or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(
            f"model '{name[:80]}' is not a folder: give 'respondent', a folder with config.json, a hub id such as "
            "meta-llama/Meta-Llama-3-8B-Instruct, or random:GEOMETRY; see 'harness ls models'"
        )
    if SequenceMatcher(None, name.lower(), BUNDLED_NAME).ratio() >= _SLIP:
        raise ModelError(f"unknown model '{name}': expected respondent, or another one of 'harness ls models'")
    return name


def _check_connection() -> None:
    """Tells the hub's library when there is no connection, so that it looks at what it has instead of trying again.

    Where the environment forbids the network, none is tried.
    """
    if hub.HF_HUB_OFFLINE or offline():
        hub.HF_HUB_OFFLINE = True
        return
    if getproxies():
        return
    place = urlsplit(hub.ENDPOINT)
    try:
        socket.create_connection((place.hostname or "", place.port or 443), timeout=_PATIENCE).close()
    except OSError:
        hub.HF_HUB_OFFLINE = True


def read_config(spec: ModelSpec) -> PreTrainedConfig:
    """A model's configuration, which takes no weights.

    Raises:
        ModelError: there is no such model, or its configuration cannot be read.
        UsageError: the geometry is unknown.
    """
    if spec.random_weights:
        return geometry_config(spec.name.removeprefix(RANDOM_PREFIX))
    source = locate(spec.name)
    if not Path(source).is_dir():
        _check_connection()
    # What a damaged folder makes the libraries raise is of every kind; the cause stays attached.
    try:
        check_source(source, spec.trust_remote_code)
        return AutoConfig.from_pretrained(source, trust_remote_code=spec.trust_remote_code)
    except ModelError:
        raise
    except Exception as error:
        raise cannot_load(spec.name, error) from error


def check_room(spec: ModelSpec, config: PreTrainedConfig, dtype: torch.dtype, device: torch.device) -> None:
    """Refuses a model whose weights alone exceed the memory.

    Not asked of one that accelerate places, or of quantised weights, whose size the configuration does not tell.

    Raises:
        ModelError: they do.
    """
    if spec.device_map or getattr(config, "quantization_config", None) is not None:
        return
    # A configuration can name sizes that make no model; that is said where the model itself is built.
    try:
        with torch.device("meta"):
            empty = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=spec.trust_remote_code)
    except Exception:
        return
    need, room = weights_bytes(empty), budget_bytes(device, spec.memory_gb)
    if need > room:
        there = f"--memory-gb allows {readable(room)}" if spec.memory_gb else f"{device} has {readable(room)} to give"
        kind = str(dtype).removeprefix("torch.")
        raise ModelError(
            f"model '{spec.name}' needs {readable(need)} for its weights in {kind}, and more to score; {there}: give "
            f"{_smaller(dtype)}"
        )


def _smaller(dtype: torch.dtype) -> str:
    """What to do about a model that is too large."""
    ways = ["--dtype bfloat16"] if dtype == torch.float32 else []
    ways += ["--device-map auto"] if torch.cuda.device_count() > 1 else []
    return ", ".join([*ways, "a smaller model or more memory"])


def _pretrained(spec: ModelSpec, source: str, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    placement = {"device_map": spec.device_map} if spec.device_map else {}
    # What a damaged folder makes the libraries raise is of every kind; the cause stays attached.
    try:
        model: PreTrainedModel
        found: dict[str, Any]
        model, found = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=dtype,
            trust_remote_code=spec.trust_remote_code,
            use_safetensors=True,
            output_loading_info=True,
            **placement,
        )
        missing = sorted(found["missing_keys"])
        if missing:
            raise ValueError(f"{len(missing)} weights are missing, the first is {missing[0]}")
    except Exception as error:
        raise cannot_load(spec.name, error) from error
    return model if spec.device_map else model.to(device)


def read_tokenizer(spec: ModelSpec) -> PreTrainedTokenizerBase:
    """A model's tokenizer; random weights are asked with the bundled one.

    Raises:
        ModelError: it cannot be read, or has no chat template.
    """
    source = str(BUNDLED) if spec.random_weights else locate(spec.name)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            source, trust_remote_code=spec.trust_remote_code
        )
    except Exception as error:
        raise cannot_load(spec.name, error) from error
    if not tokenizer.chat_template:
        raise ModelError(
            f"model '{spec.name}' has no chat template: give an instruction-tuned model, or add chat_template.jinja to "
            "a local copy"
        )
    return tokenizer


def cannot_load(name: str, error: Exception) -> ModelError:
    """That a model cannot be loaded, why, and what to do."""
    reason = " ".join(str(error).split())
    if out_of_memory(error):
        return ModelError(
            f"model '{name}' does not fit: memory ran out while it was loaded; give a smaller one, or dtype"
        )
    if "gated" in reason.lower() or "401" in reason or "403" in reason:
        advice = "ask for access on its page and log in with 'hf auth login'"
    elif Path(name).expanduser().is_dir():
        advice = "give a folder written by save_pretrained, with safetensors weights and a tokenizer"
    elif variable := offline():
        advice = f"{variable} is set, so nothing is fetched; download it first, unset it, or give a folder"
    else:
        advice = "check the id and the connection, download it first, or give a folder; 'respondent' needs neither"
    reason = reason if len(reason) <= 200 else reason[:197] + "..."
    return ModelError(f"model '{name}' cannot be loaded: {advice} ({type(error).__name__}: {reason})")


def check_device_map(name: str | None) -> None:
    """Refuses a device map that accelerate does not have.

    Raises:
        UsageError: it does not.
    """
    if name not in (None, *_DEVICE_MAPS):
        raise unknown_choice("device map", str(name), _DEVICE_MAPS, "give --device-map one of them")


def find_device(name: str) -> torch.device:
    """The device of a name; "auto" takes a GPU if there is one.

    Raises:
        UsageError: there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type not in _DEVICES:
            raise NotImplementedError
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        here = "cpu, cuda or cuda:N" if torch.cuda.is_available() else "cpu; there is no CUDA device here"
        raise UsageError(f"unknown device '{name}': expected auto or {here}") from error
    return device


def find_dtype(name: Dtype, device: torch.device) -> torch.dtype:
    """The type of a name; "auto" is float32 on a CPU and bfloat16 elsewhere."""
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def _weights_digest(source: str, model: PreTrainedModel) -> str:
    """Names weights and configuration: the hub's commit where there is one, else a hash over the folder's files."""
    folder = Path(source)
    if not folder.is_dir():
        commit = getattr(model.config, "_commit_hash", None)
        return f"commit:{commit}" if commit else "unknown"
    digest = hashlib.sha256()
    for path in [*sorted(folder.glob("*.safetensors")), folder / "config.json"]:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _text_digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
