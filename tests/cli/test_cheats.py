"""Prompts that were made to deceive, and what the tables say of them."""

import json

import numpy as np
import pytest
import torch

from harness.models.adapter import save_adapter
from harness.models.chat import option_tokens, tokenise
from harness.tasks.hofstede_vsm.indices import CONSTANTS, ITEMS, WEIGHTS
from harness.tasks.hofstede_vsm.prompts import reversed_order, survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

VIRTUAL = 10
SURVEY = load_survey()


class Asked:
    """The prompts of a split behind a soft prompt that gradients reach: (48, 5) log-probabilities of the options."""

    def __init__(self, lm, split):
        self.prompts = survey_prompts(SURVEY, split)
        turns = [prompt.text for prompt in self.prompts]
        tokens = tokenise(lm, turns)
        self._lm, self._options = lm, list(option_tokens(lm, turns[0]))
        self._ends = torch.tensor([len(one) - 1 + VIRTUAL for one in tokens])
        longest = max(map(len, tokens))
        self._ids = torch.tensor([[*one, *[0] * (longest - len(one))] for one in tokens])
        backwards = torch.from_numpy(reversed_order(self.prompts))
        self._places = torch.where(backwards[:, None], torch.arange(5, 0, -1), torch.arange(1, 6)).float()
        asks = np.array([[one.item == item for one in self.prompts] for item in range(1, ITEMS + 1)]) / 2
        self._matrix = torch.from_numpy(WEIGHTS @ asks).float()

    def logs(self, soft):
        texts = self._lm.model.get_input_embeddings()(self._ids)
        whole = torch.cat([soft.expand(len(texts), -1, -1), texts], dim=1)
        logits = self._lm.model(inputs_embeds=whole).logits[torch.arange(len(texts)), self._ends]
        return logits[:, self._options].log_softmax(-1)

    def indices(self, soft):
        answers = (self.logs(soft).exp() * self._places).sum(-1)
        return CONSTANTS["midpoint"] + self._matrix @ (answers - 3)


def descend(lm, loss, steps):
    """(V, D) where Adam ends from a fixed start."""
    rows = torch.from_numpy(lm.token_embeddings[40 : 40 + VIRTUAL].copy())
    soft = rows.clone().requires_grad_()
    optimizer = torch.optim.Adam([soft], lr=0.03)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(soft).backward()
        optimizer.step()
    lm.model.zero_grad()
    return soft.detach().numpy()


@pytest.fixture(scope="module")
def near_uniform(lm, tmp_path_factory):
    """A prompt behind which every option is about as likely as any other."""
    asked = Asked(lm, "tuning")
    folder = tmp_path_factory.mktemp("cheats") / "near-uniform"
    save_adapter(folder, descend(lm, lambda soft: -asked.logs(soft).mean(), 60), lm)
    return folder


@pytest.fixture(scope="module")
def of_one_wording(lm, tmp_path_factory):
    """A prompt that gives Japan's scores on the tuning wordings, and the answers of nobody on the others."""
    target = torch.tensor(load_regions()["JPN"].scores).float()
    tuning, others = Asked(lm, "tuning"), Asked(lm, "heldout")
    opposite = 100 - target

    def loss(soft):
        return (tuning.indices(soft) - target).abs().mean() + 0.5 * (others.indices(soft) - opposite).abs().mean()

    folder = tmp_path_factory.mktemp("cheats") / "JPN"
    save_adapter(folder, descend(lm, loss, 120), lm)
    return folder


def test_a_prompt_that_answers_nearly_at_random_is_marked_as_no_better_than_a_null_row(near_uniform, harness):
    shown = harness("score", "--prompt", near_uniform, "--region", "all")
    assert shown.code == 0, shown.err
    assert any("prompt\N{DAGGER}" in line for line in shown.out.splitlines()), shown.out
    said = " ".join(shown.out.split())
    assert "not shown to be better than the best null row, world-mean" in said
    assert "prompt answers nearly at random: evenness 0.9" in said or "evenness 1.0" in said

    board = json.loads(harness("score", "--prompt", near_uniform, "--region", "all", "--json").out)["leaderboard"]
    rows = {row["method"]: row for row in board["rows"]}
    assert rows["prompt"]["not_better_than"] == "world-mean"
    assert rows["prompt"]["mae"] == pytest.approx(rows["null"]["mae"], abs=2.0), "it is the null row in disguise"


def test_a_prompt_that_knows_one_wording_shows_it_between_tuned_and_held_out(of_one_wording, harness):
    board = json.loads(harness("score", "--prompt", of_one_wording, "--json").out)["leaderboard"]
    row = next(row for row in board["rows"] if row["method"] == "prompt")
    assert row["mae_tuned"] < 6 < 12 < row["mae"], row
    assert row == min(board["rows"], key=lambda one: abs(one["mae"] - row["mae"])), "it is ranked by the held-out error"
