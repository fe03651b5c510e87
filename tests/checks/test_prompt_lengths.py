"""The longest prompts, against every prompt that a run asks."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks.prompt_lengths import check_lengths, longest_prompts
from harness.models.chat import tokenise
from harness.models.language_model import LanguageModel
from harness.records.readiness import Longest
from harness.tasks.hofstede_vsm.demonstrations import demonstrations
from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.exam import Questions


def test_they_are_the_longest_of_all_regions(lm: LanguageModel) -> None:
    survey, regions = load_survey(), load_regions().complete[::4]
    found = {one.asked: one for one in longest_prompts(lm, Questions(survey, survey), regions, 7, 6)}
    for method, shots in (("persona", 0), ("icl", 6)):
        for split in ("tuning", "heldout"):
            lengths = {}
            for region in regions:
                shown = demonstrations(survey, region, shots)
                texts = [one.text for one in survey_prompts(survey, split, region.name, shown)]  # type: ignore[arg-type]
                lengths[region.code] = max(map(len, tokenise(lm, texts)))
            (said,) = (one for name, one in found.items() if name.startswith(method) and name.endswith(split))
            assert (said.tokens, said.virtual) == (max(lengths.values()), 0)
            assert lengths[said.asked.split()[2].rstrip(",")] == said.tokens
    assert {name for name, one in found.items() if one.virtual == 7} == {
        f"soft prompt, {split}" for split in ("tuning", "validation", "heldout", "instrument")
    }
    assert found["naive, instrument"].tokens == found["naive, heldout"].tokens


class Sized:
    """A model of which only the limits are asked."""

    def __init__(self, lm: LanguageModel, context: int | None, window: int | None) -> None:
        self.spec, self.context_length, self.attention_window = lm.spec, context, window


@pytest.mark.parametrize(
    ("context", "window", "wanted"),
    [
        (31, None, []),
        (30, None, ["reads 30"]),
        (None, None, []),
        (31, 24, ["attends to 24"]),
        (9, 9, ["reads 9", "attends"]),
    ],
)
def test_limits_hold_the_answer_too(lm: LanguageModel, context: Any, window: Any, wanted: list[str]) -> None:
    prompts = [
        Longest(asked="soft prompt, tuning", tokens=20, virtual=10),
        Longest(asked="naive, tuning", tokens=20, virtual=0),
    ]
    found = check_lengths(Sized(lm, context, window), prompts)  # type: ignore[arg-type]
    for text, start in zip(found.problems, wanted, strict=True):
        assert start in text and "31 (soft prompt, tuning, 10 virtual)" in text and "--shots" not in text


def test_a_region_with_many_demonstrations_is_named(lm: LanguageModel) -> None:
    prompts = [Longest(asked="icl of USA, tuning", tokens=2048, virtual=0)]
    (problem,) = check_lengths(lm, prompts).problems
    assert problem == (
        f"model '{lm.spec.name}' reads 2048 tokens at once, the longest prompts with the answer have 2049 (icl of USA, "
        "tuning): give fewer --shots, or a model with a longer context"
    )
