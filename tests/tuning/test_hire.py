"""Workers that begin in another process: what each is given, and which of them answer alike."""

import os
import pickle
from dataclasses import replace

import pytest

from harness.errors import ModelError, UsageError
from harness.models.language_model import ModelSpec
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tuning.exam import Questions
from harness.tuning.hire import Hire, described, differences, gpus_of
from harness.tuning.worker import Worker

QUESTIONS = Questions(load_survey())


@pytest.mark.parametrize(
    ("model", "most", "given", "expected"),
    [
        ({}, 0, None, 0),
        ({}, 8, None, 1),
        ({"device": "cuda"}, 8, None, 1),
        # It will find no node that has one, which is said where nodes are known.
        ({"device": "cuda"}, 0, None, 1),
        ({"device": "cpu"}, 8, None, 0),
        ({"device_map": "auto"}, 8, None, 8),
        ({"device_map": "auto"}, 0, None, 0),
        ({"device_map": "cpu"}, 8, None, 0),
        ({"device_map": "balanced"}, 8, 4.0, 4),
        ({}, 8, 0.25, 0.25),
        ({}, 8, 0.0, 0),
        ({"device": "cpu"}, 8, 0.0, 0),
    ],
    ids=str,
)
def test_a_worker_is_given_the_cards_that_its_model_needs(model, most, given, expected):
    assert gpus_of(ModelSpec(**model), most, given) == expected


@pytest.mark.parametrize(
    ("model", "given", "reason"),
    [
        ({"device": "cuda:1"}, None, "--device cuda:1 with --executor ray: a worker has what the cluster gives it"),
        ({"device": "mps"}, None, "--device mps with --executor ray"),
        ({"device": "cpu"}, 1.0, "--gpus-per-worker 1 with a model on the CPU"),
    ],
)
def test_a_device_that_no_worker_can_be_given_is_refused(model, given, reason):
    with pytest.raises(UsageError, match=reason):
        gpus_of(ModelSpec(**model), 4, given)


def test_a_worker_loads_the_model_where_it_is_made_under_the_name_of_the_run(tmp_path, lm, monkeypatch):
    folder = tmp_path / "mine"
    lm.model.save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    monkeypatch.chdir(tmp_path)
    hire = pickle.loads(pickle.dumps(Hire.of(ModelSpec(name="mine"), QUESTIONS, 1)))
    monkeypatch.chdir(os.sep)
    facts = hire().facts()
    assert facts.identity.name == facts.base.name == "mine"
    assert facts.identity.parameters == lm.parameters
    assert described(facts)["threads"] == 1


@pytest.mark.parametrize("name", ["respondent", "random:llama-34m", "some/model", "\0"])
def test_what_is_no_folder_keeps_its_name(tmp_path, monkeypatch, name):
    (tmp_path / "respondent").mkdir()
    (tmp_path / "random:llama-34m").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Hire.of(ModelSpec(name=name), QUESTIONS, 1).where == name


def test_a_folder_that_is_not_there_is_told_as_anywhere(tmp_path):
    with pytest.raises(ModelError, match="is not a folder"):
        Hire.of(ModelSpec(name=str(tmp_path / "none")), QUESTIONS, 1)()


def test_workers_with_other_weights_types_or_versions_do_not_answer_alike(lm):
    facts = Worker(lm, QUESTIONS).facts()
    assert differences(facts, facts) == []
    identity = facts.identity.model_copy(update={"digest": "sha256:other", "dtype": "bfloat16"})
    provenance = facts.provenance.model_copy(update={"versions": facts.provenance.versions | {"torch": "1.0"}})
    found = differences(facts, replace(facts, identity=identity, provenance=provenance))
    assert len(found) == 3
    assert "the model's dtype is float32 there, bfloat16 here" in found
    assert any(one.startswith("torch is ") and one.endswith(" there, 1.0 here") for one in found)
    # Another machine may answer: last digits differ, which the record says.
    elsewhere = facts.provenance.model_copy(update={"machine": {"processor": "another"}, "threads": 64})
    assert differences(facts, replace(facts, provenance=elsewhere)) == []
