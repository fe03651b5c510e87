"""A model's folder that would execute code, wait for ever, fetch something or fill memory; none of it happens."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ModelError
from harness.models.folder import ADAPTER, CONFIG, INDEX
from harness.models.language_model import ModelSpec
from harness.models.loading import BUNDLED, load
from harness.tuning.identity import note

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bundled respondent."""
    return Path(shutil.copytree(BUNDLED, tmp_path / "model"))


def refused(name: object, **settings: Any) -> str:
    with pytest.raises(ModelError) as caught:
        load(ModelSpec(name=str(name), device="cpu", **settings))
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def edit(file: Path, **changes: Any) -> None:
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**content, **changes}))


def pickled(marker: Path) -> bytes:
    """A pickle that makes a file when it is read."""

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    return pickle.dumps({"lm_head.weight": Trap()})


def sharded(folder: Path, shard: str) -> None:
    (folder / WEIGHTS).rename(folder / "first.safetensors")
    edit(folder / INDEX, metadata={}, weight_map={"lm_head.weight": shard, "model.norm.weight": "first.safetensors"})


PICKLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "alone": (lambda folder: (folder / WEIGHTS).unlink(), "*.bin is a pickle, which is never read"),
    "named by an index": (lambda folder: sharded(folder, "pytorch_model.bin"), "'pytorch_model.bin': expected names"),
    "named by an index, beside safetensors": (
        lambda folder: edit(folder / INDEX, metadata={}, weight_map={"a": "pytorch_model.bin"}),
        "'pytorch_model.bin': expected names of safetensors files in the same folder",
    ),
    "elsewhere": (lambda folder: sharded(folder, "../x/pytorch_model.bin"), "'../x/pytorch_model.bin': expected"),
    "named by the configuration": (
        lambda folder: edit(folder / CONFIG, transformers_weights="adapter_model.bin"),
        "'adapter_model.bin': expected names of safetensors files",
    ),
    "of an adapter beside the weights": (
        lambda folder: edit(folder / ADAPTER, peft_type="LORA", base_model_name_or_path="somebody/else"),
        "adapter_config.json beside the weights: give the model alone",
    ),
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_is_never_read(name: str, folder: Path, tmp_path: Path) -> None:
    change, reason = PICKLES[name]
    marker = tmp_path / "marker"
    for file in ("pytorch_model.bin", "adapter_model.bin"):
        (folder / file).write_bytes(pickled(marker))
    change(folder)
    assert reason in refused(folder)
    assert not marker.exists()


@pytest.mark.parametrize("place", ["../above", "/etc/hosts", "a\\b", "x.safetensors/../y"])
def test_weights_of_another_folder_are_refused(place: str, folder: Path) -> None:
    sharded(folder, f"{place}.safetensors")
    assert "expected names of safetensors files in the same folder" in refused(folder)


def with_code(folder: Path, marker: Path) -> None:
    """Makes a model of a type that no library knows, whose configuration is code in the folder."""
    (folder / "theirs.py").write_text(
        "from pathlib import Path\n"
        "from transformers import LlamaConfig, LlamaForCausalLM\n"
        f"Path({str(marker)!r}).touch()\n"
        "class TheirConfig(LlamaConfig):\n    model_type = 'theirs'\n"
        "class TheirModel(LlamaForCausalLM):\n    config_class = TheirConfig\n"
    )
    auto = {"AutoConfig": "theirs.TheirConfig", "AutoModelForCausalLM": "theirs.TheirModel"}
    edit(folder / CONFIG, model_type="theirs", auto_map=auto)


def test_code_that_comes_with_a_model_runs_only_where_it_is_trusted(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    marker = tmp_path / "marker"
    with_code(folder, marker)
    assert "custom code" in refused(folder)
    assert "custom code" in refused(f"random:{folder / CONFIG}")
    assert not marker.exists()
    lm = load(ModelSpec(name=str(folder), device="cpu", trust_remote_code=True))
    assert marker.exists() and type(lm.model).__name__ == "TheirModel"
    assert lm.spec.trust_remote_code
    # The bundled weights under another type still say what they are.
    assert "simulation" in note(lm)


def test_a_record_says_that_code_was_allowed_to_run(folder: Path) -> None:
    edit(folder / CONFIG, vsm_simulation=False)
    trusted = load(ModelSpec(name=str(folder), device="cpu", trust_remote_code=True))
    assert note(trusted) == "code that came with the model was allowed to run: --trust-remote-code"
    assert note(load(ModelSpec(name=str(folder), device="cpu"))) == ""


def test_code_of_a_tokenizer_does_not_run(folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    (folder / "words.py").write_text(f"from pathlib import Path\nPath({str(marker)!r}).touch()\nclass Words: pass\n")
    edit(folder / "tokenizer_config.json", tokenizer_class="Words", auto_map={"AutoTokenizer": ["words.Words", None]})
    # The library takes the class that it knows for such a model, or refuses it; the code is not run.
    try:
        load(ModelSpec(name=str(folder), device="cpu"))
    except ModelError as error:
        assert len(str(error).splitlines()) == 1
    assert not marker.exists()


SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "attention of the hub": ({"attn_implementation": "somebody/kernel"}, "names code on the hub, 'somebody/kernel'"),
    "attention by part": ({"attn_implementation": {"text": "some/kernel"}}, "names code on the hub, 'some/kernel'"),
    "inner attention": ({"text_config": {"_attn_implementation": "a/b"}}, "names code on the hub, 'a/b'"),
    "endless layers": ({"num_hidden_layers": 10**9}, "'num_hidden_layers' of config.json is 1000000000: expected at"),
    "layers below": ({"text_config": {"n_layer": 10**9}}, "'n_layer' of config.json is 1000000000"),
    "endless experts": ({"num_local_experts": 10**12}, "'num_local_experts' of config.json is 1000000000000"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_configuration_that_asks_for_too_much(name: str, folder: Path) -> None:
    changes, reason = SETTINGS[name]
    edit(folder / CONFIG, **changes)
    assert reason in refused(folder)
    assert reason in refused(f"random:{folder / CONFIG}")


FILES: dict[str, Callable[[Path], object]] = {
    "nested": lambda file: file.write_text('{"a": ' + "[" * 50_000 + "]" * 50_000 + "}"),
    "half a character": lambda file: file.write_text('{"model_type": "\\ud800"}'),
    "UTF-16": lambda file: file.write_text("{}", encoding="utf-16"),
    "NUL bytes": lambda file: file.write_bytes(b"\0" * 100),
    "a number without end": lambda file: file.write_text('{"vocab_size": ' + "9" * 5000 + "}"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_configuration_that_is_none(name: str, folder: Path) -> None:
    FILES[name](folder / CONFIG)
    refused(folder)
    refused(f"random:{folder / CONFIG}")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
def test_a_pipe_or_an_endless_file_is_refused_at_once(name: str, folder: Path) -> None:
    file = folder / name
    file.unlink()
    os.mkfifo(file)
    assert "config.json" in refused(folder) or "is no regular file" in refused(folder)
    file.unlink()
    file.symlink_to("/dev/zero")
    refused(folder)
    file.unlink()
    file.symlink_to(file)
    refused(folder)


def test_an_endless_file_by_its_size(folder: Path) -> None:
    with (folder / "tokenizer.json").open("r+b") as file:
        file.truncate(600_000_000)
    assert "is over 500000000 bytes" in refused(folder)
