"""Do the answers follow what options say, or how they are labelled? The survey under other labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from harness.checks.header import header
from harness.checks.subject import Subject
from harness.errors import ModelError
from harness.models.continuations import continuation_log_probabilities
from harness.records.labels import LabelsCheck, SchemeRow
from harness.tasks.hofstede_vsm.answers import expected_answers, option_mass
from harness.tasks.hofstede_vsm.indices import ITEMS, Array, errors, indices
from harness.tasks.hofstede_vsm.labels import SCHEMES, Question, missing, questions
from harness.tasks.hofstede_vsm.regions import Region, scores
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.exam import by_dimension

THRESHOLD: Final = 0.5
"""Below this option mass a model says something else more often than one of the five answers."""


def check_labels(
    subject: Subject, survey: Survey, region: Region | None, tell: Callable[[str], None] = lambda _: None
) -> LabelsCheck:
    """Asks the held-out wordings under every scheme of labels.

    Args:
        subject: who is asked.
        survey: the questionnaire; a scheme that it has no instruction for is left out and named.
        region: whose scores the indices are compared with; None for no comparison.
        tell: called with each scheme's name before it is asked.

    Raises:
        ModelError: an answer is not finite, or the model cannot be asked so.
    """
    reasons = {scheme.name: missing(survey, scheme) for scheme in SCHEMES}
    before = subject.before(survey)
    rows: list[SchemeRow] = []
    first: Array | None = None
    for scheme in SCHEMES:
        if reasons[scheme.name]:
            continue
        tell(scheme.name)
        logs = answer_log_probabilities(subject, questions(survey, scheme, before), scheme.name)
        first = logs if first is None else first
        rows.append(scheme_row(scheme.name, logs, first, region))
    return LabelsCheck(
        **header(subject, survey, region),
        rows=tuple(rows),
        missing={name: reason for name, reason in reasons.items() if reason},
        threshold=THRESHOLD,
    )


def answer_log_probabilities(subject: Subject, asked: Sequence[Question], scheme: str) -> Array:
    """How likely each question's five answers are, in whichever spelling.

    Returns:
        (N, 5) nats, answer 1 of the item's own scale first.

    Raises:
        ModelError: one is not finite; nothing is imputed.
    """
    texts = [[spelling for answer in one.answers for spelling in answer] for one in asked]
    found = continuation_log_probabilities(subject.lm, [one.text for one in asked], texts, subject.prompt)
    logs = np.array([_joined(one, nats) for one, nats in zip(asked, found, strict=True)])
    bad = np.argwhere(~np.isfinite(logs))
    if len(bad):
        place, answer = bad[0]
        raise ModelError(
            f"model '{subject.lm.spec.name}', scheme {scheme}, item {asked[place].item}: the log-probability of "
            f"{asked[place].answers[answer][0]!r} is {logs[place, answer]}, expected a finite number; check the "
            "weights, or load it with --dtype float32"
        )
    return logs


def _joined(asked: Question, nats: Array) -> Array:
    """(5,) nats of the answers from those of their spellings, which exclude one another."""
    ends = np.cumsum([len(answer) for answer in asked.answers])[:-1]
    # What is not a number is told by the caller.
    with np.errstate(invalid="ignore"):
        return np.array([np.logaddexp.reduce(part) for part in np.split(nats, ends)])


def scheme_row(name: str, logs: Array, first: Array, region: Region | None) -> SchemeRow:
    """What (48, 5) nats on the items' own scales say, beside those of the first scheme.

    Args:
        name: of the scheme.
        logs: 24 items in forward option order, then the same in reversed order.
        first: the same of the scheme that others are compared with.
        region: whose scores the indices are compared with.
    """
    forward, reversed_ = _halves(logs)
    values = indices((forward + reversed_) / 2)
    gap = indices(forward) - indices(reversed_)
    mass = np.exp(logs).sum(axis=-1)
    return SchemeRow(
        scheme=name,
        indices=by_dimension(values),
        mae=None if region is None else float(errors(values, scores([region]))[0, 0]),
        order_gap=by_dimension(gap),
        mean_order_gap=float(np.abs(gap).mean()),
        option_mass=float(option_mass(logs)),
        lowest_mass=float(mass.min()),
        difference=float(np.abs(values - indices(np.mean(_halves(first), axis=0))).mean()),
        agreement=float((logs.argmax(axis=-1) == first.argmax(axis=-1)).mean()),
    )


def _halves(logs: Array) -> Array:
    """(2, 24) expected answers in forward and in reversed option order; 1 stands first whatever was listed first."""
    return expected_answers(logs, np.zeros(len(logs), dtype=bool)).reshape(2, ITEMS)
