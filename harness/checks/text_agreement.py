"""Does a model write what its first token says? Generated answers against the probabilities that are scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from scipy.stats import binomtest

from harness.checks.header import header
from harness.checks.subject import Subject
from harness.errors import ModelError
from harness.models.generation import Said, generate
from harness.models.scorer import Scorer
from harness.records.text_agreement import Agreement, Reader, TextAgreement, TextAnswer
from harness.tasks.hofstede_vsm.answers import expected_answers, option_mass
from harness.tasks.hofstede_vsm.indices import ITEMS, Array, errors, indices
from harness.tasks.hofstede_vsm.prompts import Prompt, reversed_order, survey_prompts
from harness.tasks.hofstede_vsm.regions import Region, scores
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tasks.hofstede_vsm.text_answers import read_answer
from harness.tuning.exam import by_dimension

MOST_TOKENS: Final = 24


def check_text_agreement(
    subject: Subject,
    survey: Survey,
    region: Region | None,
    most: int = MOST_TOKENS,
    tell: Callable[[str], None] = lambda _: None,
) -> TextAgreement:
    """Answers the held-out wordings by first token and in writing.

    Args:
        subject: who is asked.
        survey: the questionnaire.
        region: whose scores the indices are compared with; None for no comparison.
        most: tokens of a written answer at most.
        tell: called with what is done next.

    Raises:
        ModelError: a log-probability is not finite, or the model cannot be asked so.
    """
    lm = subject.lm
    prompts = survey_prompts(survey, "heldout", subject.persona, subject.demonstrations)
    turns = [prompt.text for prompt in prompts]
    tell("first tokens")
    logs = Scorer(lm, turns, len(subject.prompt)).score(subject.prompt[None])[0]
    if not np.isfinite(logs).all():
        raise ModelError(
            f"model '{lm.spec.name}': option log-probabilities are not finite numbers; check its weights, or load it "
            "with --dtype float32"
        )
    tell("texts")
    answers = compare(survey, prompts, generate(lm, turns, most, subject.prompt), logs)
    kinds = [one.kind for one in answers]
    return TextAgreement(
        **header(subject, survey, region),
        max_new_tokens=most,
        prompts=len(answers),
        parsed=kinds.count("parsed"),
        refused=kinds.count("refused"),
        unparsed=kinds.count("unparsed"),
        cut=sum(not one.ended for one in answers),
        option_mass=float(option_mass(logs)),
        agreement=agreement(answers),
        text=reader([one.answer for one in answers], region),
        first_token=reader([one.first_token for one in answers], region),
        expected=reader([one.expected for one in answers], region),
        answers=tuple(answers),
    )


def compare(survey: Survey, prompts: Sequence[Prompt], said: Sequence[Said], logs: Array) -> list[TextAnswer]:
    """Reads each text and puts its first token beside it, both on the item's own scale.

    Args:
        survey: the questionnaire.
        prompts: N prompts.
        said: N texts.
        logs: (N, 5) nats of the options as listed, all finite.
    """
    expected = expected_answers(logs, reversed_order(prompts))
    rows = []
    for prompt, one, row, mean in zip(prompts, said, logs, expected, strict=True):
        labels, back = survey.labels(survey.items[prompt.item - 1]), prompt.order == "reversed"
        reading = read_answer(one.text, labels[::-1] if back else labels)
        rows.append(
            TextAnswer(
                item=prompt.item,
                order=prompt.order,
                text=one.text,
                ended=one.ended,
                kind=reading.kind,
                answer=None if reading.option is None else _own_scale(reading.option, back),
                first_token=_own_scale(int(row.argmax()) + 1, back),
                expected=float(mean),
            )
        )
    return rows


def _own_scale(option: int, back: bool) -> int:
    return 6 - option if back else option


def agreement(answers: Sequence[TextAnswer]) -> Agreement:
    """Compares the parsed texts with the first token; the others have no part in it."""
    parsed = [(one.answer, one.first_token, one.expected) for one in answers if one.answer is not None]
    if not parsed:
        return Agreement(
            same=0, rate=None, low=None, high=None, kappa=None, mean_difference=None, mean_difference_expected=None
        )
    text, first, expected = np.array(parsed, dtype=np.float64).T
    same = int((text == first).sum())
    interval = binomtest(same, len(parsed)).proportion_ci(method="wilson")
    return Agreement(
        same=same,
        rate=same / len(parsed),
        low=float(interval.low),
        high=float(interval.high),
        kappa=kappa(text, first),
        mean_difference=float(np.abs(text - first).mean()),
        mean_difference_expected=float(np.abs(text - expected).mean()),
    )


def kappa(one: Array, other: Array) -> float | None:
    """Cohen's kappa of two raters' (N,) answers; None where chance alone would make them agree throughout.

    Source: Cohen, A coefficient of agreement for nominal scales, 1960, equation 1.
    """
    observed = float((one == other).mean())
    by_chance = sum(float((one == answer).mean() * (other == answer).mean()) for answer in np.unique(one))
    return None if by_chance == 1.0 else (observed - by_chance) / (1.0 - by_chance)


def reader(answers: Sequence[float | None], region: Region | None) -> Reader:
    """Indices from 48 answers on the items' own scales, 24 in either option order; none where one is missing."""
    if any(answer is None for answer in answers):
        return Reader(indices=None, mae=None)
    values = indices(np.array(answers, dtype=np.float64).reshape(2, ITEMS).mean(axis=0))
    mae = None if region is None else float(errors(values, scores([region]))[0, 0])
    return Reader(indices=by_dimension(values), mae=mae)
