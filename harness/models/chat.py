"""From a user's turn to token ids: the model's own chat template, tokenised whole as lm-eval does."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import ModelError
from harness.models.language_model import LanguageModel
from harness.models.trie import Tokens

OPTIONS = ("1", "2", "3", "4", "5")


def chat_text(lm: LanguageModel, user_turn: str) -> str:
    """One user's turn in the model's chat template, up to where the assistant begins.

    Raises:
        ModelError: the template cannot render a single user's turn.
    """
    try:
        text: str = lm.tokenizer.apply_chat_template(
            [{"role": "user", "content": user_turn}], tokenize=False, add_generation_prompt=True
        )
    except Exception as error:
        # A template is a program of the model's own; what it raises is of every kind.
        reason = " ".join(str(error).split())
        raise ModelError(f"the chat template of model '{lm.spec.name}' fails on one user's turn: {reason}") from error
    return text


def tokenise(lm: LanguageModel, user_turns: Sequence[str]) -> list[Tokens]:
    """Token ids of each user's turn in the chat template; no special token is added to what the template has.

    Raises:
        ModelError: the template fails, or the model has no embedding for a token.
    """
    prompts = tokenise_plain(lm, [chat_text(lm, turn) for turn in user_turns])
    highest = max((max(prompt, default=0) for prompt in prompts), default=0)
    if highest >= lm.embedding_rows:
        raise ModelError(
            f"model '{lm.spec.name}' has {lm.embedding_rows} embeddings, its tokenizer gives token {highest}: give a "
            "model and a tokenizer that belong together"
        )
    return prompts


def tokenise_plain(lm: LanguageModel, texts: Sequence[str]) -> list[Tokens]:
    """Token ids of texts outside any chat template, without special tokens."""
    return [tuple(ids) for ids in lm.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]


def option_tokens(lm: LanguageModel, user_turn: str) -> tuple[int, ...]:
    """Token ids of "1" to "5" as the first token of the assistant's answer.

    Raises:
        ModelError: an option is not exactly one token there, or two options share one.
    """
    prompt = chat_text(lm, user_turn)
    whole = [
        tuple(ids)
        for ids in lm.tokenizer([prompt, *(prompt + o for o in OPTIONS)], add_special_tokens=False)["input_ids"]
    ]
    before, answered = whole[0], whole[1:]
    ids = []
    for option, tokens in zip(OPTIONS, answered, strict=True):
        if len(tokens) != len(before) + 1 or tokens[:-1] != before:
            raise ModelError(
                f"model '{lm.spec.name}': option '{option}' is not a single token after its chat template; give a "
                "model whose tokenizer keeps digits apart"
            )
        ids.append(tokens[-1])
    if len(set(ids)) != len(OPTIONS):
        raise ModelError(f"model '{lm.spec.name}': options share a token ({ids}); give a model that knows the digits")
    return tuple(ids)


def check_length(lm: LanguageModel, prompts: Sequence[Tokens], virtual_tokens: int) -> None:
    """Refuses prompts that do not fit the model's context or the window of its attention.

    Raises:
        ModelError: the longest prompt with the soft prompt in front is longer than either.
    """
    longest = max(len(prompt) for prompt in prompts) + virtual_tokens + 1
    limit = lm.context_length
    if limit is not None and longest > limit:
        raise ModelError(
            f"model '{lm.spec.name}' reads {limit} tokens, the longest prompt has {longest} with {virtual_tokens} "
            "virtual tokens: give fewer virtual tokens, fewer demonstrations or a model with a longer context"
        )
    window = lm.attention_window
    if window is not None and longest > window:
        raise ModelError(
            f"model '{lm.spec.name}' attends to {window} tokens at a time, the longest prompt has {longest} with "
            f"{virtual_tokens} virtual tokens: give fewer of them, fewer demonstrations or another model"
        )
