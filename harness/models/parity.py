"""The scorer's promise, kept at load time: its answers are those of the model's own forward pass, or it refuses.

Not every architecture can read a token trie: ALiBi counts positions by place in the row, encoders look ahead. Rather
than a list of names, a few prompts are answered by every engine and by the model's own forward pass, and in a packed
row one prompt is changed, which the others must not notice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.models.branches import Branches
from harness.models.chat import OPTIONS, option_tokens, tokenise
from harness.models.language_model import Abilities, LanguageModel
from harness.models.packed import Packed
from harness.models.packing import pack
from harness.models.scorer import Engine, Scorer
from harness.models.trie import Tokens, TokenTrie, capacities, lay_out

_TURNS: Final = (
    "Answer with one number. 1 = never; 2 = often; 3 = always. How often is a short question asked?",
    "Answer with one number. 1 = never; 2 = often; 3 = always. How often is it a long question that is asked here?",
    "Answer with one number. 1 = always; 2 = often; 3 = never. How often?",
)
_VIRTUAL_TOKENS: Final = 3
_BLOCK: Final = 16
TOLERANCE: Final = {torch.float32: 1e-3, torch.bfloat16: 0.5, torch.float16: 0.1}
"""Nats by which an answer may differ from the model's own forward pass when it is loaded, by type of its weights.

Three prompts of a model with any weights; the tests hold 1e-4 nats in float32 on real surveys.
"""


def find_abilities(lm: LanguageModel) -> Abilities:
    """Compares every engine with one plain forward pass per prompt.

    Raises:
        ModelError: none equals it, the model cannot be asked in this way, or it cannot answer with single digits.
    """
    if hasattr(lm.model.config, "attention_types"):
        raise _unserved(lm, "it mixes global and local attention by place in the row")
    prompts = tokenise(lm, _TURNS)
    # Between tokens: a model that looks its input up among its tokens shall be found out.
    neighbours = lm.token_embeddings[None, : _VIRTUAL_TOKENS + 1]
    soft = ((neighbours[:, 1:] + neighbours[:, :-1]) / 2).astype(np.float32)
    try:
        wanted = _plain(lm, prompts, soft[0])
    except ModelError:
        raise
    except Exception as error:
        raise _unserved(lm, f"{type(error).__name__}: {error}") from error

    gaps = [0.0]

    def fault(make: Callable[[], Engine]) -> str | None:
        found = _difference(lm, make, soft, wanted)
        if isinstance(found, str):
            return found
        gaps.append(found)
        return None

    row = pack(prompts, _VIRTUAL_TOKENS, _BLOCK)

    def packs(shorten: bool) -> bool:
        found = fault(lambda: Packed(lm, prompts, _VIRTUAL_TOKENS, row, shorten))
        return found is None and not _leaks(lm, prompts, soft, shorten)

    shortens = packs(shorten=True)
    packed = shortens or packs(shorten=False)
    one_row = lay_out(prompts, capacities(prompts)[-1])
    reason = fault(lambda: Branches(lm, prompts, _VIRTUAL_TOKENS, one_row))
    if reason and not packed:
        raise _unserved(lm, reason)
    return Abilities(packed=packed, shortens=shortens, branches=reason is None, gap=max(gaps))


def _leaks(lm: LanguageModel, prompts: Sequence[Tokens], soft: NDArray[np.float32], shorten: bool) -> bool:
    """Whether a prompt's answers change with what stands beside it in the row, by a single bit.

    Recurrent layers, convolutions and attention of a model's own read the row as one text. In half precision that can
    hide behind the tolerance, and behind prompts that end alike; here it cannot. Two prompts end where they part, so
    that the end of one stands right behind the other's, which is changed.
    """
    first, second = sorted(prompts)[:2]
    parting = next(place for place, (one, other) in enumerate(zip(first, second, strict=False)) if one != other)
    changed = first[: parting + 1]
    cut = [changed, second[: parting + 1], second, sorted(prompts)[-1]]
    engine = Packed(lm, cut, _VIRTUAL_TOKENS, pack(cut, _VIRTUAL_TOKENS, _BLOCK), shorten)
    front = torch.from_numpy(soft).to(lm.device, lm.dtype)
    with torch.inference_mode(), engine.active():
        before = engine.logits(front)[1:].clone()
        engine.scramble([int(TokenTrie.build(cut).finals[0])])
        after = engine.logits(front)[1:]
    return not torch.equal(before.nan_to_num(), after.nan_to_num())


def _difference(
    lm: LanguageModel, make: Callable[[], Engine], soft: NDArray[np.float32], wanted: NDArray[np.float64]
) -> str | float:
    """By how many nats an engine's answers differ, or why it does not serve a model."""
    # What a model of an unknown kind raises when it is read in this way is of every kind.
    try:
        found = Scorer(lm, _TURNS, _VIRTUAL_TOKENS, engine=make()).score(soft)[0]
    except ModelError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    gap = np.abs(found - wanted)
    # Not finite in both is a matter of the weights, and is told when answers are read.
    if (gap > TOLERANCE[lm.dtype]).any() or not np.array_equal(np.isfinite(found), np.isfinite(wanted)):
        return f"answers differ from its own forward pass by {np.nanmax(gap):.2g} nats"
    return float(np.max(gap, initial=0.0, where=np.isfinite(gap)))


def _plain(lm: LanguageModel, prompts: Sequence[Tokens], soft: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 5) nats by the forward pass that the model's authors wrote, one prompt at a time."""
    embed = lm.model.get_input_embeddings()
    front = torch.from_numpy(soft).to(lm.device, lm.dtype)
    options = list(option_tokens(lm, _TURNS[0]))
    rows = []
    with torch.inference_mode():
        for prompt in prompts:
            whole = torch.cat([front, embed(torch.tensor(prompt, device=lm.device))])[None]
            last = lm.model(inputs_embeds=whole).logits[0, -1].float()
            rows.append(last.log_softmax(-1)[options].double().cpu().numpy())
    return np.array(rows).reshape(len(prompts), len(OPTIONS))


def _unserved(lm: LanguageModel, reason: str) -> ModelError:
    kind = lm.model.config.model_type
    return ModelError(
        f"model '{lm.spec.name}' is of type {kind}, which this harness cannot score exactly: give a decoder such as "
        f"llama, qwen, mistral or gemma ({' '.join(reason.split())[:200]})"
    )
