"""The check of written answers: what is compared with what, on which scale, and what is left out."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from harness.checks.subject import Subject
from harness.checks.text_agreement import agreement, check_text_agreement, compare, kappa, reader
from harness.errors import ModelError
from harness.models.chat import tokenise_plain
from harness.models.generation import Said
from harness.models.language_model import ModelSpec
from harness.models.loading import load
from harness.tasks.hofstede_vsm.prompts import persona_line, survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.baselines import Baselines
from harness.tuning.exam import Questions

SURVEY, TABLE = load_survey(), load_regions()
PROMPTS = survey_prompts(SURVEY, "heldout")
TINY = {
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 1024,
    "max_position_embeddings": 512,
}


def logs(option):
    """(48, 5) nats that favour one option as listed."""
    rows = np.full((48, 5), np.log(0.05))
    rows[:, option - 1] = np.log(0.8)
    return rows


def said(text):
    return [Said(text, True)] * 48


def test_both_sides_stand_on_the_items_own_scale():
    answers = compare(SURVEY, PROMPTS, said("2"), logs(4))
    forward, back = answers[0], answers[24]
    assert (forward.item, forward.order, forward.answer, forward.first_token) == (1, "forward", 2, 4)
    assert (back.item, back.order, back.answer, back.first_token) == (1, "reversed", 4, 2)
    assert (forward.expected, back.expected) == pytest.approx((0.05 * (1 + 2 + 3 + 5) + 0.8 * 4, 6 - 3.75))


def test_words_mean_the_same_in_both_orders():
    answers = compare(SURVEY, PROMPTS, said("never"), logs(1))
    frequency = {15: 5, 16: 5, 17: 5, 20: 1}
    assert {(one.item, one.answer) for one in answers if one.kind == "parsed"} == set(frequency.items())
    assert sum(one.kind == "unparsed" for one in answers) == 40


def test_texts_that_are_no_answers_have_no_part():
    texts = [Said("3", True)] * 30 + [Said("4", True)] * 10 + [Said("I cannot say", True)] * 5 + [Said("", False)] * 3
    answers = compare(SURVEY, PROMPTS, texts, logs(3))
    kinds = [one.kind for one in answers]
    assert [kinds.count(kind) for kind in ("parsed", "refused", "unparsed")] == [40, 5, 3]
    assert {one.answer for one in answers[40:]} == {None}
    found = agreement(answers)
    assert (found.same, found.rate) == (30, 0.75)
    # Wilson's formula by hand, z = 1.959964.
    z2 = 1.959964**2
    middle, half = (30 + z2 / 2) / (40 + z2), (z2 * (0.75 * 0.25 / 40 + z2 / 6400)) ** 0.5 / (1 + z2 / 40)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half))
    assert found.mean_difference == pytest.approx(0.25)
    assert found.mean_difference_expected == pytest.approx(0.25)


def test_nothing_parsed_gives_no_numbers():
    found = agreement(compare(SURVEY, PROMPTS, said("As an AI, I cannot."), logs(3)))
    assert found.same == 0
    assert [found.rate, found.low, found.high, found.kappa, found.mean_difference] == [None] * 5


def test_kappa_by_hand():
    # Cohen's example of a 2 x 2 table in shares: 0.4, 0.2 / 0.1, 0.3: (0.7 - 0.5) / (1 - 0.5).
    one = np.repeat([1.0, 1.0, 2.0, 2.0], [4, 2, 1, 3])
    other = np.repeat([1.0, 2.0, 1.0, 2.0], [4, 2, 1, 3])
    assert kappa(one, other) == pytest.approx(0.4)
    assert kappa(one, one) == pytest.approx(1.0)
    assert kappa(np.ones(5), np.full(5, 2.0)) == 0.0
    assert kappa(np.ones(5), np.ones(5)) is None


def test_a_partial_survey_has_no_indices():
    region = TABLE["JPN"]
    whole = reader([3] * 48, region)
    assert set(whole.indices.values()) == {50.0}
    assert whole.mae == pytest.approx(np.abs(np.array(region.scores) - 50).mean())
    # Item 7 in both orders: 35 points of power distance for each point of its mean.
    answers = [3.0] * 48
    answers[6], answers[30] = 5, 4
    assert reader(answers, None).indices["pdi"] == pytest.approx(50 + 35 * 1.5)
    for place in (0, 47):
        partial = reader([None if place == here else 3 for here in range(48)], region)
        assert (partial.indices, partial.mae) == (None, None)


def test_one_token_is_the_first_token(lm):
    region = TABLE["SVK"]
    subject = Subject.baseline(lm, SURVEY, "icl", region)
    check = check_text_agreement(subject, SURVEY, region, 1)
    assert (check.prompts, check.parsed, check.refused, check.unparsed, check.cut) == (48, 48, 0, 0, 48)
    assert (check.agreement.same, check.agreement.rate, check.agreement.mean_difference) == (48, 1.0, 0.0)
    assert check.text == check.first_token
    assert len({one.answer for one in check.answers}) > 1
    (wanted,) = Baselines(Questions(SURVEY), TABLE).score(lm, "icl", [region])
    assert check.expected.indices == pytest.approx(wanted.indices, abs=0.01)
    assert check.expected.mae == pytest.approx(wanted.mae, abs=0.01)


def test_a_soft_prompt_stands_before_the_text_too(lm):
    (ids,) = tokenise_plain(lm, [persona_line("Slovakia") + "\n"])
    soft = lm.token_embeddings[list(ids)]
    check = check_text_agreement(Subject.tuned(lm, "tuned", soft), SURVEY, None, 1)
    bare = check_text_agreement(Subject.baseline(lm, SURVEY, "naive", None), SURVEY, None, 1)
    assert [one.first_token for one in check.answers] != [one.first_token for one in bare.answers]
    assert [one.answer for one in check.answers] == [one.first_token for one in check.answers]


def test_babble_is_counted_and_never_made_an_answer(tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(TINY))
    lm = load(ModelSpec(name=f"random:{path}", device="cpu"))
    check = check_text_agreement(Subject.baseline(lm, SURVEY, "naive", None), SURVEY, TABLE["JPN"], 8)
    assert (check.parsed, check.refused, check.unparsed) == (0, 0, 48)
    assert any(one.text for one in check.answers)
    assert (check.text.indices, check.text.mae, check.agreement.rate) == (None, None, None)
    assert check.first_token.indices is not None and check.option_mass < 0.1


def test_a_broken_model_gives_no_number(lm):
    broken = copy.deepcopy(lm.model)
    broken.get_input_embeddings().weight.data[:] = np.nan
    with pytest.raises(ModelError, match="not finite"):
        check_text_agreement(Subject.baseline(replace(lm, model=broken), SURVEY, "naive", None), SURVEY, None)
