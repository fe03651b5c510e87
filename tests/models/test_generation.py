"""Written answers: against the model's own generation without a soft prompt, and a hand-written loop with one."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import GenerationConfig

from harness.errors import ModelError
from harness.models.chat import tokenise
from harness.models.generation import end_tokens, generate

MOST = 6


def own_generation(lm, turn):
    """By transformers from token ids, one prompt at a time."""
    ids = torch.tensor(tokenise(lm, [turn]))
    config = GenerationConfig(do_sample=False, max_new_tokens=MOST, pad_token_id=0, eos_token_id=end_tokens(lm))
    row = lm.model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)[0, ids.shape[1] :]
    return row.tolist()


def by_hand(lm, turn, soft):
    """The most probable token each time, everything computed anew."""
    (ids,) = tokenise(lm, [turn])
    said = []
    with torch.inference_mode():
        while len(said) < MOST and not set(said) & set(end_tokens(lm)):
            text = lm.model.get_input_embeddings()(torch.tensor([*ids, *said]))
            whole = torch.cat([torch.from_numpy(soft), text])[None]
            said.append(int(lm.model(inputs_embeds=whole).logits[0, -1].argmax()))
    return said


def text(lm, tokens):
    ends = set(end_tokens(lm))
    kept = tokens[: next((place for place, token in enumerate(tokens) if token in ends), len(tokens))]
    return lm.tokenizer.decode(kept, skip_special_tokens=True)


def with_end(lm, token):
    """The same model, which ends its answers with another token."""
    changed = copy.copy(lm.model)
    changed.generation_config = GenerationConfig(eos_token_id=[token])
    return replace(lm, model=changed)


@pytest.mark.parametrize("name", ["llama", "gpt2", "opt", "qwen2", "phi3", "gemma3"])
def test_without_a_soft_prompt_it_is_the_models_own(name, model, turns):
    lm = model(name)
    said = generate(lm, turns.few, MOST)
    assert [one.text for one in said] == [text(lm, own_generation(lm, turn)) for turn in turns.few]
    assert len({one.text for one in said}) > 1


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma3"])
def test_behind_a_soft_prompt_it_is_a_loop_by_hand(name, model, turns, soft_prompts):
    lm = model(name)
    (soft,) = soft_prompts(1, 3, lm)
    said = generate(lm, turns.few, MOST, soft)
    assert [one.text for one in said] == [text(lm, by_hand(lm, turn, soft)) for turn in turns.few]
    assert said != generate(lm, turns.few, MOST)


def test_answers_come_in_the_order_of_the_turns(lm, turns):
    said = generate(lm, turns.many, 1)
    assert said == [generate(lm, [turn], 1)[0] for turn in turns.many]
    assert len({one.text for one in said}) > 1


def test_an_answer_ends_where_the_model_ends_it(model, turns):
    lm = model("llama")
    spoken = own_generation(lm, turns.few[0])
    end = spoken[3]
    (said,) = generate(with_end(lm, end), turns.few[:1], MOST)
    assert said.ended
    assert said.text == lm.tokenizer.decode(spoken[: spoken.index(end)], skip_special_tokens=True)
    assert not generate(lm, turns.few[:1], MOST)[0].ended


def test_rows_that_end_early_stand_beside_rows_that_go_on(model, turns):
    lm = model("llama")
    end = own_generation(lm, turns.few[0])[1]
    lm = with_end(lm, end)
    together = generate(lm, turns.few, MOST)
    assert together == [generate(lm, [turn], MOST)[0] for turn in turns.few]
    assert {one.ended for one in together} == {True, False}


def test_the_models_own_settings_have_no_part_and_come_back(model, turns):
    lm = model("llama")
    plain = generate(lm, turns.few, MOST)
    unruly = copy.copy(lm.model)
    # As the settings of some published models: sampling and a penalty on what was said.
    own = GenerationConfig(do_sample=True, temperature=0.6, top_p=0.9, repetition_penalty=5.0, min_new_tokens=1)
    unruly.generation_config = own
    assert generate(replace(lm, model=unruly), turns.few, MOST) == plain
    assert unruly.generation_config is own


def test_what_does_not_fit_is_refused(lm, turns):
    longest = max(map(len, tokenise(lm, turns.few)))
    room = lm.context_length - longest
    with pytest.raises(ModelError, match=f"give --max-new-tokens {room} or fewer"):
        generate(lm, turns.few, room + 1)
    soft = np.zeros((10, lm.width), dtype=np.float32)
    with pytest.raises(ModelError, match=f"give --max-new-tokens {room - 10} or fewer"):
        generate(lm, turns.few, room - 9, soft)
