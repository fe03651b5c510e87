"""A frozen causal language model with its tokenizer: loading it, and what the harness needs to know of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from harness.errors import ModelError, UsageError
from harness.models.geometries import random_model

BUNDLED: Final = Path(__file__).with_name("bundled") / "respondent"
RANDOM_PREFIX: Final = "random:"
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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "respondent"
    dtype: Dtype = "auto"
    device: str = "auto"
    device_map: str | None = None
    trust_remote_code: bool = False

    @property
    def random_weights(self) -> bool:
        """Whether the weights are random: fit for benchmarks, never for results."""
        return self.name.startswith(RANDOM_PREFIX)


@dataclass(frozen=True)
class LanguageModel:
    """A loaded model, frozen and in evaluation mode. `digest` names its weights in records."""

    spec: ModelSpec
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    digest: str
    source: str

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
    def parameters(self) -> int:
        """Number of parameters, tied ones counted once."""
        return sum(p.numel() for p in self.model.parameters())

    @property
    def context_length(self) -> int | None:
        """Longest input in tokens, or None where the configuration does not say."""
        length = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return int(length) if length else None

    @cached_property
    def token_embeddings(self) -> Floats:
        """(vocabulary, D) input embeddings as a soft prompt would stand beside them."""
        size = self.model.get_input_embeddings().weight.shape[0]
        with torch.inference_mode():
            ids = torch.arange(size, device=self.device)
            rows: Floats = self.model.get_input_embeddings()(ids).float().cpu().numpy()
        return rows


def gpu_name(lm: LanguageModel) -> str | None:
    """Name of the GPU that the model is on, None on a CPU."""
    return torch.cuda.get_device_name(lm.device) if lm.device.type == "cuda" else None


def threads() -> int:
    """Threads of torch on the CPU."""
    return torch.get_num_threads()


def quiet_libraries() -> None:
    """Silences the loader's progress bars and its remarks below errors, for this process."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def load(spec: ModelSpec) -> LanguageModel:
    """Loads a model and its tokenizer from the bundle, a folder, the hub, or random weights.

    Raises:
        ModelError: it cannot be loaded; the message says what to do.
        UsageError: the device is unknown.
    """
    device = _device(spec.device)
    dtype = _dtype(spec.dtype, device)
    if spec.random_weights:
        model = random_model(spec.name.removeprefix(RANDOM_PREFIX), dtype, device)
        source, tokenizer_source, digest = spec.name, str(BUNDLED), _text_digest(model.config.to_json_string())
    else:
        source = tokenizer_source = locate(spec.name)
        model = _pretrained(spec, source, dtype, device)
        digest = _weights_digest(source, model)
    tokenizer = _tokenizer(spec, tokenizer_source)
    model.requires_grad_(False)
    model.eval()
    return LanguageModel(spec, model, tokenizer, digest, source)


def locate(name: str) -> str:
    """Where transformers should look: the bundled folder, a folder of the user's, or a hub id.

    Raises:
        ModelError: the name looks like a path or a slip of "respondent", and nothing is there.
    """
    if name == "respondent":
        return str(BUNDLED)
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelError(f"model folder '{name}' has no config.json: give a folder written by save_pretrained")
        return str(path)
    looks_like_path = name.startswith((".", "/", "~")) or name.count("/") > 1 or path.exists()
    if looks_like_path or not name.strip():
        raise ModelError(
            f"model '{name}' is not a folder: give 'respondent', a folder with config.json, a hub id such as "
            "meta-llama/Meta-Llama-3-8B-Instruct, or random:GEOMETRY; see 'harness ls models'"
        )
    return name


def _pretrained(spec: ModelSpec, source: str, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    placement = {"device_map": spec.device_map} if spec.device_map else {}
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=dtype,
            attn_implementation="sdpa",
            trust_remote_code=spec.trust_remote_code,
            use_safetensors=True,
            **placement,
        )
    except (OSError, ValueError, ImportError) as error:
        raise _cannot_load(spec.name, error) from error
    return model if spec.device_map else model.to(device)


def _tokenizer(spec: ModelSpec, source: str) -> PreTrainedTokenizerBase:
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            source, trust_remote_code=spec.trust_remote_code
        )
    except (OSError, ValueError, ImportError) as error:
        raise _cannot_load(spec.name, error) from error
    if not tokenizer.chat_template:
        raise ModelError(
            f"model '{spec.name}' has no chat template: give an instruction-tuned model, or add chat_template.jinja to "
            "a local copy"
        )
    return tokenizer


def _cannot_load(name: str, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())
    if "gated" in reason.lower() or "401" in reason or "403" in reason:
        advice = "ask for access on its page and log in with 'hf auth login'"
    elif Path(name).is_dir():
        advice = "give a folder written by save_pretrained, with safetensors weights and a tokenizer"
    else:
        advice = "check the id and the connection, download it first, or give a folder; 'respondent' needs neither"
    reason = reason if len(reason) <= 200 else reason[:197] + "..."
    return ModelError(f"model '{name}' cannot be loaded: {advice} ({type(error).__name__}: {reason})")


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(f"unknown device '{name}': expected auto, cpu, cuda or cuda:N, if present") from error
    return device


def _dtype(name: Dtype, device: torch.device) -> torch.dtype:
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def _weights_digest(source: str, model: PreTrainedModel) -> str:
    """Names the weights: the hub's commit where there is one, else a hash over the files of the folder."""
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
