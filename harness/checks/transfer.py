"""Does what was tuned on the survey carry over? A subject asked the questions of another instrument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.checks.subject import Subject
from harness.errors import InputError, ModelError
from harness.models.continuations import continuation_log_probabilities
from harness.records.transfer import Answer, Answerer, Estimate, Near, Part
from harness.report.statistics import interval
from harness.tasks.opinions.metrics import CLOSE, score
from harness.tasks.opinions.question import Floats, Instrument, Metric, Order, Question, answered_by, letters, turn

ORDERS: tuple[Order, Order] = ("forward", "reversed")
NEAREST_COVER = 0.5
"""Share of the questions that a country must have answered to stand among the nearest."""


@dataclass(frozen=True)
class Asked:
    """The questions of a check, each with the people it is held against.

    Attributes:
        people: (k,) shares per question, None for instruments without people.
        labels: of the region, in the instrument.
        available: how many there were to choose from.
        seed: of the draw.
    """

    metric: Metric
    questions: tuple[Question, ...]
    people: tuple[Floats | None, ...]
    labels: tuple[str, ...]
    available: int
    seed: int


@dataclass(frozen=True)
class Answers:
    """What one subject answered.

    Attributes:
        probabilities: (k,) per question, in the order of the file; mean of both option orders, summing to 1.
        scores: (N,) the instrument's metric.
        mass: (N,) probability on the letters, mean of both orders.
        gap: (N,) total variation between the orders, 0 to 1.
    """

    probabilities: tuple[Floats, ...]
    scores: Floats
    mass: Floats | None
    gap: Floats | None


def choose(instrument: Instrument, labels: Sequence[str], limit: int, seed: int) -> Asked:
    """The questions that are asked.

    Args:
        instrument: where they come from.
        labels: of the region; without effect where the metric needs no people.
        limit: how many at most, drawn without replacement; 0 for all.
        seed: of the draw.

    Raises:
        InputError: people of the region answered none of the questions.
    """
    questions: list[Question] = list(instrument.questions)
    people: list[Floats | None] = [None] * len(questions)
    if instrument.metric != "preference":
        pairs = answered_by(questions, labels)
        if not pairs:
            raise InputError(f"{instrument.name}: nobody of {', '.join(labels)} answered a question of the file")
        questions, people = [question for question, _ in pairs], [shares for _, shares in pairs]
    places: NDArray[np.int64] = np.arange(len(questions))
    if 0 < limit < len(questions):
        places = np.sort(np.random.default_rng(seed).choice(len(questions), size=limit, replace=False))
    return Asked(
        instrument.metric,
        tuple(questions[place] for place in places),
        tuple(people[place] for place in places),
        tuple(labels),
        len(questions),
        seed,
    )


def ask(subject: Subject, before: str, asked: Asked) -> Answers:
    """Asks every question in both option orders.

    Args:
        subject: who answers.
        before: what stands in front of every question.
        asked: the questions.

    Raises:
        ModelError: the model gives no number for a letter, or cannot read a question.
    """
    turns = [turn(question, order, before) for order in ORDERS for question in asked.questions]
    texts = [letters(question) for question in asked.questions] * len(ORDERS)
    logs = continuation_log_probabilities(subject.lm, turns, texts, subject.prompt)
    found, masses, gaps = [], [], []
    forward, backward = logs[: len(asked.questions)], logs[len(asked.questions) :]
    for question, one, other in zip(asked.questions, forward, backward, strict=True):
        if not (np.isfinite(one).all() and np.isfinite(other).all()):
            raise ModelError(
                f"model '{subject.lm.spec.name}': the log-probabilities of {question.id} are no numbers; give another "
                "--dtype or another prompt"
            )
        first, second = _normalised(one), _normalised(other)[::-1]
        found.append((first + second) / 2)
        masses.append((np.exp(one).sum() + np.exp(other).sum()) / 2)
        gaps.append(np.abs(first - second).sum() / 2)
    return Answers(tuple(found), _scores(asked, found), np.array(masses), np.array(gaps))


def uniform(asked: Asked) -> Answers:
    """All options alike: what a model without any opinion answers."""
    found = [np.full(len(question.options), 1 / len(question.options)) for question in asked.questions]
    return Answers(tuple(found), _scores(asked, found), None, None)


def world(asked: Asked) -> Answers | None:
    """The mean of the people of all other countries; None where a question has none.

    Samples of the same country under another label, which begin with the country's own, are not among the others.
    """
    found = []
    for question in asked.questions:
        others = [shares for label, shares in question.human.items() if not _own(label, asked.labels)]
        if not others:
            return None
        found.append(np.mean(others, axis=0))
    return Answers(tuple(found), _scores(asked, found), None, None)


def answerer(who: str, asked: Asked, answers: Answers) -> Answerer:
    """A row of the result."""
    return Answerer(
        who=who,
        score=_estimate(answers.scores),
        close=float(np.mean(answers.scores < CLOSE)) if asked.metric == "distance" else None,
        option_mass=None if answers.mass is None else float(answers.mass.mean()),
        order_gap=None if answers.gap is None else float(answers.gap.mean()),
    )


def difference(subject: Answers, naive: Answers | None) -> Estimate | None:
    """Subject minus naive, paired by question."""
    return None if naive is None else _estimate(subject.scores - naive.scores)


def parts(asked: Asked, subject: Answers, naive: Answers | None, published: dict[str, float]) -> list[Part]:
    """The scores per dimension and per group inside it; per group where there are no dimensions.

    Args:
        asked: the questions.
        subject: who is checked.
        naive: the naive model, None where that is the subject.
        published: the region's scores by dimension, in index points; what is missing is missing.
    """
    keys: list[tuple[str | None, str | None]] = [(q.dimension, None) for q in asked.questions if q.dimension]
    keys += [(q.dimension, q.group) for q in asked.questions]
    found = []
    for dimension, group in sorted(set(keys), key=lambda key: (key[1] is not None, key[0] or "", key[1] or "")):
        inside = np.array([q.dimension == dimension and group in (None, q.group) for q in asked.questions])
        whole = dimension is None or group is None
        found.append(
            Part(
                dimension=dimension,
                group=group,
                questions=int(inside.sum()),
                score=float(subject.scores[inside].mean()),
                naive=None if naive is None else float(naive.scores[inside].mean()),
                difference=_estimate((subject.scores - naive.scores)[inside]) if naive is not None and whole else None,
                published=published.get(dimension or "") if group is None else None,
            )
        )
    return found


def nearest(asked: Asked, subject: Answers, region: str) -> list[Near]:
    """Countries by the subject's mean score against their people, the nearest first.

    Each over those questions of the check that its people answered, at least half of them.
    """
    scores: dict[str, list[float]] = {}
    for question, probabilities in zip(asked.questions, subject.probabilities, strict=True):
        mine = next((label for label in asked.labels if label in question.human), None)
        for label, shares in question.human.items():
            if label == mine or not _own(label, asked.labels):
                value = score(asked.metric, probabilities, shares)
                scores.setdefault(region if label == mine else label, []).append(value)
    enough = NEAREST_COVER * len(asked.questions)
    found = [
        Near(country=country, score=float(np.mean(values)), questions=len(values), own=country == region)
        for country, values in scores.items()
        if len(values) >= enough
    ]
    sign = 1 if asked.metric == "distance" else -1
    return sorted(found, key=lambda near: (sign * near.score, near.country))


def answer_rows(asked: Asked, subject: Answers, naive: Answers | None) -> list[Answer]:
    """Every question's answer, in the order of the file."""
    others = [None] * len(asked.questions) if naive is None else naive.scores.tolist()
    rows = zip(asked.questions, subject.probabilities, subject.scores.tolist(), others, strict=True)
    return [Answer(question=q.id, probabilities=tuple(p.tolist()), score=s, naive=n) for q, p, s, n in rows]


def _scores(asked: Asked, found: Sequence[Floats]) -> Floats:
    return np.array([score(asked.metric, one, them) for one, them in zip(found, asked.people, strict=True)])


def _normalised(logs: Floats) -> Floats:
    weights = np.exp(logs - logs.max())
    probabilities: Floats = weights / weights.sum()
    return probabilities


def _own(label: str, labels: Sequence[str]) -> bool:
    return any(label == own or label.startswith(f"{own.partition(' (')[0]} (") for own in labels)


def _estimate(values: NDArray[np.float64]) -> Estimate:
    """The mean of (N,) values and its 95 % interval over them."""
    low, high = interval(values)
    return Estimate(mean=float(values.mean()), low=low, high=high)
