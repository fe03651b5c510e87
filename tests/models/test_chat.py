from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from harness.errors import ModelError
from harness.models.chat import OPTIONS, chat_text, check_length, option_tokens, tokenise, tokenise_plain
from harness.models.language_model import LanguageModel

USER_THEN_ASSISTANT = "{% for m in messages %}<|user|>{{ m.content }}{% endfor %}<|assistant|>"
TURN = "How are you? 1 = good; 2 = bad"


@pytest.fixture
def lm(model: Callable[[str], LanguageModel]) -> LanguageModel:
    return model("llama")


def with_tokenizer(lm: LanguageModel, tokenizer: PreTrainedTokenizerFast, template: str) -> LanguageModel:
    tokenizer.chat_template = template
    return dataclasses.replace(lm, tokenizer=tokenizer)


def byte_level(corpus: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer that merges digits with what stands beside them, as the project's own does not."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<|user|>", "<|assistant|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>")


def words(vocabulary: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer that knows these words and nothing else."""
    inner = Tokenizer(models.WordLevel({word: place for place, word in enumerate(vocabulary)}, unk_token="?"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="?")


def one_line(caught: pytest.ExceptionInfo[ModelError]) -> str:
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_the_chat_text(lm: LanguageModel) -> None:
    assert chat_text(lm, TURN) == f"<s><|user|>{TURN}<|assistant|>"


def test_tokens_are_those_of_the_whole_text(lm: LanguageModel) -> None:
    (tokens,) = tokenise(lm, [TURN])
    assert isinstance(tokens, tuple)
    whole = lm.tokenizer.apply_chat_template(
        [{"role": "user", "content": TURN}], add_generation_prompt=True, return_dict=True
    )
    assert list(tokens) == whole["input_ids"]
    assert lm.tokenizer.decode(tokens) == chat_text(lm, TURN)
    assert tokens.count(lm.tokenizer.bos_token_id) == 1


def test_many_turns_are_each_turn_alone(lm: LanguageModel, turns: Any) -> None:
    together = tokenise(lm, turns.many)
    assert together == [tokenise(lm, [turn])[0] for turn in turns.many]
    assert len(together) == 48


@pytest.mark.parametrize("turn", ["", " ", "line\nline", "Grüße, 日本 🙂", "<s>", "{{ messages }}", "{% if %}", "a\0b"])
def test_odd_turns_go_through_unread(turn: str, lm: LanguageModel) -> None:
    assert chat_text(lm, turn) == f"<s><|user|>{turn}<|assistant|>"
    assert option_tokens(lm, turn) == option_tokens(lm, TURN)


def test_plain_text_has_no_template(lm: LanguageModel) -> None:
    (tokens,) = tokenise_plain(lm, ["a b"])
    assert lm.tokenizer.decode(tokens) == "a b"
    assert not set(tokens) & set(lm.tokenizer.all_special_ids)


def test_option_tokens(lm: LanguageModel) -> None:
    found = option_tokens(lm, TURN)
    assert [lm.tokenizer.decode([token]) for token in found] == list(OPTIONS) == ["1", "2", "3", "4", "5"]
    assert len(set(found)) == 5


def test_digits_beyond_nine_stay_apart(lm: LanguageModel) -> None:
    (tokens,) = tokenise_plain(lm, ["12345 2024"])
    assert [lm.tokenizer.decode([token]) for token in tokens][:5] == list(OPTIONS)


def test_options_are_read_where_the_template_ends(lm: LanguageModel) -> None:
    tokenizer = byte_level(["answer 1 answer 2 answer 3 answer 4 answer 5 "] * 50)
    # Behind a special token the digits stand alone; behind a blank they merge with it.
    fine = with_tokenizer(lm, tokenizer, USER_THEN_ASSISTANT)
    assert [tokenizer.decode([token]) for token in option_tokens(fine, TURN)] == list(OPTIONS)


@pytest.mark.parametrize(
    ("corpus", "ending"),
    [
        (["answer 1 answer 2 answer 3 answer 4 answer 5 "], "answer "),
        (["11 12 13 14 15 21 22 23 24 25 "], "1"),
    ],
    ids=["with the blank before", "with the digit before"],
)
def test_a_tokenizer_that_merges_digits_is_refused(corpus: list[str], ending: str, lm: LanguageModel) -> None:
    merging = with_tokenizer(lm, byte_level(corpus * 50), USER_THEN_ASSISTANT + ending)
    with pytest.raises(ModelError) as caught:
        option_tokens(merging, TURN)
    assert one_line(caught) == (
        f"model '{lm.spec.name}': option '1' is not a single token after its chat template; give a model whose "
        "tokenizer keeps digits apart"
    )


def test_a_tokenizer_that_splits_the_option_is_refused(lm: LanguageModel) -> None:
    inner = Tokenizer(models.WordLevel({"?": 0, "1": 1, "#": 2}, unk_token="?"))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="?")
    with pytest.raises(ModelError):
        option_tokens(with_tokenizer(lm, tokenizer, "{{ messages[0].content }}"), TURN)


def test_options_that_share_a_token_are_refused(lm: LanguageModel) -> None:
    tokenizer = words(["?", "user", "assistant", "1", "2", "3"])
    with pytest.raises(ModelError) as caught:
        option_tokens(with_tokenizer(lm, tokenizer, "user {{ messages[0].content }} assistant "), "1")
    assert one_line(caught) == (
        f"model '{lm.spec.name}': options share a token ([3, 4, 5, 0, 0]); give a model that knows the digits"
    )


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('no system, no user') }}",
        "{{ nothing.at.all }}",
        "{% if %}",
        "{{ 'left open",
    ],
)
def test_a_template_that_fails_is_one_line(
    template: str, lm: LanguageModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    with pytest.raises(ModelError) as caught:
        chat_text(with_tokenizer(lm, words(["?"]), template), TURN)
    assert one_line(caught).startswith(f"the chat template of model '{lm.spec.name}' fails on one user's turn: ")


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' + 1 }}",
        "{{ 1 / 0 }}",
        "{% include 'other' %}",
        "{{ messages[0]['content'].nope() }}",
        "{{ raise_exception('a\nb') }}",
    ],
)
def test_a_template_with_an_error_of_another_kind_is_one_line(template: str, lm: LanguageModel) -> None:
    with pytest.raises(ModelError) as caught:
        chat_text(with_tokenizer(lm, words(["?"]), template), TURN)
    assert one_line(caught).startswith(f"the chat template of model '{lm.spec.name}' fails on one user's turn: ")


@pytest.mark.parametrize(
    ("longest", "virtual", "fits"), [(1023, 0, True), (1024, 0, False), (1013, 10, True), (1014, 10, False)]
)
def test_length(longest: int, virtual: int, fits: bool, lm: LanguageModel) -> None:
    prompts = [(1,) * 5, (1,) * longest, (1,) * 7]
    if fits:
        check_length(lm, prompts, virtual)
        return
    with pytest.raises(ModelError) as caught:
        check_length(lm, prompts, virtual)
    # One more for the answer.
    assert one_line(caught) == (
        f"model '{lm.spec.name}' reads 1024 tokens, the longest prompt has {longest + virtual + 1} with {virtual} "
        "virtual tokens: give fewer virtual tokens, fewer demonstrations or a model with a longer context"
    )
