from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from harness.errors import HarnessError, ModelError, UsageError
from harness.models import loading
from harness.models.folder import OFFLINE
from harness.models.geometries import GEOMETRIES, random_model
from harness.models.language_model import LanguageModel, ModelSpec, gpu_name, threads
from harness.models.loading import load, locate
from harness.models.scorer import Scorer

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"


@pytest.fixture
def copy_of(folder_of: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A model folder to spoil."""

    def copied(name: str) -> Path:
        return Path(shutil.copytree(folder_of(name), tmp_path / name))

    return copied


@pytest.fixture
def bundled(folder_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny model in the place of the bundled respondent."""
    monkeypatch.setattr(loading, "BUNDLED", folder_of("llama"))
    return folder_of("llama")


def edit(file: Path, **changes: Any) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    content.update(changes)
    file.write_text(json.dumps(content), encoding="utf-8")


def refused(spec: ModelSpec, error: type[HarnessError] = ModelError) -> str:
    with pytest.raises(error) as caught:
        load(spec)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 700
    return message


def test_a_loaded_model(folder_of: Callable[[str], Path]) -> None:
    lm = load(ModelSpec(name=str(folder_of("llama"))))
    assert (lm.width, lm.context_length, lm.source) == (32, 1024, str(folder_of("llama")))
    assert (lm.device, lm.dtype) == (torch.device("cpu"), torch.float32)
    assert not lm.model.training
    assert not any(parameter.requires_grad for parameter in lm.model.parameters())
    assert lm.digest.startswith("sha256:")
    assert gpu_name(lm) is None
    assert threads() >= 1


def test_parameters_are_counted_once(model: Callable[[str], LanguageModel]) -> None:
    apart, tied = model("llama"), model("llama-tied")
    assert apart.parameters - tied.parameters == len(apart.tokenizer) * 32


@pytest.mark.parametrize("name", ["llama", "gpt2", "opt"])
def test_geometry_by_any_name_of_its_settings(name: str, model: Callable[[str], LanguageModel]) -> None:
    assert (model(name).width, model(name).context_length) == (32, 1024)


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma3"])
def test_token_embeddings_are_what_the_body_reads(name: str, model: Callable[[str], LanguageModel]) -> None:
    lm = model(name)
    rows = lm.token_embeddings
    assert rows.shape == (len(lm.tokenizer), 32)
    assert rows.dtype == np.float32
    with torch.inference_mode():
        by_id = lm.model(input_ids=torch.tensor([[5, 9, 7]])).logits
        by_row = lm.model(inputs_embeds=torch.from_numpy(rows[[5, 9, 7]])[None]).logits
    torch.testing.assert_close(by_row, by_id, rtol=0, atol=1e-5)


@pytest.mark.parametrize("wanted", ["auto", "float32", "bfloat16", "float16"])
def test_dtype(wanted: Any, folder_of: Callable[[str], Path]) -> None:
    lm = load(ModelSpec(name=str(folder_of("llama")), dtype=wanted, device="cpu"))
    kind = torch.float32 if wanted == "auto" else getattr(torch, wanted)
    assert lm.dtype == kind
    assert {parameter.dtype for parameter in lm.model.parameters()} == {kind}
    assert lm.token_embeddings.dtype == np.float32


def test_device_map(folder_of: Callable[[str], Path]) -> None:
    lm = load(ModelSpec(name=str(folder_of("llama")), device="cpu", device_map="cpu"))
    assert lm.device == torch.device("cpu")


@pytest.mark.parametrize("changes", [{"dtype": "int8"}, {"quantised": True}, {"name": None}, {"dtype": "FLOAT32"}])
def test_a_spec_knows_its_settings(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ModelSpec(**changes)


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ModelSpec().name = "other"  # type: ignore[misc]
    assert ModelSpec() == ModelSpec(name="respondent", dtype="auto", device="auto")
    assert not ModelSpec().random_weights
    assert ModelSpec(name="random:llama-tiny").random_weights


def test_respondent_is_the_bundled_folder(bundled: Path) -> None:
    assert load(ModelSpec()).digest == load(ModelSpec(name=str(bundled))).digest
    assert locate("respondent") == str(bundled)


def test_a_folder_in_the_home_folder(
    folder_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(folder_of("llama").parent))
    assert locate("~/llama") == str(folder_of("llama"))
    monkeypatch.chdir(folder_of("llama").parent)
    assert locate("llama") == "llama"
    assert locate("./llama/") == "llama"


def test_a_hub_id_goes_to_transformers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("meta-llama/Meta-Llama-3-8B-Instruct", "gpt2"):
        assert locate(name) == name


# The digest names the weights.


def test_equal_folders_have_equal_digests(folder_of: Any, copy_of: Any) -> None:
    assert load(ModelSpec(name=str(copy_of("llama")))).digest == load(ModelSpec(name=str(folder_of("llama")))).digest


def test_one_changed_weight_changes_the_digest(folder_of: Any, copy_of: Any) -> None:
    before = load(ModelSpec(name=str(folder_of("llama")))).digest
    folder = copy_of("llama")
    tensors = load_file(folder / WEIGHTS)
    tensors["model.norm.weight"][3] += 1e-3
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    assert load(ModelSpec(name=str(folder))).digest != before


def test_a_changed_config_changes_the_digest(folder_of: Any, copy_of: Any) -> None:
    folder = copy_of("llama")
    edit(folder / CONFIG, rms_norm_eps=1e-3)
    assert load(ModelSpec(name=str(folder))).digest != load(ModelSpec(name=str(folder_of("llama")))).digest


def test_several_weight_files_have_one_digest(folder_of: Any, tmp_path: Path) -> None:
    lm = load(ModelSpec(name=str(folder_of("llama"))))
    digests = []
    for name in ("one", "two"):
        lm.model.save_pretrained(tmp_path / name, max_shard_size="50KB")
        lm.tokenizer.save_pretrained(tmp_path / name)
        digests.append(load(ModelSpec(name=str(tmp_path / name))).digest)
    assert len(list((tmp_path / "one").glob("*.safetensors"))) > 1
    assert digests[0] == digests[1]
    assert digests[0] != lm.digest


# What cannot be loaded.


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("/nowhere/at/all", "model '/nowhere/at/all' is not a folder: give 'respondent', a folder with config.json"),
        ("./nowhere", "model './nowhere' is not a folder: "),
        ("../nowhere", "model '../nowhere' is not a folder: "),
        ("~/nowhere-at-all", "model '~/nowhere-at-all' is not a folder: "),
        ("a/b/c", "model 'a/b/c' is not a folder: "),
        (" ", "model ' ' is not a folder: "),
        ("nobody/nothing", "model 'nobody/nothing' cannot be loaded: HF_HUB_OFFLINE is set, so nothing is fetched"),
        ("nothing", "model 'nothing' cannot be loaded: HF_HUB_OFFLINE is set"),
        ("two words", "model 'two words' cannot be loaded: HF_HUB_OFFLINE is set"),
    ],
)
def test_nothing_is_there(name: str, start: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(ModelSpec(name=name)).startswith(start)


@pytest.mark.parametrize("name", ["", "~nobody-here/model", "x" * 300, "x" * 5000])
def test_names_that_the_file_system_refuses(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError):
        locate(name)
        load(ModelSpec(name=name))


def test_a_file_is_no_folder(copy_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of a longer name, such as the temporary folder's may be, the beginning is shown.
    monkeypatch.chdir(copy_of("llama").parent)
    assert refused(ModelSpec(name=f"llama/{CONFIG}")).startswith(f"model 'llama/{CONFIG}' is not a folder: ")


def test_a_folder_without_a_config(tmp_path: Path) -> None:
    assert refused(ModelSpec(name=str(tmp_path))) == (
        f"model folder '{tmp_path}' has no config.json: give a folder written by save_pretrained"
    )


def test_a_model_without_a_chat_template(copy_of: Any) -> None:
    folder = copy_of("llama")
    (folder / "chat_template.jinja").unlink()
    assert refused(ModelSpec(name=str(folder))) == (
        f"model '{folder}' has no chat template: give an instruction-tuned model, or add chat_template.jinja to a "
        "local copy"
    )


def drop_weight(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


BROKEN: dict[str, Callable[[Path], object]] = {
    "no weights": lambda folder: (folder / WEIGHTS).unlink(),
    "weights of another kind": lambda folder: (folder / WEIGHTS).rename(folder / "pytorch_model.bin"),
    "config is no JSON": lambda folder: (folder / CONFIG).write_text("{"),
    "config is a list": lambda folder: (folder / CONFIG).write_text("[]"),
    "config without a type": lambda folder: (folder / CONFIG).write_text("{}"),
    "unknown type": lambda folder: edit(folder / CONFIG, model_type="nothing"),
    "no causal model": lambda folder: edit(folder / CONFIG, model_type="t5"),
    "no tokenizer": lambda folder: (folder / TOKENIZER).unlink(),
    "tokenizer is no JSON": lambda folder: (folder / TOKENIZER).write_text("{"),
    # These come from the libraries as errors of their own kinds.
    "weights cut off": lambda folder: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:1000]),
    "weights are text": lambda folder: (folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\n"),
    "weights of another width": lambda folder: edit(folder / CONFIG, hidden_size=64),
    "weights of another vocabulary": lambda folder: edit(folder / CONFIG, vocab_size=50),
    "width in words": lambda folder: edit(folder / CONFIG, hidden_size="wide"),
    "heads that do not divide the width": lambda folder: edit(folder / CONFIG, num_attention_heads=5),
    "tokenizer is empty": lambda folder: (folder / TOKENIZER).write_text("{}"),
    "tokenizer settings are a list": lambda folder: (folder / "tokenizer_config.json").write_text("[]"),
    # Loaded all the same, with random numbers in the place of what is missing.
    "a weight missing": drop_weight,
    "layers missing": lambda folder: edit(folder / CONFIG, num_hidden_layers=3),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_folder_is_one_line_that_says_what_to_do(name: str, copy_of: Any) -> None:
    folder = copy_of("llama")
    BROKEN[name](folder)
    assert refused(ModelSpec(name=str(folder))).startswith(f"model '{folder}' cannot be loaded: give a folder")


@pytest.mark.parametrize("device", ["gpu", "", "cuda:99", "cuda:x", "tpu", "cpu ", "meta", "hpu"])
def test_an_unknown_device(device: str, folder_of: Any) -> None:
    message = refused(ModelSpec(name=str(folder_of("llama")), device=device), UsageError)
    assert message.startswith(f"unknown device '{device}': expected auto or cpu")


def test_an_unknown_device_map(folder_of: Any) -> None:
    spec = ModelSpec(name=str(folder_of("llama")), device_map="everywhere")
    assert refused(spec, UsageError).startswith("unknown device map 'everywhere': expected one of ")


def other_template(folder: Path) -> None:
    file = folder / "chat_template.jinja"
    file.write_text(file.read_text().replace("<|user|>", "<|user|> "))


def other_tokens(folder: Path) -> None:
    content = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    vocabulary = content["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    (folder / TOKENIZER).write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("change", [other_template, other_tokens])
def test_another_template_or_tokenizer_changes_the_digest(change: Any, folder_of: Any, copy_of: Any) -> None:
    folder = copy_of("llama")
    change(folder)
    assert load(ModelSpec(name=str(folder))).digest != load(ModelSpec(name=str(folder_of("llama")))).digest


def test_a_respondent_is_known_under_any_name(tmp_path: Path) -> None:
    shutil.copytree(loading.BUNDLED, tmp_path / "mine")
    assert load(ModelSpec(name=str(tmp_path / "mine"))).simulation


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("You are trying to access a gated repo.", "ask for access on its page and log in with 'hf auth login'"),
        ("401 Client Error", "ask for access on its page"),
        ("403 Client Error", "ask for access on its page"),
        ("It is not a valid model identifier\nlisted on the hub", "check the id and the connection"),
        ("x" * 5000, "check the id and the connection"),
    ],
)
def test_advice_for_the_hub(reason: str, advice: str, online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(reason)

    monkeypatch.setattr(loading.AutoConfig, "from_pretrained", fail)
    message = refused(ModelSpec(name="some/model"))
    assert message.startswith(f"model 'some/model' cannot be loaded: {advice}")
    assert "(OSError: " in message


# Random weights.


@pytest.mark.parametrize("name", [name for name in GEOMETRIES if name.endswith("-tiny")])
def test_random_weights(name: str, bundled: Path) -> None:
    state = torch.random.get_rng_state()
    lm, again = (load(ModelSpec(name=f"random:{name}", device="cpu")) for _ in range(2))
    assert torch.equal(state, torch.random.get_rng_state())
    assert lm.spec.random_weights
    assert lm.width == 64
    assert lm.digest == again.digest
    assert all(torch.equal(a, b) for a, b in zip(lm.model.parameters(), again.model.parameters(), strict=True))
    assert lm.tokenizer.chat_template


def test_the_seed_makes_the_weights() -> None:
    first, second = (random_model("llama-tiny", torch.bfloat16, torch.device("cpu"), seed=seed) for seed in (0, 1))
    assert first.dtype == torch.bfloat16
    assert not torch.equal(first.get_input_embeddings().weight, second.get_input_embeddings().weight)


def test_geometries_have_digests_of_their_own(bundled: Path) -> None:
    digests = {load(ModelSpec(name=f"random:{name}")).digest for name in GEOMETRIES if name.endswith("-tiny")}
    assert len(digests) == 4


def test_the_large_geometries_have_their_published_sizes() -> None:
    wanted = {"llama-3-8b": 8_030_261_248, "llama-3-70b": 70_553_706_496, "llama-3-1b": 1_235_814_400}
    found = {}
    for name in wanted:
        built = random_model(name, torch.bfloat16, torch.device("meta"))
        found[name] = sum(parameter.numel() for parameter in built.parameters())
    assert found == wanted


def test_random_weights_for_a_config(bundled: Path, folder_of: Any) -> None:
    file = folder_of("gpt2") / CONFIG
    lm = load(ModelSpec(name=f"random:{file}"))
    trained = load(ModelSpec(name=str(folder_of("gpt2"))))
    assert lm.model.config.model_type == "gpt2"
    assert lm.parameters == trained.parameters
    assert lm.digest != trained.digest


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("lama-tiny", "unknown geometry 'lama-tiny': expected one of llama-tiny, "),
        ("", "unknown geometry '': expected one of "),
        ("llama-3-8B", "unknown geometry 'llama-3-8B': expected one of llama-3-8b, "),
    ],
)
def test_an_unknown_geometry(name: str, start: str) -> None:
    message = refused(ModelSpec(name=f"random:{name}"), UsageError)
    assert message.startswith(start)
    assert message.endswith("; or the path of a config.json; see 'harness ls models'")


def test_a_config_that_is_not_there() -> None:
    assert refused(ModelSpec(name="random:/nowhere/config.json")) == (
        "random model '/nowhere/config.json': no such file; give a config.json or a name, see 'harness ls models'"
    )


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "{}",
        "[]",
        '{"model_type": "nothing"}',
        '{"model_type": "t5"}',
        '{"model_type": "llama", "hidden_size": "wide"}',
        '{"model_type": "llama", "hidden_size": 30, "num_attention_heads": 4}',
        "\0",
    ],
)
def test_a_config_that_makes_no_model(content: str, tmp_path: Path, bundled: Path) -> None:
    file = tmp_path / CONFIG
    file.write_text(content)
    assert refused(ModelSpec(name=f"random:{file}")).startswith(f"random model '{file}': ")


def test_a_vocabulary_smaller_than_the_tokenizer_is_refused(tmp_path: Path, bundled: Path, folder_of: Any) -> None:
    file = tmp_path / CONFIG
    shutil.copy(folder_of("gpt2") / CONFIG, file)
    edit(file, vocab_size=50)
    with pytest.raises(ModelError):
        Scorer(load(ModelSpec(name=f"random:{file}")), ["How are you?"])


# The connection to the hub.


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the environment forbids the network; the library still does not use it."""
    for name in OFFLINE:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub(online: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(loading.hub, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(loading.hub, "ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(loading, "getproxies", dict)
    return loading.hub


def test_without_a_connection_a_missing_model_fails_at_once(hub: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert refused(ModelSpec(name="nobody/nothing")).startswith("model 'nobody/nothing' cannot be loaded: check the id")
    assert hub.HF_HUB_OFFLINE
    assert "Retrying" not in capfd.readouterr().err


def test_with_a_connection_or_a_proxy_the_hub_is_asked(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(hub, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        loading._check_connection()
    assert not hub.HF_HUB_OFFLINE
    monkeypatch.setattr(hub, "ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(loading, "getproxies", lambda: {"https": "http://proxy"})
    loading._check_connection()
    assert not hub.HF_HUB_OFFLINE


@pytest.mark.parametrize("name", OFFLINE)
def test_where_the_environment_forbids_the_network_no_connection_is_tried(
    name: str, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setenv(name, "true")
    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    assert refused(ModelSpec(name="nobody/nothing")).startswith(
        f"model 'nobody/nothing' cannot be loaded: {name} is set, so nothing is fetched; download it first"
    )
