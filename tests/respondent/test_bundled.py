"""The bundled weights are as good as promised, on the held-out wordings and in both option orders."""

import json

import numpy as np
import pytest

from harness.models.loading import BUNDLED
from harness.models.training import Geometry, Schedule
from harness.respondent.build import card
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.baselines import Baselines, score_prompt
from harness.tuning.exam import Questions

SURVEY, TABLE = load_survey(), load_regions()


@pytest.fixture(scope="module")
def results(lm):
    baselines = Baselines(Questions(SURVEY), TABLE)
    return {method: baselines.score(lm, method, TABLE.complete) for method in ("naive", "persona", "icl")}


@pytest.fixture(scope="module")
def mae(results):
    return {method: np.mean([one.mae for one in rows]) for method, rows in results.items()}


def test_untold_it_is_far_from_most_regions(mae):
    assert mae["naive"] >= 20


def test_a_persona_helps_it(mae):
    assert mae["persona"] <= 0.6 * mae["naive"]


def test_demonstrations_do_not_hurt_it(mae):
    assert mae["icl"] <= mae["persona"] + 2


def test_it_answers_with_options(results):
    assert min(one.option_mass for rows in results.values() for one in rows) >= 0.98


def test_untold_it_is_western(results):
    nearest = sorted(results["naive"], key=lambda one: one.mae)[:6]
    assert {"USA", "GBR", "AUS", "CAN"} <= {one.region for one in nearest}


@pytest.mark.parametrize("code", ["CHN", "IND", "ARA"])
def test_a_soft_prompt_steers_it(lm, steer, results, code):
    region = TABLE[code]
    prompt, tuned = steer(SURVEY, region, steps=75)
    (result,) = score_prompt(lm, Questions(SURVEY), [region], prompt)
    assert result.mae_tuned == pytest.approx(tuned, abs=1e-3)
    persona = np.mean([one.mae_tuned for one in results["persona"]])
    assert result.mae_tuned <= 0.5 * persona


def test_what_is_shipped():
    files = {path.name for path in BUNDLED.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja", "README.md"} <= files
    assert (BUNDLED / "model.safetensors").stat().st_size < 4_000_000
    assert json.loads((BUNDLED / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]


def test_the_card_is_that_of_the_constants_in_the_source():
    shipped = (BUNDLED / "README.md").read_text(encoding="utf-8")
    assert "simulation, not a finding about people" in shipped.replace("\n", " ")
    assert shipped == card(0, Geometry(), Schedule())
