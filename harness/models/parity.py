"""The scorer's promise, kept at load time: its answers are those of the model's own forward pass, or it refuses.

Not every architecture can read a token trie: ALiBi counts positions by place in the row, encoders look ahead. Rather
than a list of names, a few prompts are answered both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.models.chat import OPTIONS, option_tokens, tokenise
from harness.models.language_model import LanguageModel
from harness.models.scorer import Scorer
from harness.models.trie import Tokens, capacities, lay_out

_TURNS: Final = (
    "Answer with one number. 1 = never; 2 = often; 3 = always. How often is a short question asked?",
    "Answer with one number. 1 = never; 2 = often; 3 = always. How often is it a long question that is asked here?",
    "Answer with one number. 1 = always; 2 = often; 3 = never. How often?",
)
_VIRTUAL_TOKENS: Final = 3
_TOLERANCE: Final = {torch.float32: 1e-3, torch.bfloat16: 0.5, torch.float16: 0.1}


def check_answers(lm: LanguageModel) -> None:
    """Compares the scorer, all prompts packed into one row, with one plain forward pass per prompt.

    Raises:
        ModelError: they differ, the model cannot be asked in this way, or it cannot answer with single digits.
    """
    if hasattr(lm.model.config, "attention_types"):
        raise _unserved(lm, "it mixes global and local attention by place in the row")
    prompts = tokenise(lm, _TURNS)
    soft = lm.token_embeddings[None, :_VIRTUAL_TOKENS]
    try:
        packed = lay_out(prompts, capacities(prompts)[-1])
        found = Scorer(lm, _TURNS, _VIRTUAL_TOKENS, layout=packed).score(soft)[0]
        wanted = _plain(lm, prompts, soft[0])
    except ModelError:
        raise
    except Exception as error:
        raise _unserved(lm, f"{type(error).__name__}: {error}") from error
    gap = np.abs(found - wanted)
    # Not finite in both is a matter of the weights, and is told when answers are read.
    if (gap > _TOLERANCE[lm.dtype]).any() or not np.array_equal(np.isfinite(found), np.isfinite(wanted)):
        raise _unserved(lm, f"answers differ from its own forward pass by {np.nanmax(gap):.2g} nats")


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
