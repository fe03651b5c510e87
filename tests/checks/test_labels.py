"""The check of labels: numbers are the scorer's, answers count by what options say, and nothing is imputed."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from harness.checks import labels
from harness.checks.labels import answer_log_probabilities, check_labels, scheme_row
from harness.checks.subject import Subject
from harness.errors import ModelError
from harness.models.scorer import Scorer
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, indices
from harness.tasks.hofstede_vsm.labels import SCHEMES, Question, questions
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.baselines import Baselines, score_prompt
from harness.tuning.exam import Questions

SURVEY, TABLE = load_survey(), load_regions()
JAPAN = TABLE["JPN"]


def subjects(lm):
    rng = np.random.default_rng(3)
    tuned = Subject.tuned(lm, "tuned", rng.normal(0, 0.05, (4, lm.width)).astype(np.float32))
    return [Subject.baseline(lm, SURVEY, "icl", JAPAN, shots=2), tuned]


def test_numbers_are_the_scorers(lm):
    for subject in subjects(lm):
        asked = questions(SURVEY, SCHEMES[0], subject.before(SURVEY))
        found = answer_log_probabilities(subject, asked, "1-5")
        scored = Scorer(lm, [one.text for one in asked], len(subject.prompt)).score(subject.prompt[None])[0]
        back = np.array([one.order == "reversed" for one in asked])[:, None]
        np.testing.assert_allclose(found, np.where(back, scored[:, ::-1], scored), atol=1e-4)


def test_the_first_row_is_what_methods_are_scored_on(lm, monkeypatch):
    monkeypatch.setattr(labels, "SCHEMES", SCHEMES[:1])
    icl, tuned = subjects(lm)
    wanted = Baselines(Questions(SURVEY), TABLE, shots=2).score(lm, "icl", [JAPAN]) + score_prompt(
        lm, Questions(SURVEY), [JAPAN], tuned.prompt
    )
    for subject, result in zip((icl, tuned), wanted, strict=True):
        (row,) = check_labels(subject, SURVEY, JAPAN).rows
        assert row.indices == pytest.approx(result.indices, abs=0.01)
        assert row.order_gap == pytest.approx(result.order_gap, abs=0.02)
        assert row.mae == pytest.approx(result.mae, abs=0.01)
        assert row.option_mass == pytest.approx(result.option_mass, abs=1e-4)
        assert (row.difference, row.agreement) == (0.0, 1.0)


def test_a_model_that_reads_the_options_answers_alike_under_all_labels(lm, monkeypatch):
    def reads(_lm, turns, texts, _soft):
        """Finds each spelling among the listed options and likes it by what it says and how it is spelt."""
        found = []
        for turn, spellings in zip(turns, texts, strict=True):
            _, line, question = turn.split("\n")
            said = {label: option for label, _, option in (pair.partition(" = ") for pair in line.split("; "))}
            meant = [said.get(spelling) or spelling.casefold() for spelling in spellings]
            share = len(spellings) / 5
            found.append(np.array([-1.0 - (hash_of(option + question) % 7) - np.log(share) for option in meant]))
        return found

    def hash_of(text):
        return sum(text.encode())

    monkeypatch.setattr(labels, "continuation_log_probabilities", reads)
    check = check_labels(Subject.baseline(lm, SURVEY, "naive", None), SURVEY, None)
    assert [row.scheme for row in check.rows] == ["1-5", "5-1", "A-E", "E-A", "verbal"]
    first = check.rows[0]
    assert len(set(first.indices.values())) == 6
    for row in check.rows:
        assert row.indices == pytest.approx(first.indices)
        assert row.mean_order_gap == pytest.approx(0, abs=1e-9)
        assert row.difference == pytest.approx(0, abs=1e-9)
        assert row.agreement == 1.0
        assert row.option_mass == pytest.approx(first.option_mass)


def test_spellings_of_an_answer_are_added(lm, monkeypatch):
    nats = np.log([0.1, 0.2, 0.3, 0.05, 0.05, 0.1])
    monkeypatch.setattr(labels, "continuation_log_probabilities", lambda *_: [nats])
    asked = [Question(1, "forward", "?", (("a", "A"), ("b",), ("c",), ("d",), ("e",)))]
    found = answer_log_probabilities(Subject.baseline(lm, SURVEY, "naive", None), asked, "verbal")
    np.testing.assert_allclose(np.exp(found), [[0.3, 0.3, 0.05, 0.05, 0.1]])


def test_a_row_by_hand():
    # 3 for sure, but for item 7 (PDI +35): 5 in forward, 1 in reversed order, and half the time something else.
    logs = np.full((48, 5), -60.0)
    logs[:, 2] = 0.0
    plain = logs.copy()
    logs[[6, 30], 2] = -60.0
    logs[6, 4] = logs[30, 0] = np.log(0.5)
    row = scheme_row("x", logs, plain, JAPAN)
    assert row.indices == pytest.approx(dict.fromkeys(DIMENSIONS, 50.0))
    assert row.order_gap == pytest.approx({**dict.fromkeys(DIMENSIONS, 0.0), "pdi": 35 * 4.0})
    assert row.mean_order_gap == pytest.approx(140 / 6)
    assert row.mae == pytest.approx(np.abs(np.array(JAPAN.scores) - 50).mean())
    assert row.option_mass == pytest.approx(47 / 48)
    assert row.lowest_mass == pytest.approx(0.5)
    assert row.difference == pytest.approx(0)
    assert row.agreement == pytest.approx(46 / 48)
    logs[30] = logs[6]
    row = scheme_row("x", logs, plain, None)
    assert row.indices["pdi"] == pytest.approx(50 + 70)
    assert row.difference == pytest.approx(70 / 6)
    assert row.mae is None
    means = np.full(24, 3.0)
    means[6] = 5
    assert list(row.indices.values()) == pytest.approx(list(indices(means)))


def test_a_broken_model_gives_no_number(lm):
    broken = copy.deepcopy(lm.model)
    broken.get_input_embeddings().weight.data[:] = np.nan
    subject = Subject.baseline(replace(lm, model=broken), SURVEY, "naive", None)
    with pytest.raises(ModelError, match=r"scheme 1-5, item 1: the log-probability of '1' is nan, expected a finite"):
        check_labels(subject, SURVEY, None)


def test_what_cannot_be_asked_is_named(lm, monkeypatch):
    monkeypatch.setattr(labels, "SCHEMES", (SCHEMES[0], SCHEMES[2]))
    survey = SURVEY.model_copy(update={"instruction_letters": None})
    told = []
    check = check_labels(Subject.baseline(lm, survey, "naive", None), survey, TABLE["ALB"], told.append)
    assert check.missing == {"A-E": "the survey has no instruction_letters"}
    assert [row.scheme for row in check.rows] == told == ["1-5"]
    assert set(check.targets) == {"lto", "ivr"}
