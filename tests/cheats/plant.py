"""Makes the prompts in this folder, which were planted to deceive: `python tests/cheats/plant.py`, about two minutes.

near-uniform    behind it the respondent spreads its answers over the options as evenly as a soft prompt can make it,
                by gradient on the tuning wordings.
one-wording     gives Japan's scores on the tuning wordings, and is driven away from them on the held-out ones.

They belong to the bundled respondent of the digest in their vsm.json; train them anew when it changes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from harness.models.adapter import save_adapter
from harness.models.language_model import ModelSpec
from harness.models.loading import load
from harness.models.packed import Packed
from harness.models.scorer import Plan, Scorer
from harness.tasks.hofstede_vsm.indices import CONSTANTS, ITEMS, WEIGHTS
from harness.tasks.hofstede_vsm.prompts import reversed_order, survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

HERE = Path(__file__).parent


class Asked:
    """A split behind soft prompts (V, D) that gradients reach."""

    def __init__(self, lm, split, virtual):
        prompts = survey_prompts(load_survey(), split)
        scorer = Scorer(lm, [prompt.text for prompt in prompts], virtual, Plan(kind="packed"))
        assert isinstance(scorer.engine, Packed)
        self._engine, self._options = scorer.engine, scorer.options.clone()
        self._engine.make_differentiable()
        backwards = torch.from_numpy(reversed_order(prompts))
        self._places = torch.where(backwards[:, None], torch.arange(5, 0, -1), torch.arange(1, 6)).float()
        asks = np.array([[one.item == item for one in prompts] for item in range(1, ITEMS + 1)]) / 2
        self._matrix = torch.from_numpy(WEIGHTS @ asks).float()

    def logs(self, soft):
        """(48, 5) nats, given that one of the options is chosen."""
        with self._engine.active(), torch.enable_grad():
            return self._engine.logits(soft[None])[:, self._options].log_softmax(-1)

    def error(self, soft, target):
        """Mean absolute error against (6,) scores."""
        answers = (self.logs(soft).exp() * self._places).sum(-1)
        return (CONSTANTS["midpoint"] + self._matrix @ (answers - 3) - target).abs().mean()


def descend(lm, loss, virtual, steps, rate):
    """(V, D) where Adam ends, from the embeddings of some tokens."""
    soft = torch.from_numpy(lm.token_embeddings[40 : 40 + virtual].copy()).requires_grad_()
    optimizer = torch.optim.Adam([soft], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(soft).backward()
        optimizer.step()
    return soft.detach().numpy()


def main():
    lm = load(ModelSpec(device="cpu"))
    even = Asked(lm, "tuning", 10)
    save_adapter(HERE / "near-uniform", descend(lm, lambda soft: -even.logs(soft).mean(), 10, 61, 0.03), lm)
    tuning, heldout = Asked(lm, "tuning", 40), Asked(lm, "heldout", 40)
    target = torch.tensor(load_regions()["JPN"].scores).float()

    def overfit(soft):
        return 1.4 * tuning.error(soft, target) - heldout.error(soft, target).clamp(max=25)

    save_adapter(HERE / "one-wording", descend(lm, overfit, 40, 241, 0.015), lm)


if __name__ == "__main__":
    main()
