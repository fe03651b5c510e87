from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from peft import PeftModel, PromptTuningConfig, TaskType, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from harness.errors import InputError
from harness.models.adapter import (
    CONFIG_FILE,
    ORIGIN_FILE,
    WEIGHTS_FILE,
    attach,
    load_adapter,
    origin_note,
    save_adapter,
)
from harness.models.language_model import LanguageModel, ModelSpec
from harness.models.loading import load
from harness.models.scorer import Scorer

Model = Callable[[str], LanguageModel]


@pytest.fixture
def lm(model: Model) -> LanguageModel:
    return model("llama")


def edit(folder: Path, **changes: Any) -> None:
    file = folder / CONFIG_FILE
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def weights(folder: Path, **tensors: torch.Tensor) -> None:
    save_file(tensors, folder / WEIGHTS_FILE)


def refused(folder: Path, lm: LanguageModel) -> str:
    with pytest.raises(InputError) as caught:
        load_adapter(folder, lm)
    message = str(caught.value)
    assert message.startswith(f"prompt '{folder}' ")
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("tokens", [1, 20])
@pytest.mark.parametrize("name", ["llama", "gpt2", "qwen2", "gemma"])
def test_round_trip(name: str, tokens: int, model: Model, soft_prompts: Any, tmp_path: Path) -> None:
    (prompt,) = soft_prompts(1, tokens, model(name))
    save_adapter(tmp_path / "deep" / "adapter", prompt, model(name))
    loaded = load_adapter(tmp_path / "deep" / "adapter", model(name))
    assert loaded.dtype == np.float32
    assert np.array_equal(loaded, prompt)


@settings(max_examples=25)
@given(prompt=arrays(np.float32, (2, 32), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_any_finite_prompt_survives_bit_for_bit(
    prompt: Any, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("adapter")
    save_adapter(folder, prompt, model("llama"))
    assert load_adapter(folder, model("llama")).tobytes() == prompt.tobytes()


def test_what_is_written(lm: LanguageModel, soft_prompts: Any, tmp_path: Path) -> None:
    (prompt,) = soft_prompts(1, 4, lm)
    save_adapter(tmp_path, prompt, lm)
    assert sorted(file.name for file in tmp_path.iterdir()) == [CONFIG_FILE, WEIGHTS_FILE, ORIGIN_FILE]
    assert json.loads((tmp_path / ORIGIN_FILE).read_text()) == {"model": lm.spec.name, "digest": lm.digest}
    config = json.loads((tmp_path / CONFIG_FILE).read_text(encoding="utf-8"))
    wanted = {
        "peft_type": "PROMPT_TUNING",
        "task_type": "CAUSAL_LM",
        "num_virtual_tokens": 4,
        "token_dim": 32,
        "base_model_name_or_path": lm.spec.name,
        "inference_mode": True,
    }
    assert {key: config[key] for key in wanted} == wanted


def test_a_later_prompt_replaces_the_earlier(lm: LanguageModel, soft_prompts: Any, tmp_path: Path) -> None:
    first, second = soft_prompts(2, 3, lm)
    save_adapter(tmp_path, first, lm)
    save_adapter(tmp_path, second[:2], lm)
    assert np.array_equal(load_adapter(tmp_path, lm), second[:2])


def test_views_are_written_as_they_look(lm: LanguageModel, soft_prompts: Any, tmp_path: Path) -> None:
    (prompt,) = soft_prompts(1, 6, lm)
    save_adapter(tmp_path, prompt[::2], lm)
    assert np.array_equal(load_adapter(tmp_path, lm), prompt[::2])


# peft asks for an attribute that transformers is about to rename.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("tokens", [1, 20])
@pytest.mark.parametrize("name", ["llama", "gpt2", "qwen2", "gemma"])
def test_peft_answers_as_the_scorer_does(
    name: str, tokens: int, model: Model, folder_of: Any, turns: Any, soft_prompts: Any, tmp_path: Path
) -> None:
    lm = model(name)
    (prompt,) = soft_prompts(1, tokens, lm)
    save_adapter(tmp_path, prompt, lm)
    base = AutoModelForCausalLM.from_pretrained(folder_of(name), dtype=torch.float32)
    tuned = PeftModel.from_pretrained(base, tmp_path).eval()
    options = lm.tokenizer.convert_tokens_to_ids(["1", "2", "3", "4", "5"])
    wanted = []
    for turn in turns.few:
        encoded = lm.tokenizer.apply_chat_template(
            [{"role": "user", "content": turn}], add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = tuned(input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]).logits
        wanted.append(logits[0, -1].double().log_softmax(-1)[options].numpy())
    found = Scorer(lm, turns.few, tokens).score(load_adapter(tmp_path, lm)[None])[0]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)
    # And the prompt matters.
    assert np.abs(found - Scorer(lm, turns.few, 0).score(np.zeros((1, 0, lm.width), np.float32))[0]).max() > 0.01


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_prompts_of_other_precision_are_read(
    kind: torch.dtype, lm: LanguageModel, soft_prompts: Any, tmp_path: Path
) -> None:
    (prompt,) = soft_prompts(1, 3, lm)
    save_adapter(tmp_path, prompt, lm)
    weights(tmp_path, prompt_embeddings=torch.tensor(prompt).to(kind))
    loaded = load_adapter(tmp_path, lm)
    assert loaded.dtype == np.float32
    assert np.array_equal(loaded, torch.tensor(prompt).to(kind).float().numpy())


def test_a_model_of_another_width(lm: LanguageModel, tmp_path: Path) -> None:
    save_adapter(tmp_path, np.zeros((3, 64), np.float32), lm)
    assert refused(tmp_path, lm) == (
        f"prompt '{tmp_path}' has 'prompt_embeddings' of shape (3, 64) in adapter_model.safetensors: model "
        f"'{lm.spec.name}' takes (V, 32); give the model that it was tuned for with --model"
    )


def test_a_prompt_of_a_model_of_the_same_width(model: Model, soft_prompts: Any, tmp_path: Path) -> None:
    tuned, other = model("llama"), model("qwen2")
    assert tuned.width == other.width
    save_adapter(tmp_path, soft_prompts(1, 3, tuned)[0], tuned)
    assert refused(tmp_path, other) == (
        f"prompt '{tmp_path}' was tuned for model '{tuned.spec.name}', 'digest' {tuned.digest[:15]} in vsm.json: model "
        f"'{other.spec.name}' is another, {other.digest[:15]}; give the one that it was tuned for with --model, or "
        "remove vsm.json to try it on this one"
    )
    # Without the digest a name is no proof: the width decides, and the reader is told.
    (tmp_path / ORIGIN_FILE).unlink()
    assert load_adapter(tmp_path, other).shape == (3, 32)
    assert origin_note(tmp_path, other) == (
        f"the prompt names '{tuned.spec.name}' as its base model, has no vsm.json, and fits '{other.spec.name}' by its "
        "width: that it was tuned for this model is not known"
    )
    assert origin_note(tmp_path, tuned) == ""


def test_the_same_model_under_another_name_and_precision(
    folder_of: Any, model: Model, soft_prompts: Any, tmp_path: Path
) -> None:
    (prompt,) = soft_prompts(1, 3, model("llama"))
    save_adapter(tmp_path / "adapter", prompt, model("llama"))
    shutil.copytree(folder_of("llama"), tmp_path / "renamed")
    moved = load(ModelSpec(name=str(tmp_path / "renamed"), dtype="bfloat16", device="cpu"))
    assert np.array_equal(load_adapter(tmp_path / "adapter", moved), prompt)
    assert origin_note(tmp_path / "adapter", moved) == ""


# As above.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_an_adapter_written_by_peft_alone(lm: LanguageModel, folder_of: Any, tmp_path: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(folder_of("llama"), dtype=torch.float32)
    config = PromptTuningConfig(task_type=TaskType.CAUSAL_LM, num_virtual_tokens=5)
    torch.manual_seed(3)
    tuned = get_peft_model(base, config)
    tuned.save_pretrained(str(tmp_path))
    wanted = tuned.prompt_encoder["default"].embedding.weight.detach().numpy()
    assert np.array_equal(load_adapter(tmp_path, lm), wanted)
    assert origin_note(tmp_path, lm) == ""


def test_a_folder_that_is_no_adapter(lm: LanguageModel, tmp_path: Path) -> None:
    message = "has no adapter_config.json: give the adapter folder of a tuned prompt"
    assert refused(tmp_path, lm) == f"prompt '{tmp_path}' {message}"
    assert refused(tmp_path / "none", lm) == f"prompt '{tmp_path / 'none'}' {message}"
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file", lm) == f"prompt '{tmp_path / 'file'}' {message}"


def test_a_lora_adapter(lm: LanguageModel, tmp_path: Path) -> None:
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "target_modules": ["q_proj"]}
    (tmp_path / CONFIG_FILE).write_text(json.dumps(config))
    weights(tmp_path, **{"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": torch.zeros(4, 32)})
    message = refused(tmp_path, lm)
    assert "is of 'peft_type' LORA in adapter_config.json: expected a PEFT PROMPT_TUNING adapter" in message


BROKEN: dict[str, Callable[[Path], object]] = {
    "no weights": lambda folder: (folder / WEIGHTS_FILE).unlink(),
    "weights are text": lambda folder: (folder / WEIGHTS_FILE).write_text("hello"),
    "weights are empty": lambda folder: (folder / WEIGHTS_FILE).write_bytes(b""),
    "weights are a folder": lambda folder: ((folder / WEIGHTS_FILE).unlink(), (folder / WEIGHTS_FILE).mkdir()),
    "weights cut off": lambda folder: (folder / WEIGHTS_FILE).write_bytes((folder / WEIGHTS_FILE).read_bytes()[:-8]),
    "weights of another name": lambda folder: weights(folder, embeddings=torch.zeros(3, 32)),
    "one row": lambda folder: weights(folder, prompt_embeddings=torch.zeros(32)),
    "three axes": lambda folder: weights(folder, prompt_embeddings=torch.zeros(1, 3, 32)),
    "NaN": lambda folder: weights(folder, prompt_embeddings=torch.full((3, 32), float("nan"))),
    "inf": lambda folder: weights(folder, prompt_embeddings=torch.full((3, 32), float("inf"))),
    "config is no JSON": lambda folder: (folder / CONFIG_FILE).write_text("{"),
    "config is a list": lambda folder: (folder / CONFIG_FILE).write_text("[]"),
    "config is binary": lambda folder: (folder / CONFIG_FILE).write_bytes(b"\xff\x00"),
    "config is empty": lambda folder: (folder / CONFIG_FILE).write_bytes(b""),
    "no such type": lambda folder: edit(folder, peft_type="NOTHING"),
    "no origin's digest": lambda folder: (folder / ORIGIN_FILE).write_text('{"model": "x"}'),
    "origin's digest is a number": lambda folder: (folder / ORIGIN_FILE).write_text('{"model": "x", "digest": 1}'),
    "origin is null": lambda folder: (folder / ORIGIN_FILE).write_text("null"),
    "origin is cut off": lambda folder: (folder / ORIGIN_FILE).write_text('{"model'),
    "origin is a folder": lambda folder: ((folder / ORIGIN_FILE).unlink(), (folder / ORIGIN_FILE).mkdir()),
    "fewer tokens than it says": lambda folder: edit(folder, num_virtual_tokens=4),
    "another width than it says": lambda folder: edit(folder, token_dim=64),
    "no type": lambda folder: edit(folder, peft_type=None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_adapter_is_one_line(name: str, lm: LanguageModel, soft_prompts: Any, tmp_path: Path) -> None:
    save_adapter(tmp_path, soft_prompts(1, 3, lm)[0], lm)
    BROKEN[name](tmp_path)
    refused(tmp_path, lm)


def test_no_numbers_that_are_not_finite(lm: LanguageModel, tmp_path: Path) -> None:
    prompt = np.zeros((3, 32), np.float32)
    prompt[2, 31] = -np.inf
    save_adapter(tmp_path, prompt, lm)
    assert refused(tmp_path, lm) == (
        f"prompt '{tmp_path}' holds numbers in 'prompt_embeddings' of "
        "adapter_model.safetensors that are not finite: tune it again"
    )


def test_a_pickle_in_place_of_weights_is_never_read(lm: LanguageModel, tmp_path: Path) -> None:
    save_adapter(tmp_path, np.zeros((3, 32), np.float32), lm)
    (tmp_path / WEIGHTS_FILE).unlink()
    marker = tmp_path / "marker"
    (tmp_path / "adapter_model.bin").write_bytes(pickled(marker))
    for read in (load_adapter, attach):
        with pytest.raises(InputError, match=r"adapter_model\.bin and no .*: a pickle is never read"):
            read(tmp_path, lm)
    assert not marker.exists()


def pickled(marker: Path) -> bytes:
    """A pickle that makes a file when it is read."""

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    return pickle.dumps({"prompt_embeddings": Trap()})


def test_the_trap_works(tmp_path: Path) -> None:
    pickle.loads(pickled(tmp_path / "marker"))
    assert (tmp_path / "marker").exists()


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_peft_reads_nothing_that_the_folder_says_beside_the_prompt(lm: LanguageModel, tmp_path: Path) -> None:
    prompt = np.full((3, 32), 0.25, np.float32)
    save_adapter(tmp_path, prompt, lm)
    edit(
        tmp_path,
        inference_mode=False,
        prompt_tuning_init="TEXT",
        prompt_tuning_init_text="hello",
        tokenizer_name_or_path="somebody/else",
        tokenizer_kwargs={"trust_remote_code": True},
        base_model_name_or_path="somebody/else",
        auto_mapping={"base_model_class": "Trap", "parent_library": "os"},
    )
    (tmp_path / ORIGIN_FILE).unlink()
    tuned = attach(tmp_path, lm)
    assert np.array_equal(tuned.prompt_encoder["default"].embedding.weight.detach().numpy(), prompt)
    assert tuned.peft_config["default"].tokenizer_name_or_path is None


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (torch.zeros((3, 32), dtype=torch.int64), "of 3 tokens in I64"),
        (torch.zeros((100_001, 32), dtype=torch.float16), "of 100001 tokens in F16"),
    ],
)
def test_what_no_prompt_is_is_refused_before_it_is_read(
    tensor: torch.Tensor, reason: str, lm: LanguageModel, tmp_path: Path
) -> None:
    save_adapter(tmp_path, np.zeros((3, 32), np.float32), lm)
    weights(tmp_path, prompt_embeddings=tensor)
    assert reason in refused(tmp_path, lm)


@pytest.mark.parametrize("name", [CONFIG_FILE, ORIGIN_FILE, WEIGHTS_FILE])
def test_a_pipe_is_refused_at_once(name: str, lm: LanguageModel, tmp_path: Path) -> None:
    save_adapter(tmp_path, np.zeros((3, 32), np.float32), lm)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    assert f"{name} cannot be read (is a pipe, no file)" in refused(tmp_path, lm)
