"""How long the prompts of a run are, of every kind that it asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks.steps import Found
from harness.models.chat import tokenise
from harness.models.language_model import LanguageModel
from harness.records.readiness import Longest
from harness.tasks.hofstede_vsm.demonstrations import demonstrations
from harness.tasks.hofstede_vsm.prompts import SPLITS, Split, preamble, survey_prompts
from harness.tasks.hofstede_vsm.regions import Region
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.exam import SCORED, Questions


def longest_prompts(
    lm: LanguageModel, questions: Questions, regions: Sequence[Region], tokens: int, shots: int
) -> Iterator[Longest]:
    """The longest prompt behind soft prompts and of each baseline, by split.

    Args:
        lm: the model; its weights are not needed.
        questions: what is asked.
        regions: of the run; without one, what names a region is left out.
        tokens: V of the soft prompts.
        shots: demonstrations of icl.
    """
    wordings = questions.asking.wordings
    bare: dict[str, int] = {}
    asked: list[tuple[str, Survey, Split]] = [(split, questions.survey, split) for split in SPLITS]
    if questions.instrument is not None:
        asked.append(("instrument", questions.instrument, "heldout"))
    for label, survey, split in asked:
        bare[label] = _most(lm, [prompt.text for prompt in survey_prompts(survey, split, wordings=wordings)])
        yield Longest(asked=f"soft prompt, {label}", tokens=bare[label], virtual=tokens)
    scored = [one for one in asked if one[0] in SCORED or one[0] == "instrument"]
    for label, _, _ in scored:
        yield Longest(asked=f"naive, {label}", tokens=bare[label], virtual=0)
    for method, shown in (("persona", 0), ("icl", shots)):
        if regions:
            region = _wordiest(lm, questions.survey, regions, shown)
            solved = demonstrations(questions.survey, region, shown)
            for label, survey, split in scored:
                texts = [one.text for one in survey_prompts(survey, split, region.name, solved, wordings)]
                yield Longest(asked=f"{method} of {region.code}, {label}", tokens=_most(lm, texts), virtual=0)


def check_lengths(lm: LanguageModel, prompts: Sequence[Longest]) -> Found[Sequence[Longest]]:
    """Whether the prompts fit the model's context, and the window of its attention."""
    problems = []
    for limit, what in ((lm.context_length, "reads"), (lm.attention_window, "attends to")):
        over = sorted((one for one in prompts if limit and one.needed > limit), key=lambda one: -one.needed)
        if over:
            shown = ", ".join(f"{one.needed} ({_named(one)})" for one in over)
            few = "fewer --tokens, " if any(one.virtual for one in over) else ""
            shots = "fewer --shots, " if any(one.asked.startswith("icl") for one in over) else ""
            problems.append(
                f"model '{lm.spec.name}' {what} {limit} tokens at once, the longest prompts with the answer have "
                f"{shown}: give {few}{shots}or a model with a longer context"
            )
    longest = max(prompts, key=lambda one: one.needed)
    limit = lm.context_length
    there = f"of {limit} tokens" if limit else "tokens, and the model names no limit"
    text = f"longest prompt {longest.needed} {there} ({_named(longest)}); {len(prompts)} kinds"
    return Found(prompts, text, problems=problems)


def _named(one: Longest) -> str:
    return f"{one.asked}, {one.virtual} virtual" if one.virtual else one.asked


def _most(lm: LanguageModel, texts: Sequence[str]) -> int:
    return max(map(len, tokenise(lm, texts)))


def _wordiest(lm: LanguageModel, survey: Survey, regions: Sequence[Region], shots: int) -> Region:
    """The region whose name and demonstrations take the most tokens before one and the same question."""
    question = survey.items[0].wordings.heldout
    texts = [preamble(survey, one.name, demonstrations(survey, one, shots)) + question for one in regions]
    lengths = [len(tokens) for tokens in tokenise(lm, texts)]
    return regions[lengths.index(max(lengths))]
