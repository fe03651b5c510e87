"""What a subject answers on another instrument: against a plain forward pass, and by hand from known answers."""

import numpy as np
import pytest
import torch

from harness.checks import transfer
from harness.checks.subject import Subject
from harness.errors import InputError, ModelError
from harness.models.chat import chat_text
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.opinions.question import Instrument, Question

JAPAN, BRITAIN = np.array([0.9, 0.1]), np.array([0.2, 0.8])


def question(name, human, options=("yes", "no"), group="g", dimension=None):
    return Question(name, f"Is {name} so?", options, human, group, dimension)


def instrument(questions, metric="similarity"):
    return Instrument("made", metric, tuple(questions), (), "0" * 64)


@pytest.fixture
def asked():
    """Two questions that Japan answered, one of them with people of other countries."""
    first = question("q1", {"Japan": JAPAN, "Britain": BRITAIN, "Japan (Old national sample)": BRITAIN})
    second = question("q2", {"Japan": BRITAIN, "Britain": BRITAIN, "Peru": np.array([0.4, 0.6])}, group="h")
    third = question("q3", {"Britain": BRITAIN})
    return transfer.choose(instrument([first, second, third]), ["Japan"], 0, 0)


@pytest.fixture
def answering(monkeypatch, lm):
    """Makes the model answer as a function of a turn's lines and letters says, in probabilities."""

    def install(answer):
        def given(_, turns, texts, soft_prompt):
            rows = [answer(turn.splitlines()[1:-1], letters) for turn, letters in zip(turns, texts, strict=True)]
            with np.errstate(divide="ignore"):
                return [np.log(np.array(row)) for row in rows]

        monkeypatch.setattr(transfer, "continuation_log_probabilities", given)
        return Subject.tuned(lm, "fake", np.zeros((0, lm.width), dtype=np.float32))

    return install


@pytest.mark.parametrize("virtual", [0, 4])
def test_answers_are_those_of_a_plain_forward_pass(lm, virtual):
    survey = load_survey()
    one = question("q1", {}, ("often", "seldom", "never"))
    asked = transfer.choose(instrument([one], "preference"), (), 0, 0)
    soft = np.random.default_rng(0).normal(0, 0.05, (virtual, lm.width)).astype(np.float32)
    subject = Subject.tuned(lm, "prompt", soft)

    answers = transfer.ask(subject, subject.before(survey), asked)

    orders = []
    for lines in ("A. often\nB. seldom\nC. never", "A. never\nB. seldom\nC. often"):
        text = chat_text(lm, f"Is q1 so?\n{lines}\nAnswer with the letter of one option.")
        ids = lm.tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        embedded = torch.cat([torch.from_numpy(soft)[None], lm.model.get_input_embeddings()(ids)], dim=1)
        with torch.inference_mode():
            logs = lm.model(inputs_embeds=embedded).logits[0, -1].log_softmax(-1)
        letters = [lm.tokenizer(letter, add_special_tokens=False)["input_ids"][0] for letter in "ABC"]
        orders.append(logs[letters].double().exp().numpy())
    forward, backward = orders[0] / orders[0].sum(), (orders[1] / orders[1].sum())[::-1]
    np.testing.assert_allclose(answers.probabilities[0], (forward + backward) / 2, atol=1e-5)
    np.testing.assert_allclose(answers.mass, (orders[0].sum() + orders[1].sum()) / 2, rtol=1e-3)
    np.testing.assert_allclose(answers.gap, np.abs(forward - backward).sum() / 2, atol=1e-5)
    assert answers.scores[0] == answers.probabilities[0][0]


def test_what_stands_in_front_changes_the_answers(lm, asked):
    from harness.tasks.hofstede_vsm.targets import load_regions

    survey, region = load_survey(), load_regions()["JPN"]
    naive, persona = (Subject.baseline(lm, survey, method, region) for method in ("naive", "persona"))
    found = [transfer.ask(one, one.before(survey), asked).probabilities[0][0] for one in (naive, persona)]
    assert found[0] != pytest.approx(found[1], abs=1e-6)


def test_a_model_that_always_says_a_has_no_opinion(answering, asked):
    answers = transfer.ask(answering(lambda lines, letters: [0.6, 0.2]), "", asked)

    np.testing.assert_allclose(answers.probabilities, [[0.5, 0.5]] * 2)
    np.testing.assert_allclose(answers.gap, 0.5)
    np.testing.assert_allclose(answers.mass, 0.8)


def test_a_model_that_reads_the_options_keeps_its_opinion(answering, asked):
    def says_yes(lines, letters):
        assert [line[0] for line in lines] == letters
        return [0.72 if line.endswith("yes") else 0.08 for line in lines]

    answers = transfer.ask(answering(says_yes), "", asked)

    np.testing.assert_allclose(answers.probabilities, [[0.9, 0.1]] * 2)
    np.testing.assert_allclose(answers.gap, 0, atol=1e-12)
    assert answers.scores[0] == pytest.approx(1) and 0 < answers.scores[1] < 0.6


def test_answers_that_are_no_numbers_are_an_error(answering, asked):
    with pytest.raises(ModelError, match="log-probabilities of q1 are no numbers"):
        transfer.ask(answering(lambda lines, letters: [0.5, 0.0]), "", asked)


def test_only_what_the_region_answered_is_asked(asked):
    assert [one.id for one in asked.questions] == ["q1", "q2"] and asked.available == 2
    np.testing.assert_array_equal(asked.people, [JAPAN, BRITAIN])
    with pytest.raises(InputError, match="nobody of Chile answered a question"):
        transfer.choose(instrument(asked.questions), ["Chile"], 0, 0)


def test_a_limit_draws_by_seed_and_keeps_the_order():
    many = instrument([question(f"q{place:03}", {}) for place in range(50)], "preference")

    def drawn(seed):
        return [one.id for one in transfer.choose(many, (), 20, seed).questions]

    assert drawn(1) == drawn(1) == sorted(set(drawn(1))) and drawn(1) != drawn(2) and len(drawn(1)) == 20
    assert transfer.choose(many, (), 20, 0).available == 50
    assert len(transfer.choose(many, (), 80, 0).questions) == 50


def test_the_world_is_the_mean_of_other_countries(asked):
    found = transfer.world(asked)
    # Neither Japan nor another sample of it is among the others.
    np.testing.assert_allclose(found.probabilities, [[0.2, 0.8], [0.3, 0.7]])
    alone = transfer.choose(instrument([question("q", {"Japan": JAPAN})]), ["Japan"], 0, 0)
    assert transfer.world(alone) is None


@pytest.mark.parametrize(("metric", "first"), [("similarity", "Nippon"), ("distance", "Nippon")])
def test_the_nearest_country_comes_first(asked, metric, first):
    likes = transfer.choose(instrument(asked.questions, metric), ["Japan"], 0, 0)
    answers = transfer.Answers(tuple(likes.people), np.zeros(2), None, None)

    found = transfer.nearest(likes, answers, "Nippon")

    best = 1 if metric == "similarity" else 0
    assert [one.country for one in found] == [first, "Peru", "Britain"]
    assert (found[0].score, found[0].own, found[0].questions) == (best, True, 2)
    assert not found[1].own and found[1].questions == 1


def test_a_country_with_few_answers_is_not_among_the_nearest():
    rare = [question("q0", {"Japan": JAPAN, "Peru": JAPAN})]
    usual = [question(f"q{n}", {"Japan": JAPAN, "Britain": BRITAIN}) for n in range(1, 4)]
    asked = transfer.choose(instrument(rare + usual), ["Japan"], 0, 0)
    found = transfer.nearest(asked, transfer.uniform(asked), "Japan")
    assert sorted(one.country for one in found) == ["Britain", "Japan"]


def test_parts_by_hand():
    cells = [("pdi", "work"), ("pdi", "home"), ("idv", "work"), ("idv", "work")]
    asked = transfer.choose(
        instrument([question(f"q{n}", {}, group=g, dimension=d) for n, (d, g) in enumerate(cells)], "preference"),
        (),
        0,
        0,
    )
    none = (None, None)
    subject = transfer.Answers((), np.array([0.9, 0.7, 0.1, 0.3]), *none)
    naive = transfer.Answers((), np.array([0.5, 0.5, 0.5, 0.5]), *none)

    found = {(one.dimension, one.group): one for one in transfer.parts(asked, subject, naive, {"pdi": 54.0})}

    assert set(found) == {("pdi", None), ("idv", None), *cells}
    whole = found["pdi", None]
    assert (whole.questions, whole.score, whole.naive, whole.published) == (2, pytest.approx(0.8), 0.5, 54)
    assert whole.difference.mean == pytest.approx(0.3)
    assert found["idv", "work"].score == pytest.approx(0.2) and found["idv", "work"].published is None
    assert found["idv", None].published is None
    assert transfer.difference(subject, naive).mean == pytest.approx(0)
    assert transfer.difference(subject, None) is None


def test_an_answerer_counts_close_questions():
    asked = transfer.Asked("distance", (), (), (), 0, 0)
    answers = transfer.Answers((), np.array([0.1, 0.19, 0.2, 0.9]), None, None)
    row = transfer.answerer("uniform", asked, answers)
    assert (row.close, row.option_mass, row.order_gap) == (0.5, None, None)
