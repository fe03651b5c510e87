"""lm-eval without and with a soft prompt, on local tasks: the same figures as by hand, and kind words for slips."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import LlamaConfig, LlamaForCausalLM

from harness.checks.finding import OURS, Listener, find
from harness.checks.side_effects import SEEDS, Asking, Judge, measure
from harness.errors import InputError, ModelError, UsageError
from harness.models.adapter import attach, save_adapter
from harness.models.language_model import ModelSpec
from harness.models.loading import BUNDLED, load

LOCAL = Path(__file__).with_name("lm_eval")
TOKENS = 3
BROKEN = pytest.mark.filterwarnings("ignore:Position ids are not supported:UserWarning")


@pytest.fixture(scope="module", autouse=True)
def plain():
    """lm-eval does not describe the machine, which takes it seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lm_eval.evaluator.add_env_info", lambda results: None)
        yield


@pytest.fixture
def few(monkeypatch):
    """lm-eval's own tasks are the local ones, since reading all of them takes half a minute."""
    monkeypatch.setattr("lm_eval.tasks.manager.__file__", str(LOCAL / "manager.py"))


@pytest.fixture(scope="module")
def wild(lm, tmp_path_factory):
    """A model with large random weights, whose answers any change of position or prompt moves."""
    folder = tmp_path_factory.mktemp("models") / "wild"
    config = LlamaConfig(
        vocab_size=len(lm.tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        initializer_range=0.3,
        bos_token_id=lm.tokenizer.bos_token_id,
        eos_token_id=lm.tokenizer.eos_token_id,
        pad_token_id=lm.tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        LlamaForCausalLM(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (folder / name).write_bytes((BUNDLED / name).read_bytes())
    return load(ModelSpec(name=str(folder), device="cpu"))


@pytest.fixture(scope="module")
def prompt(wild, tmp_path_factory):
    """An adapter folder of the wild model."""
    folder = tmp_path_factory.mktemp("prompts") / "JPN"
    save_adapter(folder, np.random.default_rng(2).normal(0.0, 1.0, (TOKENS, wild.width)).astype(np.float32), wild)
    return folder


@pytest.fixture(scope="module")
def whole(wild, prompt):
    """Four tasks of all kinds, and what was told meanwhile."""
    said = []
    names = ["local_choices", "local_texts", "hofstede_vsm_jpn", "persona_following"]
    return measure(wild, prompt, find(names, [LOCAL]), Asking(), said.append), said


def figures(result):
    return {(one.task, one.metric): (one.before, one.after) for one in result.effects}


# The figures.


# peft asks the model by a name that transformers has deprecated.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_before_and_after_are_those_of_stock_lm_eval(wild, prompt):
    names, asking = ["local_both", "persona_following"], Asking(num_fewshot=2, limit=20)
    result = measure(wild, prompt, find(names, [LOCAL]), asking)
    for place, peft in enumerate(({}, {"peft": str(prompt)})):
        stock = simple_evaluate(
            model="hf",
            model_args={"pretrained": wild.spec.name, "dtype": "float32", **peft},
            tasks=names,
            task_manager=TaskManager(include_path=[str(LOCAL), str(OURS)], include_defaults=False),
            apply_chat_template=True,
            num_fewshot=2,
            limit=20,
            device="cpu",
            batch_size=1,
            bootstrap_iters=0,
        )
        for (task, metric), pair in figures(result).items():
            assert pair[place] == pytest.approx(stock["results"][task][f"{metric},none"], rel=1e-4), (task, metric)
    assert {task for task, _ in figures(result)} == {"local_choices", "local_texts", "local_both", "persona_following"}
    moved = [one for one in result.effects if one.task == "persona_following"]
    assert all(abs(one.difference) > 1e-3 for one in moved if one.metric == "lean"), "equality proves nothing otherwise"


def test_what_has_an_interval_and_what_is_told(wild, whole):
    result, said = whole
    rows = {(one.task, one.metric): one for one in result.effects}
    lean, texts, survey = (
        rows[place]
        for place in (("persona_following", "lean"), ("local_texts", "bits_per_byte"), ("hofstede_vsm_jpn", "pdi"))
    )
    assert lean.documents == 96 and lean.low < lean.difference < lean.high and not lean.note
    assert (texts.documents, texts.low, texts.note) == (6, None, "no mean over documents")
    assert (survey.documents, survey.low, survey.higher_is_better) == (48, None, None)
    assert [one.higher_is_better for one in (lean, texts)] == [True, False]
    assert said == ["loading the tasks", "without the prompt", "with the prompt"]
    assert (result.virtual_tokens, result.max_length, result.seeds) == (TOKENS, 512 - TOKENS, SEEDS)
    assert result.tasks["local_choices"] == "2.0" and result.warnings == ()


def test_template_limit_and_examples_reach_lm_eval(wild, prompt, whole):
    found = find(["local_choices", "persona_following"], [LOCAL])
    result = measure(wild, prompt, found, Asking(chat_template=False, limit=7, num_fewshot=1))
    assert {one.documents for one in result.effects} == {7}
    # A task that fixes 0 keeps it.
    assert result.shots == {"local_choices": 1, "persona_following": 0} and result.warnings == ()
    with_template = measure(wild, prompt, found, Asking(limit=7, num_fewshot=1))
    assert figures(result)["persona_following", "lean"] != figures(with_template)["persona_following", "lean"]


@BROKEN
def test_generated_text_does_not_depend_on_the_batch(wild, prompt):
    texts = ["Name a number" + ", please" * n + "." for n in range(6)]

    def generated(kind, batch):
        with Listener():
            judge = kind(pretrained=attach(prompt, wild), tokenizer=wild.tokenizer, batch_size=batch, max_length=500)
            asked = [Instance("generate_until", {}, (text, {"until": ["\n"], "max_gen_toks": 6}), 0) for text in texts]
            found = judge.generate_until(asked, disable_tqdm=True)
        return found, judge.batch_size

    alone, _ = generated(HFLM, 1)
    assert generated(Judge, 6) == (alone, 6)
    assert generated(HFLM, 6)[0] != alone, "lm-eval's own class may be taken again"


def test_texts_that_are_cut_are_told(wild, tmp_path):
    save_adapter(tmp_path, np.zeros((480, wild.width), dtype=np.float32), wild)
    result = measure(wild, tmp_path, find(["persona_following"], []), Asking(limit=2))
    (told,) = result.warnings
    assert told.startswith("Combined length of context (") and "(32)" in told and told.endswith("(4 times)")


# Slips.


def test_a_prompt_of_another_width_or_without_room(wild, lm, prompt, tmp_path):
    with pytest.raises(InputError, match=r"tuned for model .*model 'respondent' is another"):
        measure(lm, prompt, find(["persona_following"], []), Asking())
    save_adapter(tmp_path, np.zeros((511, wild.width), dtype=np.float32), wild)
    with pytest.raises(ModelError, match="511 virtual tokens leave no room for a text"):
        measure(wild, tmp_path, find(["persona_following"], []), Asking())


def test_an_unknown_task_names_the_closest_and_the_files_that_are_passed_over(few, tmp_path):
    (tmp_path / "broken.yaml").write_text("task: broken\n  output_type: [")
    (tmp_path / "shared.yaml").write_text("output_type: multiple_choice\n")
    (tmp_path / "old.yml").write_text("task: old\n")
    (tmp_path / "second.yaml").write_text("task: persona_following\n")
    with pytest.raises(UsageError) as caught:
        find(["persona_folowing"], [tmp_path])
    message = str(caught.value)
    assert message.startswith("unknown task 'persona_folowing': expected one of persona_following, ")
    assert "broken.yaml (mapping values are not allowed" in message and "shared.yaml (defines no task)" in message
    assert "old.yml (its name must end in .yaml)" in message and "second.yaml" not in message


def test_the_own_tasks_of_lm_eval_come_second(few):
    assert "local_texts" not in find(["persona_following"], []).manager.all_tasks
    assert "local_texts" in find(["local_texts"], []).manager.all_tasks
    with pytest.raises(UsageError, match=r"unknown task 'local_text': expected one of local_texts.*--include-path"):
        find(["local_text"], [])


def test_a_group_of_lm_evals_own_tasks(few, tmp_path):
    (tmp_path / "mine.yaml").write_text("group: mine\ntask: [local_texts]\n")
    assert "local_texts" in find(["mine"], [tmp_path]).manager.all_tasks


def test_a_folder_that_does_not_exist():
    with pytest.raises(UsageError, match="--include-path 'nowhere': no such folder"):
        find(["persona_following"], [Path("nowhere")])


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("output_typ: multiple_choice", "cannot be loaded (TypeError: "),
        ("custom_dataset: !function documents.nothing\noutput_type: multiple_choice", "cannot be loaded ("),
        ("unsafe_code: true", "runs code that the model writes"),
    ],
)
def test_a_task_that_cannot_be_used(wild, prompt, tmp_path, lines, reason):
    text = (LOCAL / "local_choices.yaml").read_text().replace("local_choices", "mine").replace("tag: local_all\n", "")
    (tmp_path / "documents.py").write_bytes((LOCAL / "documents.py").read_bytes())
    keys = {line.partition(":")[0] for line in lines.splitlines()}
    kept = [line for line in text.splitlines() if line.partition(":")[0] not in keys]
    (tmp_path / "mine.yaml").write_text("\n".join([*kept, lines]))
    with pytest.raises((InputError, UsageError)) as caught:
        measure(wild, prompt, find(["mine"], [tmp_path]), Asking())
    assert str(caught.value).startswith("task 'mine' ") and reason in str(caught.value)


def test_a_task_without_documents(wild, prompt, tmp_path):
    text = (LOCAL / "local_choices.yaml").read_text().replace("documents.questions", "none.none")
    (tmp_path / "mine.yaml").write_text(text)
    (tmp_path / "none.py").write_text(
        "import datasets\ndef none(**_):\n    return {'test': datasets.Dataset.from_list([])}"
    )
    with pytest.raises(InputError, match="task 'local_choices' "):
        measure(wild, prompt, find(["local_choices"], [tmp_path]), Asking())


def test_a_task_named_twice(wild, prompt):
    with pytest.raises(UsageError, match="'local_choices' stands in 'local_both' and in 'local_choices'"):
        measure(wild, prompt, find(["local_both", "local_choices"], [LOCAL]), Asking())


def test_names_groups_tags_patterns_and_files():
    assert find(["local_t*", "local_both"], [LOCAL]).names == ("local_texts", "local_both")
    assert find(["local_all", "hofstede_vsm"], [LOCAL, OURS]).names == ("local_all", "hofstede_vsm")
    file = str(LOCAL / "local_texts.yaml")
    assert find([file, file], []).names == (file,)
    assert find(["persona_following"], []).manager.all_subtasks != find(["local_all"], [LOCAL]).manager.all_subtasks


def test_a_listener_leaves_everything_as_it_was():
    import logging
    import warnings

    logger = logging.getLogger("lm_eval")
    before = logger.handlers[:], logger.propagate, warnings.showwarning
    with Listener(("known",)) as heard:
        for place in range(3):
            logging.getLogger("lm_eval.somewhere").warning(f"cut {place} tokens")
        logger.warning("known: said elsewhere")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            logging.getLogger("py.warnings").warning("%s", "/a/b.py:3: UserWarning: beware\n  line")
    assert heard.messages == ("cut 0 tokens (3 times)", "beware")
    assert (logger.handlers, logger.propagate, warnings.showwarning) == before
