"""Stock lm-eval runs the tasks and finds the indices that the package finds itself."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml
from transformers import LlamaConfig, LlamaForCausalLM

from harness import tasks
from harness.errors import ModelError, UsageError
from harness.models.adapter import save_adapter
from harness.models.language_model import LanguageModel, ModelSpec
from harness.models.loading import load
from harness.models.tokenizer import train_tokenizer
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm import lm_eval_hooks as hooks
from harness.tasks.hofstede_vsm import lm_eval_tasks
from harness.tasks.hofstede_vsm.answers import item_means
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, errors, indices
from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.regions import scores
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.baselines import Baselines
from harness.tuning.exam import Questions
from harness.tuning.objective import Respondent

TASKS = Path(str(tasks.__file__)).parent
TABLE = load_regions()
SURVEY = load_survey()
PROMPTS = survey_prompts(SURVEY, "heldout")
METRICS = (*DIMENSIONS, "distance")
POINTS = 0.05
TOKENS = 3


def manager() -> TaskManager:
    return TaskManager(include_path=str(TASKS), include_defaults=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights, as large as makes its answers differ by whole index points."""
    path = tmp_path_factory.mktemp("lm-eval") / "model"
    tokenizer = train_tokenizer([prompt.text for prompt in PROMPTS], 500)
    config = LlamaConfig(
        # Exactly the tokenizer's, since lm-eval resizes the embeddings of a model with an adapter otherwise.
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.3,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def lm(folder: Path) -> LanguageModel:
    return load(ModelSpec(name=str(folder), dtype="float32", device="cpu"))


@pytest.fixture(scope="module")
def naive(lm: LanguageModel) -> dict[str, RegionResult]:
    """The package's own results of every complete region."""
    return {result.region: result for result in Baselines(Questions(SURVEY), TABLE).score(lm, "naive", TABLE.complete)}


def evaluate(folder: Path, names: Sequence[str], limit: int | None = None, **model_args: str) -> dict[str, Any]:
    results: dict[str, Any] = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(folder), "dtype": "float32", **model_args},
        tasks=list(names),
        task_manager=manager(),
        apply_chat_template=True,
        device="cpu",
        batch_size=16,
        limit=limit,
        # The seeds of this process are not lm-eval's to set.
        random_seed=None,
        numpy_random_seed=None,
        torch_random_seed=None,
    )
    return results


def metrics(results: dict[str, Any], task: str) -> list[float]:
    return [results["results"][task][f"{metric},none"] for metric in METRICS]


def expected(result: RegionResult) -> list[float]:
    return [*(result.indices[dimension] for dimension in DIMENSIONS), result.mae]


# The files.


def test_the_committed_files_are_current() -> None:
    assert lm_eval_tasks.outdated(TABLE) == []
    assert len(lm_eval_tasks.files(TABLE)) == len(TABLE.complete) + 1 == 66


def test_writing_mends_what_is_outdated(tmp_path: Path) -> None:
    shared = tmp_path / lm_eval_tasks.SHARED
    shared.write_text("by hand")
    lm_eval_tasks.write(TABLE, tmp_path)
    assert lm_eval_tasks.outdated(TABLE, tmp_path) == []
    (tmp_path / "hofstede_vsm_usa.yaml").write_text("task: other")
    (tmp_path / "hofstede_vsm_chn.yaml").unlink()
    (tmp_path / "hofstede_vsm_gone.yaml").write_text("task: hofstede_vsm_gone")
    outdated = ["hofstede_vsm_chn.yaml", "hofstede_vsm_gone.yaml", "hofstede_vsm_usa.yaml"]
    assert lm_eval_tasks.outdated(TABLE, tmp_path) == outdated
    lm_eval_tasks.write(TABLE, tmp_path)
    assert lm_eval_tasks.outdated(TABLE, tmp_path) == []
    assert shared.read_text() == "by hand"


# lm-eval passes over a file that it cannot read, without a word.
@pytest.mark.parametrize("path", sorted(TASKS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_parses_and_its_functions_exist(path: Path) -> None:
    content = load_yaml(path)
    if path.name == lm_eval_tasks.SHARED:
        assert not {"task", "group", "class"} & content.keys()
    else:
        assert path.stem == (content["group"] if "group" in content else content["task"])


def test_lm_eval_finds_one_task_per_region_one_group_and_persona_following(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, hooks.__name__)
    found = manager()
    assert hooks.__name__ not in sys.modules, "looking for tasks runs none of their code"
    regions = [lm_eval_tasks.task_name(region) for region in TABLE.complete]
    assert sorted(found.all_subtasks) == sorted([*regions, "persona_following"])
    assert found.all_groups == ["hofstede_vsm"]
    assert found.all_tags == []


def test_a_task_name_has_no_hyphen() -> None:
    region = TABLE["USA"].__class__("AFR-East", "East", "cluster", (50.0,) * 6)
    assert lm_eval_tasks.task_name(region) == "hofstede_vsm_afr_east"


# The questions.


def test_every_task_asks_the_heldout_prompts_word_for_word() -> None:
    loaded = manager().load("hofstede_vsm")["tasks"]
    assert len(loaded) == 65
    for region in TABLE.complete:
        task = loaded[lm_eval_tasks.task_name(region)]
        docs = list(task.test_docs())
        assert [(doc["item"], doc["order"], task.doc_to_text(doc)) for doc in docs] == [
            (prompt.item, prompt.order, prompt.text) for prompt in PROMPTS
        ]
        assert {doc["region"] for doc in docs} == {region.code}
        assert task.doc_to_choice(docs[0]) == ["1", "2", "3", "4", "5"]
        assert task.higher_is_better() == {**dict.fromkeys(DIMENSIONS), "distance": False}


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown region 'UAS'.*USA"):
        hooks.custom_dataset(region="UAS")


# The metrics.


def records(logs: np.ndarray, region: str = "USA") -> list[hooks.Record]:
    docs = hooks.custom_dataset(region=region, version=1.0, pretrained="model")["test"]
    results = [
        hooks.process_results(doc, [(value, False) for value in row]) for doc, row in zip(docs, logs, strict=True)
    ]
    assert all(set(result) == set(METRICS) for result in results)
    return [result["distance"] for result in results]


@pytest.fixture
def logs() -> np.ndarray:
    """(48, 5) nats."""
    return np.random.default_rng(0).normal(0.0, 3.0, (48, 5)) - 5.0


@pytest.mark.parametrize("region", ["USA", "ALB"])
def test_metrics_are_those_of_the_package_in_whatever_order_answers_come(logs: np.ndarray, region: str) -> None:
    rows = records(logs, region)
    values = indices(item_means(logs, PROMPTS))
    wanted = [*values, errors(values, scores([TABLE[region]]))[0, 0]]
    assert np.isfinite(wanted).all()
    for _ in range(3):
        found = [getattr(hooks, metric)(rows) for metric in METRICS]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9)
        random.Random(1).shuffle(rows)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kept", [1, 24, 47])
def test_a_partial_survey_has_no_metric(logs: np.ndarray, metric: str, kept: int) -> None:
    with pytest.raises(UsageError, match=f"{kept} of 48 prompts are answered .* without --limit") as caught:
        getattr(hooks, metric)(records(logs)[:kept])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_not_finite_gives_no_metric(logs: np.ndarray, broken: float) -> None:
    logs[30, 2] = broken
    for metric in METRICS:
        with pytest.raises(ModelError, match="items 7 are not finite"):
            getattr(hooks, metric)(records(logs))


def test_answers_given_twice_or_for_two_regions_are_a_bug(logs: np.ndarray) -> None:
    with pytest.raises(ValueError, match="49 records, 48 different"):
        hooks.pdi([*records(logs), records(logs)[0]])
    with pytest.raises(ValueError, match="expected one region"):
        hooks.distance([*records(logs)[:24], *records(logs, "CHN")[24:]])


# lm-eval with a model.


def test_lm_eval_equals_the_naive_scores_of_the_package(folder: Path, naive: dict[str, RegionResult]) -> None:
    results = evaluate(folder, ["hofstede_vsm_usa"])
    found, wanted = metrics(results, "hofstede_vsm_usa"), expected(naive["USA"])
    assert max(wanted[:6]) - min(wanted[:6]) > 5, "answers in the middle throughout would prove little"
    np.testing.assert_allclose(found, wanted, rtol=0, atol=POINTS)
    assert results["n-samples"]["hofstede_vsm_usa"] == {"original": 48, "effective": 48}
    asked = {sample["arguments"][0][0] for sample in results["samples"]["hofstede_vsm_usa"]}
    assert len(asked) == 48
    assert all(text.startswith("<s><|user|>") and text.endswith("<|assistant|>") for text in asked)


# peft asks the model by a name that transformers has deprecated.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_lm_eval_equals_the_scores_of_a_soft_prompt(
    folder: Path, lm: LanguageModel, naive: dict[str, RegionResult], tmp_path: Path
) -> None:
    prompt = np.random.default_rng(2).normal(0.0, 1.0, (TOKENS, lm.width)).astype(np.float32)
    save_adapter(tmp_path / "adapter", prompt, lm)
    results = evaluate(folder, ["hofstede_vsm_usa"], peft=str(tmp_path / "adapter"))
    answers = Respondent(lm, SURVEY, "heldout", TOKENS).answer(prompt[None])
    wanted = [*answers.indices[0], answers.losses(scores([TABLE["USA"]]))[0, 0]]
    np.testing.assert_allclose(metrics(results, "hofstede_vsm_usa"), wanted, rtol=0, atol=POINTS)
    moved = np.abs(np.subtract(wanted, expected(naive["USA"]))).max()
    assert moved > 20 * POINTS, "the soft prompt changes the answers, or equality proves nothing"


def test_the_group_gives_the_mean_distance_of_all_regions(folder: Path, naive: dict[str, RegionResult]) -> None:
    # Cheap: lm-eval asks a text once, whichever tasks it stands in.
    results = evaluate(folder, ["hofstede_vsm"])
    for region in TABLE.complete:
        found = metrics(results, lm_eval_tasks.task_name(region))
        np.testing.assert_allclose(found, expected(naive[region.code]), rtol=0, atol=POINTS)
    mean = results["groups"]["hofstede_vsm"]["distance,none"]
    assert mean == pytest.approx(np.mean([result.mae for result in naive.values()]), abs=POINTS)
    assert not {key for key in results["groups"]["hofstede_vsm"] if key.startswith(DIMENSIONS)}


def test_a_limit_is_an_error_and_no_number(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"region 'USA': 10 of 48 prompts are answered .* without --limit"):
        evaluate(folder, ["hofstede_vsm_usa"], limit=10)


def test_the_command_of_lm_eval(folder: Path, naive: dict[str, RegionResult], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lm_eval", "run", "--include_path", str(TASKS), "--tasks", "hofstede_vsm_usa"]
    command += ["--model", "hf", "--model_args", f"pretrained={folder}", "--device", "cpu", "--apply_chat_template"]
    command += ["--output_path", str(tmp_path / "out"), "--log_samples"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (written,) = (tmp_path / "out").rglob("results_*.json")
    results = json.loads(written.read_text(encoding="utf-8"))
    np.testing.assert_allclose(metrics(results, "hofstede_vsm_usa"), expected(naive["USA"]), rtol=0, atol=POINTS)
    (samples,) = (tmp_path / "out").rglob("samples_*.jsonl")
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    assert [(row["pdi"]["item"], row["pdi"]["order"]) for row in rows] == [(p.item, p.order) for p in PROMPTS]
