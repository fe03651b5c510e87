"""Tiny models with random weights in folders, and what they should answer by the plain transformers forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from harness.models.language_model import LanguageModel, ModelSpec
from harness.models.loading import load
from harness.models.tokenizer import train_tokenizer
from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey

Floats = NDArray[np.float32]
PlainScores = Callable[[LanguageModel, Sequence[str], Floats], NDArray[np.float64]]

# Weights larger than usual, so that a wrong position or a token seen by mistake moves the answers by whole nats.
COMMON: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "initializer_range": 0.2,
}
GPT2: dict[str, Any] = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 1024, "initializer_range": 0.2}
OPT: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "ffn_dim": 64,
    "max_position_embeddings": 1024,
    "init_std": 0.2,
    "word_embed_proj_dim": 32,
}
WIDE = 4096
NARROW = 16
GEOMETRIES: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama", **COMMON},
    "llama-tied": {"model_type": "llama", **COMMON, "tie_word_embeddings": True},
    "gpt2": {"model_type": "gpt2", **GPT2},
    "qwen2": {"model_type": "qwen2", **COMMON},
    "qwen3": {"model_type": "qwen3", **COMMON, "head_dim": 8},
    "gemma": {"model_type": "gemma", **COMMON, "head_dim": 8},
    "gemma2": {"model_type": "gemma2", **COMMON, "head_dim": 8, "sliding_window": WIDE},
    "gemma3": {"model_type": "gemma3_text", **COMMON, "head_dim": 8, "sliding_window": WIDE, "num_hidden_layers": 6},
    "mistral": {"model_type": "mistral", **COMMON, "sliding_window": WIDE},
    "phi3": {"model_type": "phi3", **COMMON, "sliding_window": None},
    "opt": {"model_type": "opt", **OPT},
    # The window holds any prompt, and not the row of all of them.
    "mistral-window": {"model_type": "mistral", **COMMON, "sliding_window": WIDE // 16},
    # The window is shorter than any prompt.
    "mistral-narrow": {"model_type": "mistral", **COMMON, "sliding_window": NARROW},
    "gemma3-narrow": {
        "model_type": "gemma3_text",
        **COMMON,
        "head_dim": 8,
        "sliding_window": NARROW,
        "num_hidden_layers": 6,
    },
    "qwen2-narrow": {
        "model_type": "qwen2",
        **COMMON,
        "use_sliding_window": True,
        "sliding_window": NARROW,
        "max_window_layers": 1,
    },
    # Architectures that a tree mask cannot serve, each in its own way.
    "falcon-alibi": {
        "model_type": "falcon",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "alibi": True,
        "initializer_range": 0.2,
    },
    "bloom": {"model_type": "bloom", "hidden_size": 32, "n_layer": 2, "n_head": 4, "initializer_range": 0.2},
    "mamba": {
        "model_type": "mamba",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "state_size": 4,
        "initializer_range": 0.2,
    },
    "lfm2": {
        "model_type": "lfm2",
        **COMMON,
        "layer_types": ["full_attention", "conv"],
        "block_auto_adjust_ff_dim": False,
    },
    "bert": {"model_type": "bert", **COMMON},
    "gpt_neo": {
        "model_type": "gpt_neo",
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "attention_types": [[["global", "local"], 1]],
        "window_size": NARROW,
        "max_position_embeddings": 1024,
        "initializer_range": 0.2,
    },
}


@dataclass(frozen=True)
class Turns:
    """User turns of different lengths: several items and scales, both option orders, two splits."""

    few: tuple[str, ...]
    many: tuple[str, ...]


@pytest.fixture(scope="session")
def turns() -> Turns:
    survey = load_survey()
    tuning, heldout = survey_prompts(survey, "tuning"), survey_prompts(survey, "heldout")
    few = [one.text for split in (tuning, heldout) for one in split if one.item in (1, 15, 20)]
    return Turns(tuple(few), tuple(one.text for one in tuning))


@pytest.fixture(scope="session")
def tokenizer(turns: Turns) -> PreTrainedTokenizerFast:
    return train_tokenizer(turns.many, 600)


@pytest.fixture(scope="session")
def folder_of(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a geometry, written by save_pretrained on first use; not to be changed."""
    root = tmp_path_factory.mktemp("models")

    @cache
    def write(name: str) -> Path:
        settings = {
            **GEOMETRIES[name],
            "vocab_size": len(tokenizer),
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        }
        with torch.random.fork_rng():
            torch.manual_seed(11)
            model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**settings), dtype=torch.float32)
        model.save_pretrained(root / name)
        tokenizer.save_pretrained(root / name)
        return root / name

    return write


@pytest.fixture(scope="session")
def model(folder_of: Callable[[str], Path]) -> Callable[[str], LanguageModel]:
    """A loaded model of a geometry, the same object each time."""

    @cache
    def loaded(name: str) -> LanguageModel:
        return load(ModelSpec(name=str(folder_of(name)), dtype="float32", device="cpu"))

    return loaded


@pytest.fixture(scope="session")
def plain_scores() -> PlainScores:
    """The reference: one candidate, one prompt at a time, the whole vocabulary at every position, nothing shared."""

    def score(lm: LanguageModel, user_turns: Sequence[str], soft_prompts: Floats) -> NDArray[np.float64]:
        options = lm.tokenizer.convert_tokens_to_ids(["1", "2", "3", "4", "5"])
        embed = lm.model.get_input_embeddings()
        rows = []
        with torch.inference_mode():
            for soft in soft_prompts:
                for turn in user_turns:
                    encoded = lm.tokenizer.apply_chat_template(
                        [{"role": "user", "content": turn}], add_generation_prompt=True, return_dict=True
                    )
                    text = embed(torch.tensor(encoded["input_ids"]))
                    whole = torch.cat([torch.from_numpy(soft).to(text), text])[None]
                    last = lm.model(inputs_embeds=whole).logits[0, -1]
                    rows.append(last.double().log_softmax(-1)[options].numpy())
        return np.array(rows).reshape(len(soft_prompts), len(user_turns), 5)

    return score


@pytest.fixture(scope="session")
def soft_prompts() -> Callable[..., Floats]:
    """(P, V, D) random candidates, about as large as the embeddings of the tiny models."""

    def draw(count: int, tokens: int, lm: LanguageModel, seed: int = 5) -> Floats:
        drawn = np.random.default_rng(seed).normal(0.0, 0.5, (count, tokens, lm.width))
        return drawn.astype(np.float32)

    return draw
