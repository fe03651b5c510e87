"""`harness side-effects` on the bundled respondent, with a prompt of a short run."""

import json
from pathlib import Path

import numpy as np
import pytest

from harness.models.adapter import save_adapter

LOCAL = Path(__file__).parents[1] / "checks" / "lm_eval"


@pytest.fixture(scope="module", autouse=True)
def plain():
    """lm-eval does not describe the machine, and its own tasks are the local ones: each takes it seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lm_eval.evaluator.add_env_info", lambda results: None)
        patch.setattr("lm_eval.tasks.manager.__file__", str(LOCAL / "manager.py"))
        yield


@pytest.fixture
def prompt(finished_run):
    return Path(finished_run["run"]) / "adapters" / "de" / "seed0" / "CHN"


def test_the_table(harness, prompt, tmp_path):
    (tmp_path / "CHN").symlink_to(prompt)
    done = harness("side-effects", "--prompt", "CHN", "--tasks", "persona_following,local_texts", "--batch-size", "64")
    assert done.code == 0
    assert done.err.splitlines() == ["loading the tasks", "without the prompt", "with the prompt"]
    lines = done.out.splitlines()
    assert lines[0].split() == ["side", "effects", "of", "CHN"]
    assert lines[1].split() == ["task,", "metric", "before", "after", "difference", "95", "%", "docs", "good", "says"]
    assert [line.split()[0] for line in lines[3:9]] == [
        "persona_following",
        "acc",
        "lean",
        "local_texts",
        "word_perplexity",
        "byte_perplexity",
    ]
    # What the bundled respondent does by itself; see docs/side-effects.md.
    assert lines[4].split()[1] == "0.7396" and lines[5].split()[1] == "0.1798"
    text = " ".join(done.out.split())
    assert "respondent, asked by lm-eval without and with 3 virtual tokens in front, in the model's chat" in text
    assert "no interval: local_texts word_perplexity, byte_perplexity, bits_per_byte: no mean over documents" in text
    assert text.endswith(
        "the bundled respondent is a simulation, not a finding about people or about any published model"
    )
    assert "while it ran" not in text


def test_json_and_a_file(harness, prompt, tmp_path):
    arguments = ["--tasks", "local_choices", "--include-path", LOCAL, "--limit", "6", "--no-apply-chat-template"]
    done = harness("side-effects", "--prompt", prompt, *arguments, "--json", "--quiet", "--out", "found.json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert json.loads((tmp_path / "found.json").read_text()) == found
    assert [(one["task"], one["metric"], one["documents"]) for one in found["effects"]] == [
        ("local_choices", "acc", 6),
        ("local_choices", "acc_norm", 6),
    ]
    assert (found["limit"], found["chat_template"], found["num_fewshot"], found["tasks"]) == (
        6,
        False,
        None,
        {"local_choices": "2.0"},
    )
    assert found["max_length"] == 2048 - 3 and found["seeds"]["fewshot_random_seed"] == 1234


def test_what_a_task_prints_does_not_reach_standard_output(harness, prompt, tmp_path):
    (tmp_path / "chatty").mkdir()
    for name in ("documents.py", "local_choices.yaml"):
        (tmp_path / "chatty" / name).write_bytes((LOCAL / name).read_bytes())
    with (tmp_path / "chatty" / "documents.py").open("a") as file:
        file.write("print('a word')\n")
    arguments = ["--tasks", "local_choices", "--include-path", "chatty", "--limit", "2", "--json"]
    done = harness("side-effects", "--prompt", prompt, *arguments)
    assert done.code == 0 and json.loads(done.out)["limit"] == 2
    assert "a word" in done.err


CASES = [
    (("--tasks", ","), "no task given"),
    (("--tasks", "persona_folowing"), "unknown task 'persona_folowing': expected one of persona_following"),
    (("--tasks", "nothing_*"), "unknown task 'nothing_*'"),
    (("--include-path", "nowhere"), "--include-path 'nowhere': no such folder"),
    (("--include-path", "mine", "--tasks", "brokn"), "passes over files in --include-path: broken.yaml ("),
    (("--limit", "0"), "--limit 0: expected at least 1"),
    (("--num-fewshot", "-1"), "--num-fewshot -1: expected at least 0"),
    (("--batch-size", "0"), "--batch-size 0: expected at least 1"),
    (("--out", "missing/x.json"), "the folder missing does not exist"),
    (("--tasks", "hofstede_vsm_jpn", "--limit", "3"), "3 of 48 prompts are answered"),
    (("--prompt", "nowhere"), "prompt 'nowhere' has no adapter_config.json"),
    (
        ("--prompt", "wide"),
        "of shape (3, 32) in adapter_model.safetensors: model 'respondent' takes (V, 128)",
    ),
    (("--prompt", "long"), "2047 virtual tokens leave no room for a text"),
]


@pytest.mark.parametrize(("arguments", "reason"), CASES, ids=[" ".join(case[0])[:60] for case in CASES])
def test_one_line_and_exit_2(harness, lm, tmp_path, arguments, reason):
    for name, shape in (("JPN", (3, 128)), ("wide", (3, 32)), ("long", (2047, 128))):
        save_adapter(tmp_path / name, np.zeros(shape, dtype=np.float32), lm)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "broken.yaml").write_text("task: broken\n  output_type: [")
    given = [*arguments] if "--prompt" in arguments else ["--prompt", "JPN", *arguments]
    done = harness("side-effects", "--quiet", *given)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("harness: error: ") and done.err.count("\n") == 1, done.err
    assert reason in done.err
