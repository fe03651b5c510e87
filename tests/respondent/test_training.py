"""Rebuilding the respondent: a few steps of the real command, in this process."""

import numpy as np
import pytest
import torch

from harness.models.training import Schedule
from harness.respondent.build import build, save

SHORT = Schedule(steps=6, batch=2)


@pytest.fixture(scope="module")
def built():
    losses = []
    return build(3, SHORT, lambda step, loss, error: losses.append((step, loss, error))), losses


def test_every_step_is_reported_and_the_loss_falls(built):
    _, losses = built
    assert [step for step, _, _ in losses] == list(range(1, 7))
    assert np.isfinite(losses).all()
    assert losses[-1][1] < losses[0][1]


def test_the_same_seed_gives_the_same_model(built):
    model, _ = built
    again = build(3, SHORT, lambda *_: None)
    assert again.tokenizer.get_vocab() == model.tokenizer.get_vocab()
    assert all(torch.equal(a, b) for a, b in zip(model.model.parameters(), again.model.parameters(), strict=True))


def test_another_seed_gives_another(built):
    other = build(4, Schedule(steps=3, batch=1), lambda *_: None)
    assert not torch.equal(other.model.lm_head.weight, built[0].model.lm_head.weight)


@pytest.mark.parametrize("steps", [3, 10, 11])
def test_any_number_of_steps_from_three(steps):
    seen = []
    build(0, Schedule(steps=steps, batch=1), lambda step, *_: seen.append(step))
    assert len(seen) == steps


def test_a_saved_model_answers_the_survey(built, tmp_path):
    from harness.models.language_model import ModelSpec
    from harness.models.loading import load
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tuning.objective import Respondent

    save(built[0], tmp_path)
    answers = Respondent(load(ModelSpec(name=str(tmp_path))), load_survey(), "heldout").answer()
    assert answers.item_means.shape == (1, 24)
    assert "6 steps of AdamW" in (tmp_path / "README.md").read_text()
