"""The task persona_following: balanced, so that a model that does not read the name gets 0.5 and 0."""

import math
from collections import Counter

import numpy as np
import pytest

from harness.errors import ModelError
from harness.tasks.hofstede_vsm.lm_eval_persona import custom_dataset, documents, process_results
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

DOCS = documents()


def answered(doc, answer):
    """The five log-likelihoods of somebody who is sure of an answer on the item's own scale."""
    listed = 6 - answer if doc["order"] == "reversed" else answer
    return process_results(doc, [(0.0 if option == listed else -200.0, False) for option in range(1, 6)])


def test_every_item_is_asked_for_both_sides_in_both_orders():
    wanted = {(item, side, order): 1 for item in range(1, 25) for side in (-1, 1) for order in ("forward", "reversed")}
    assert Counter((doc["item"], doc["side"], doc["order"]) for doc in DOCS) == wanted
    for item in range(1, 25):
        regions = [doc["region"] for doc in DOCS if doc["item"] == item]
        assert len(set(regions)) == 4, "nobody stands on both sides"


def test_the_text_names_the_region_and_asks_the_heldout_wording():
    table, survey = load_regions(), load_survey()
    for doc in DOCS:
        assert table[doc["region"]].name in doc["text"].splitlines()[0]
        assert doc["text"].endswith(survey.items[doc["item"] - 1].wordings.heldout)


@pytest.mark.parametrize("item", [2, 8, 20])
def test_a_side_is_where_the_published_scores_lie(item):
    # Items 2, 8 and 20 raise or lower pdi, mas and pdi: the manual's formulas, by hand.
    dimension, sign = {2: ("pdi", -1), 8: ("mas", 1), 20: ("pdi", 1)}[item]
    column = ["pdi", "idv", "mas"].index(dimension)
    table = load_regions()
    found = {side: {doc["region"] for doc in DOCS if (doc["item"], doc["side"]) == (item, side)} for side in (-1, 1)}
    ordered = sorted(region.scores[column] for region in table.complete)
    scores = {side: sorted(table[code].scores[column] for code in codes) for side, codes in found.items()}
    assert scores[sign] == ordered[-2:] and scores[-sign] == ordered[:2]


@pytest.mark.parametrize("answer", [1, 2, 4, 5])
def test_whoever_does_not_read_the_name_gets_a_half_and_nothing(answer):
    scored = [answered(doc, answer) for doc in DOCS]
    assert np.mean([one["acc"] for one in scored]) == 0.5
    assert np.mean([one["lean"] for one in scored]) == pytest.approx(0.0, abs=1e-12)


def test_whoever_follows_gets_all():
    scored = [answered(doc, 3 + 2 * doc["side"]) for doc in DOCS]
    assert {one["acc"] for one in scored} == {1.0}
    assert [one["lean"] for one in scored] == pytest.approx([2.0] * 96)
    assert answered(DOCS[0], 3) == {"acc": 0.0, "lean": 0.0}


def test_an_answer_that_is_not_finite_is_no_value():
    with pytest.raises(ModelError, match="answer to item 1 for "):
        process_results(DOCS[0], [(math.nan, False)] * 5)


def test_lm_eval_gets_the_same_documents():
    assert custom_dataset(version=1.0)["test"].to_list() == DOCS
