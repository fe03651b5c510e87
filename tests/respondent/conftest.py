"""Soft prompts found by gradient, which no black-box optimizer has: the proof that the respondent can be steered."""

import numpy as np
import pytest
import torch

from harness.models.branches import choose_layout
from harness.models.chat import option_tokens, tokenise
from harness.tasks.hofstede_vsm.indices import CONSTANTS, WEIGHTS
from harness.tasks.hofstede_vsm.prompts import reversed_order, survey_prompts

TOKENS = 10
RATE = 0.02


@pytest.fixture(scope="session")
def steer(lm):
    """Tunes a soft prompt (TOKENS, D) for a region by Adam, from the embeddings of random vocabulary."""

    def tune(survey, region, steps, seed=0):
        prompts = survey_prompts(survey, "tuning")
        layout = choose_layout(tokenise(lm, [prompt.text for prompt in prompts]), lm)
        front = TOKENS + len(layout.prefix)
        text = _embed(lm, np.broadcast_to(layout.prefix, (layout.shape[0], len(layout.prefix))))
        text = torch.cat([text, _embed(lm, layout.tokens)], dim=1).detach()
        mask, positions = _mask(layout, front), _positions(layout, front)
        backwards = torch.tensor(reversed_order(prompts))
        asks = torch.tensor([[float(p.item == i) / 2 for p in prompts] for i in range(1, 25)])
        weights, target = torch.tensor(WEIGHTS, dtype=torch.float32), torch.tensor(region.scores)
        options = list(option_tokens(lm, prompts[0].text))
        rows = np.random.default_rng(seed).integers(lm.embedding_rows, size=TOKENS)
        soft = torch.tensor(lm.token_embeddings[rows], requires_grad=True)
        optimizer = torch.optim.Adam([soft], lr=RATE)
        best, found = np.inf, None
        for _ in range(steps):
            whole = torch.cat([soft.expand(len(text), -1, -1), text], dim=1)
            hidden = lm.model.model(inputs_embeds=whole, attention_mask=mask, position_ids=positions).last_hidden_state
            logits = lm.model.lm_head(hidden[layout.rows, front + layout.columns])[:, options]
            answers = logits.softmax(-1) @ torch.arange(1.0, 6.0)
            means = asks @ torch.where(backwards, 6.0 - answers, answers)
            gaps = weights @ means + CONSTANTS["midpoint"] - target
            error = float(gaps.detach().abs().mean())
            if error < best:
                best, found = error, soft.detach().clone().numpy()
            optimizer.zero_grad()
            gaps.square().mean().backward()
            optimizer.step()
        return found, best

    return tune


def _embed(lm, ids):
    return lm.model.get_input_embeddings()(torch.tensor(np.array(ids)))


def _mask(layout, front):
    """(R, 1, front + L, front + L): causal over soft prompt and prefix, the trie's own behind them."""
    rows, length = layout.shape
    mask = torch.zeros((rows, front + length, front + length), dtype=torch.bool)
    mask[:, :front, :front] = torch.ones(front, front).tril().bool()
    mask[:, front:, :TOKENS] = True
    mask[:, front:, TOKENS:] = torch.from_numpy(layout.mask)
    return mask[:, None]


def _positions(layout, front):
    before = torch.arange(front).expand(layout.shape[0], -1)
    return torch.cat([before, torch.from_numpy(layout.positions) + TOKENS], dim=1)
