"""Whole answers: against the plain forward and lm-eval text by text, against the scorer where they are one token."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.errors import ModelError
from harness.models import continuations
from harness.models.chat import chat_text, tokenise
from harness.models.continuations import continuation_log_probabilities
from harness.models.language_model import Abilities
from harness.models.memory import weights_bytes
from harness.models.scorer import Scorer, make_engine
from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey

TURNS = [prompt.text for prompt in survey_prompts(load_survey(), "heldout")][20:28]
TEXTS = [
    list("12345"),
    ["not important at all", "not important", "not", "3"],
    ["often", "now and then", "often"],
    [],
    ["of the greatest importance", "of little importance", "Of the greatest importance"],
    ["x"],
]
"""Of one token and of many, one inside another, one twice, none, and beginnings that are shared."""
NATS = 1e-4


def plain(lm, turns, continuations, soft):
    """One text, one pass: the whole sequence through the model, the whole vocabulary at every position."""
    embed, rows = lm.model.get_input_embeddings(), []
    for turn, texts in zip(turns, continuations, strict=True):
        prompt = chat_text(lm, turn)
        before = len(lm.tokenizer(prompt, add_special_tokens=False)["input_ids"])
        rows.append([])
        for text in texts:
            ids = torch.tensor(lm.tokenizer(prompt + text, add_special_tokens=False)["input_ids"])
            with torch.inference_mode():
                whole = torch.cat([torch.from_numpy(soft), embed(ids)])[None]
                logs = lm.model(inputs_embeds=whole).logits[0, len(soft) :].double().log_softmax(-1)
            rows[-1].append(float(logs[range(before - 1, len(ids) - 1), ids[before:]].sum()))
    return rows


def near(found, wanted):
    assert [len(row) for row in found] == [len(row) for row in wanted]
    np.testing.assert_allclose(np.concatenate(found), np.concatenate(wanted), rtol=0, atol=NATS)


@pytest.mark.parametrize("virtual", [0, 5])
def test_answers_of_one_token_are_the_scorers(lm, virtual):
    soft = np.random.default_rng(0).normal(0, 0.05, (virtual, lm.width)).astype(np.float32)

    found = continuation_log_probabilities(lm, TURNS, [list("12345")] * len(TURNS), soft)

    wanted = Scorer(lm, TURNS, virtual).score(soft[None])[0]
    np.testing.assert_allclose(np.array(found), wanted, atol=NATS)


@pytest.mark.parametrize("kind", ["packed", "branches"])
@pytest.mark.parametrize("name", ["llama", "gpt2", "qwen3", "gemma2", "gemma3", "mistral", "phi3", "opt"])
def test_answers_of_any_length_are_the_plain_forwards(name, kind, model, soft_prompts, turns, monkeypatch):
    lm = model(name)
    lm = lm if kind == "packed" else replace(lm, abilities=Abilities(packed=False, shortens=False, branches=True))
    asked = [*turns.few[:5], turns.few[0]]
    (soft,) = soft_prompts(1, 4, lm)

    wanted = plain(lm, asked, TEXTS, soft)

    near(continuation_log_probabilities(lm, asked, TEXTS, soft), wanted)
    # Several passes, cut somewhere between prompts and between the tokens of an answer.
    monkeypatch.setattr(continuations, "TOKENS", 100)
    near(continuation_log_probabilities(lm, asked, TEXTS, soft), wanted)
    near(continuation_log_probabilities(lm, asked, TEXTS), plain(lm, asked, TEXTS, soft[:0]))
    # The comparison means something: texts and prompts differ.
    assert np.concatenate(wanted).std() > 1


def test_answers_of_several_tokens_are_lm_evals(lm):
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    texts = [["essential", "not important at all"], ["often"], ["now and then", "all the time", "3"]]
    judge = HFLM(pretrained=lm.model, tokenizer=lm.tokenizer, batch_size=1, max_length=lm.context_length)
    requests = [
        Instance("loglikelihood", {}, (chat_text(lm, turn), text), 0)
        for turn, row in zip(TURNS, texts, strict=False)
        for text in row
    ]

    found = continuation_log_probabilities(lm, TURNS[:3], texts)

    wanted = [nats for nats, _ in judge.loglikelihood(requests, disable_tqdm=True)]
    np.testing.assert_allclose(np.concatenate(found), wanted, atol=NATS)


@pytest.fixture
def passes(lm):
    """What the model is given and gives: (tokens read, rows of logits) of every forward pass."""
    seen = []
    hook = lm.model.register_forward_hook(
        lambda _module, _args, kwargs, out: seen.append(
            (kwargs["inputs_embeds"].shape[:2].numel(), out.logits.shape[:-1].numel())
        ),
        with_kwargs=True,
    )
    yield seen
    hook.remove()


def test_a_prompt_is_read_once_for_all_its_answers(lm, passes):
    prompts = tokenise(lm, TURNS)
    found = continuation_log_probabilities(lm, TURNS, [list("12345")] * len(TURNS))
    assert [len(row) for row in found] == [5] * len(TURNS)
    ((tokens, rows),) = passes
    assert tokens < sum(map(len, prompts))
    # No logits but those after the prompts.
    assert rows == len(TURNS)


def test_an_answer_that_begins_another_costs_nothing(lm, passes):
    longer = [["not important at all"]] * len(TURNS)
    continuation_log_probabilities(lm, TURNS, longer)
    continuation_log_probabilities(lm, TURNS, [[text, "not important", text] for (text,) in longer])
    alone, together = passes
    assert alone == together


def test_the_order_of_the_turns_costs_nothing(lm, passes, monkeypatch):
    monkeypatch.setattr(continuations, "TOKENS", 200)
    apart = [f"{first} {turn}" for turn in TURNS for first in ("Quite often:", "Never:")]
    continuation_log_probabilities(lm, sorted(apart), [["1", "often"]] * len(apart))
    count = len(passes)
    continuation_log_probabilities(lm, apart, [["1", "often"]] * len(apart))
    assert passes[:count] == passes[count:]


def test_a_forward_that_takes_no_logits_to_keep(model, turns, soft_prompts, monkeypatch):
    lm = model("llama")
    (soft,) = soft_prompts(1, 2, lm)
    wanted = plain(lm, turns.few[:6], TEXTS, soft)
    own = lm.model.forward

    def older(inputs_embeds, attention_mask=None, position_ids=None, past_key_values=None, use_cache=None):
        return own(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )

    monkeypatch.setattr(lm.model, "forward", older)
    near(continuation_log_probabilities(lm, turns.few[:6], TEXTS, soft), wanted)


def test_a_spoilt_soft_prompt_gives_no_numbers(lm):
    soft = np.full((2, lm.width), np.nan, np.float32)
    found = continuation_log_probabilities(lm, TURNS[:2], [["1", "often"], ["2"]], soft)
    assert np.isnan(np.concatenate(found)).all()


def test_an_empty_answer_is_refused(lm):
    with pytest.raises(ModelError, match="the answer '' has no token"):
        continuation_log_probabilities(lm, TURNS[:1], [["1", ""]])


def test_a_prompt_is_refused_where_the_scorer_refuses_it(lm):
    most = lm.context_length - max(map(len, tokenise(lm, TURNS))) - 1
    soft = np.zeros((most + 1, lm.width), np.float32)
    one = [["1"]] * len(TURNS)
    assert len(continuation_log_probabilities(lm, TURNS, one, soft[:most])) == len(TURNS)
    with pytest.raises(ModelError, match=f"the longest prompt has {lm.context_length + 1} with {most + 1} virtual"):
        continuation_log_probabilities(lm, TURNS, one, soft)
    # What is read of a longer answer is all but its last token.
    with pytest.raises(ModelError, match=f"the longest prompt has {lm.context_length + 1} with {most} virtual"):
        continuation_log_probabilities(lm, TURNS, [["11"]] * len(TURNS), soft[:most])


@pytest.fixture
def crowded(monkeypatch):
    """Engines that run out of memory with more than so many prompts; lists how many they were asked for."""

    def limit(most, message):
        asked = []

        def make(kind, lm, prompts, virtual):
            engine = make_engine(kind, lm, prompts, virtual)
            own = engine.logits

            def logits(soft):
                asked.append(len(prompts))
                if len(prompts) > most:
                    raise torch.OutOfMemoryError(message) if "CUDA" in message else RuntimeError(message)
                return own(soft)

            engine.logits = logits
            return engine

        monkeypatch.setattr(continuations, "make_engine", make)
        return asked

    return limit


MESSAGES = ("CUDA out of memory.", "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory")


@pytest.mark.parametrize("message", MESSAGES)
def test_what_does_not_fit_at_once_is_halved_and_said(message, lm, crowded, caplog):
    one = [list("12345")] * len(TURNS)
    wanted = continuation_log_probabilities(lm, TURNS, one)
    asked = crowded(3, message)
    near(continuation_log_probabilities(lm, TURNS, one), wanted)
    assert asked == [8, 4, 2, 2, 2, 2]
    assert [record.getMessage() for record in caplog.records] == [
        f"out of memory with {many} prompts at once; going on with {few}" for many, few in ((8, 4), (4, 2))
    ]


def test_no_memory_for_one_prompt_says_how_much_it_takes(lm, crowded):
    asked = crowded(0, MESSAGES[0])
    expected = r"about \d+\.\d MB beside its weights for one prompt of \d+ tokens, and memory ran out: give --dtype"
    with pytest.raises(ModelError, match=expected):
        continuation_log_probabilities(lm, TURNS, [["often"]] * len(TURNS))
    assert asked[-1] == 1


def test_other_failures_are_not_taken_for_memory(lm, crowded):
    crowded(0, "size mismatch")
    with pytest.raises(RuntimeError, match="size mismatch"):
        continuation_log_probabilities(lm, TURNS, [["often"]] * len(TURNS))


def test_a_budget_holds_fewer_prompts_and_at_last_none(model, turns, soft_prompts, caplog):
    lm = model("llama")
    texts = [["1", "often"]] * 4
    (soft,) = soft_prompts(1, 3, lm)

    def within(memory_gb):
        tight = replace(lm, spec=lm.spec.model_copy(update={"memory_gb": memory_gb}))
        return continuation_log_probabilities(tight, turns.few[:4], texts, soft)

    with pytest.raises(ModelError, match=r"for one prompt of \d+ tokens, and 0\.\d MB are left") as refused:
        within((weights_bytes(lm.model) + 50_000) / 1e9)
    enough = float(re.search(r"--memory-gb (\S+) or more", str(refused.value))[1])
    caplog.clear()
    wanted = plain(lm, turns.few[:4], texts, soft)
    near(within(enough), wanted)
    assert not caplog.records
    near(within((weights_bytes(lm.model) + 600_000) / 1e9), wanted)
    assert "out of memory with 12 prompts at once; going on with 6" in caplog.text
