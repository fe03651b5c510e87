"""What no module may call, and that no command asks the network where no hub id is given."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness

ROOT = Path(__file__).resolve().parents[2]
MODULES = [path for room in ("harness", "tasks", "optimizers") for path in sorted((ROOT / room).rglob("*.py"))]
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
FORBIDDEN_IMPORTS |= {"yaml", "ruamel", "code", "codeop", "runpy", "pandas"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "torch.load", "torch.jit.load"}
FORBIDDEN_CALLS |= {"np.fromfile", "np.memmap", "load_dataset", "datasets.load_dataset", "PeftModel.load_adapter"}
FORBIDDEN_KEYWORDS = {"shell", "allow_pickle", "weights_only", "cache_requests", "custom_generate"}
# An optimizer is imported by the name that the catalog or an entry point gives it.
DYNAMIC = {"optimizers/catalog.py", "optimizers/plugins.py"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def unsafe(source: str) -> list[str]:
    """What a module has that could execute what a file holds."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.partition(".")[0] in FORBIDDEN_IMPORTS]
        elif isinstance(node, ast.ImportFrom):
            found += [str(node.module)] if str(node.module).partition(".")[0] in FORBIDDEN_IMPORTS else []
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            found += [called] if called in FORBIDDEN_CALLS or called.endswith("import_module") else []
            found += [called] if called in ("np.load", "numpy.load", "np.loads") else []
            found += [f"{called}({one.arg}=)" for one in node.keywords if one.arg in FORBIDDEN_KEYWORDS]
            values = {one.arg: one.value for one in node.keywords}
            trusted = values.get("trust_remote_code")
            if isinstance(trusted, ast.Constant) and trusted.value is not False:
                found.append(f"{called}(trust_remote_code={trusted.value})")
            if called.endswith(".from_pretrained") and called.startswith("Auto"):
                found += [] if trusted is not None else [f"{called} without trust_remote_code"]
            if called.endswith("CausalLM.from_pretrained"):
                safe = values.get("use_safetensors")
                found += [] if isinstance(safe, ast.Constant) and safe.value is True else [f"{called} of any weights"]
    return found


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_module_could_execute_what_a_file_holds(path: Path) -> None:
    found = unsafe(path.read_text(encoding="utf-8"))
    if relative(path) in DYNAMIC:
        found = [name for name in found if not name.endswith("import_module")]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load('x')",
        "import numpy as np\nnp.load('x')",
        "eval('1')",
        "import yaml",
        "subprocess.run('ls', shell=True)",
        "AutoConfig.from_pretrained('x')",
        "AutoTokenizer.from_pretrained('x', trust_remote_code=True)",
        "AutoModelForCausalLM.from_pretrained('x', trust_remote_code=trusted)",
        "simple_evaluate(cache_requests=True)",
        "importlib.import_module(name)",
    ],
)
def test_the_scan_sees_what_it_should(source: str) -> None:
    assert unsafe(source)


# Every command in one process, with sockets that keep account and refuse.
PROGRAM = """
import glob, json, socket, sys
asked, ended = [], []
def refuse(*arguments, **_):
    asked.append(repr(arguments))
    raise OSError("no network in this test")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = socket.create_connection = refuse
from harness.cli import main
for command in json.loads(sys.argv[1]):
    sys.argv = ["harness", *((glob.glob(one) or [one])[0] for one in command)]
    try:
        main.run()
    except SystemExit as error:
        ended.append(error.code)
    with open("found.json", "w") as file:
        json.dump({"asked": asked, "ended": ended}, file)
"""
RUN, PROMPT = "runs/*", "runs/*/adapters/*/*/USA"
COMMANDS = [
    ["run", "--region", "USA,CHN", "--budget", "4", "--tokens", "3", "--out", "runs", "--quiet"],
    ["score", "--method", "icl", "--region", "JPN"],
    ["score", "--prompt", PROMPT],
    ["leaderboard", RUN, "--regions"],
    ["ls", "regions"],
    ["ls", "models"],
    ["ls", "runs", "--out", "runs"],
    ["path", "tasks"],
    ["check", "labels", "--prompt", PROMPT],
    ["check", "sensitivity", RUN],
    ["side-effects", "--prompt", PROMPT, "--limit", "2", "--quiet"],
    ["score", "--method", "naive", "--region", "USA", "--model", "random:llama-tiny"],
]


def test_no_command_asks_the_network_where_no_hub_id_is_given(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    package = str(Path(str(harness.__file__)).parents[1])
    hub = ["score", "--method", "naive", "--model", "some/model"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([*COMMANDS, hub])],
        cwd=tmp_path,
        env={**kept, "HF_HOME": str(tmp_path / "hub"), "PYTHONPATH": package},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["ended"] == [0] * len(COMMANDS) + [2], done.stderr
    # The hub id alone is asked for, once, and not again when there is no answer.
    assert len(found["asked"]) == 1 and "huggingface.co" in found["asked"][0]
    assert done.stderr.splitlines()[-1].startswith("harness: error: model 'some/model' cannot be loaded")
