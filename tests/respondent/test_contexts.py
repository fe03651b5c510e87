"""What the respondent reads in training, and what it must never read."""

import numpy as np
import pytest

from harness.respondent.build import context_source
from harness.respondent.contexts import MOST_SHOTS, QUESTIONS
from harness.tasks.hofstede_vsm.survey import load_survey

SOURCE = context_source(0)
SURVEY = load_survey()


def sample(kind, count=40):
    rng = np.random.default_rng(3)
    return [getattr(SOURCE, kind)(rng) for _ in range(count)]


def plain(text):
    return " ".join(text.casefold().split())


def test_the_held_out_wordings_are_in_no_pool_and_no_context():
    held_out = {plain(item.wordings.heldout) for item in SURVEY.items}
    assert not held_out & {plain(wording) for wording in SOURCE.wordings.all()}
    texts = [plain(text) for kind in ("naive", "persona", "demonstrated") for c in sample(kind, 60) for text in c.texts]
    assert not [text for text in texts if any(wording in text for wording in held_out)]


@pytest.mark.parametrize("split", ["tuning", "validation", "demonstration"])
def test_the_other_wordings_are_seen(split):
    pools = SOURCE.wordings.own
    for item, pool in zip(SURVEY.items, pools, strict=True):
        wordings = getattr(item.wordings, split)
        assert set([wordings] if isinstance(wordings, str) else wordings) <= set(pool)


@pytest.mark.parametrize("kind", ["naive", "persona", "demonstrated"])
def test_contexts_are_questions_with_distributions(kind):
    for context in sample(kind):
        assert len(context.texts) == QUESTIONS == len(set(context.texts))
        assert context.probabilities.shape == (QUESTIONS, 5)
        np.testing.assert_allclose(context.probabilities.sum(axis=1), 1.0)


def test_naive_contexts_name_no_region_and_personas_do():
    names = [region.name for region in SOURCE.table.complete]
    instruction = SURVEY.instruction
    for context in sample("naive"):
        assert all(text.startswith(instruction) for text in context.texts)
    for context in sample("persona"):
        before = {text.split("\n")[0] for text in context.texts}
        assert len(before) == 1 and any(name in next(iter(before)) for name in names)


def test_demonstrations_are_shown_in_front():
    counts = [context.texts[0].split(SURVEY.instruction)[0].count(" Answer: ") for context in sample("demonstrated")]
    assert set(counts) <= set(range(1, MOST_SHOTS + 1)) and len(set(counts)) > 4


def test_batches_show_names_before_demonstrations_and_repeat_with_the_seed():
    def texts():
        batches = SOURCE.batches(10, 4, np.random.default_rng(1))
        return [[context.texts for context in batch] for batch in batches]

    first = texts()
    assert first == texts()
    shown = [any(" Answer: " in context[0] for context in batch) for batch in first]
    assert not any(shown[:3]) and any(shown[3:])
