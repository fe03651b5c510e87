"""A model's files, looked at before any library reads them: nothing that waits for ever, executes or fills memory.

The libraries would also read weights from a pickle where an index or a configuration names one, load an adapter that
lies beside the weights, and fetch code for attention from the hub where a configuration asks for it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from transformers.utils import cached_file

from harness.errors import ModelError
from harness.inputs import MODEL_JSON_BYTES, MODEL_LAYERS, Brought, parse_json, shown

CONFIG: Final = "config.json"
INDEX: Final = "model.safetensors.index.json"
ADAPTER: Final = "adapter_config.json"
SAFE: Final = ".safetensors"
PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5")
OFFLINE: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
_TRUE: Final = ("1", "ON", "YES", "TRUE")
_KERNELS: Final = ("attn_implementation", "experts_implementation")
_MANY: Final = ("layer", "expert", "block")


def offline() -> str | None:
    """The variable of the environment that forbids the network, None where none does."""
    return next((name for name in OFFLINE if os.environ.get(name, "").upper() in _TRUE), None)


def check_source(source: str, trusted: bool) -> None:
    """Refuses a model whose files name a pickle, another model, code, or sizes that make no model.

    Args:
        source: a folder, or a hub id, of which the files that say so are fetched.
        trusted: whether code that comes with the model may run.

    Raises:
        ValueError: one line that says what is wrong.
        ModelError: a file cannot be read.
    """
    folder = Path(source)
    if folder.is_dir():
        _check_files(folder)
    else:
        # Without weights in safetensors, a pickle that a third party has converted would be fetched.
        os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    if _file(source, ADAPTER) is not None:
        raise ValueError(f"{ADAPTER} beside the weights: give the model alone, and a tuned prompt with --prompt")
    if (config := _file(source, CONFIG)) is not None:
        content = read_config(config, trusted)
        named = content.get("transformers_weights")
        if named is not None:
            _check_weights_name(str(named))
        for index in {INDEX, *([named] if isinstance(named, str) and named.endswith(".json") else [])}:
            if (path := _file(source, index)) is not None:
                _check_index(path)


def read_config(path: Path, trusted: bool = False) -> dict[str, Any]:
    """The content of a config.json that makes a model of this world.

    Raises:
        ValueError: it is no JSON table, names code on the hub, or more layers than any model has.
        ModelError: it cannot be read.
    """
    content = _json(path)
    for key, value in _settings(content):
        if not trusted and any(name in key for name in _KERNELS) and isinstance(value, str) and "/" in value:
            raise ValueError(
                f"'{key}' of {path.name} names code on the hub, {value[:80]!a}; --trust-remote-code runs it"
            )
        count = type(value) is int and any(name in key for name in _MANY)
        if count and abs(value) > MODEL_LAYERS:
            raise ValueError(f"'{key[:80]}' of {path.name} is {str(value)[:40]}: expected at most {MODEL_LAYERS}")
    return content


def _settings(content: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, in tables within tables too."""
    waiting = [content]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from ((str(key), value) for key, value in one.items())
            waiting += [
                # Attention by part of the model is a table below the same key.
                {f"{key}.{part}": inner for part, inner in value.items()}
                if isinstance(value, dict) and any(name in key for name in _KERNELS)
                else value
                for key, value in one.items()
            ]
        elif isinstance(one, list):
            waiting += one


def _check_files(folder: Path) -> None:
    weights = []
    for path in sorted([*folder.iterdir(), *folder.glob("additional_chat_templates/*")]):
        mode = path.stat().st_mode if path.exists() else 0
        if stat.S_ISDIR(mode):
            continue
        if not stat.S_ISREG(mode):
            raise ValueError(f"'{path.name}' is no regular file")
        weights.append(path.suffix)
        if path.suffix == ".json":
            _brought(path).check()
    pickles = sorted({suffix for suffix in weights if suffix in PICKLES})
    if SAFE not in weights and pickles:
        raise ValueError(
            f"no weights in safetensors, and *{pickles[0]} is a pickle, which is never read: convert it elsewhere with "
            "save_pretrained"
        )


def _check_index(path: Path) -> None:
    content = _json(path)
    named = content.get("weight_map")
    if not isinstance(named, dict) or not named:
        raise ValueError(f"{path.name} has no 'weight_map'")
    for name in {str(value) for value in named.values()}:
        _check_weights_name(name)


def _check_weights_name(name: str) -> None:
    if not name.endswith((SAFE, f"{SAFE}.index.json")) or "/" in name or "\\" in name or "\0" in name:
        raise ValueError(f"weights in {name[:80]!a}: expected names of safetensors files in the same folder")


def _file(source: str, name: str) -> Path | None:
    """A file of a folder or of the hub, None where there is none, or the hub does not answer."""
    folder = Path(source)
    if folder.is_dir():
        return folder / name if (folder / name).exists() else None
    found = cached_file(
        source,
        name,
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return Path(found) if found else None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = parse_json(_brought(path).text())
    except ValueError as error:
        raise ValueError(f"{path.name} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return content


def _brought(path: Path) -> Brought:
    return Brought(
        path,
        f"model file {shown(path)}",
        MODEL_JSON_BYTES,
        "expected a file written by save_pretrained",
        "give a folder written by save_pretrained",
        ModelError,
    )
