"""What the numbers of a report do not mean: what holds for any run, and what holds for the runs at hand.

The reasons, and the tables behind them, stand in docs/validity.md and docs/measurement.md. Names stand in the texts as
in the records: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

from harness.records.contest import Contest
from harness.records.schema import ModelIdentity, Record, SpecFacts
from harness.report.chosen import Chosen, chosen
from harness.report.leaderboard import Leaderboard
from harness.report.literal import shortened

NAME: Final = 100
FEW: Final = 10
"""Regions below which an interval over them hangs on normality."""
MASS: Final = 0.9
"""Probability on the five options below which a reader should know how it was scaled."""
SIMULATION: Final = "respondent"
"""Name of the bundled model; a folder of that name is given with a slash."""


@dataclass(frozen=True)
class Limit:
    """A conclusion that must not be drawn, and why."""

    title: str
    text: str


def limits(records: Mapping[str, Record], board: Leaderboard) -> Iterator[Limit]:
    """All that applies to these runs, the most misleading first."""
    yield from _about_models(list(records.values()))
    picked = list(chosen(board).values())
    yield _people()
    yield _scale(list(records.values()))
    yield from _nulls(picked)
    yield from _search(picked)
    yield from _asking(list(records.values()), board)
    yield from _spread(list(records.values()), board)
    yield from _targets(list(records.values()))
    if any(one.tuned for one in picked):
        yield Limit(
            "A tuned prompt is not harmless",
            "What it does to other abilities of the model was not looked at here: score the tasks that matter to you "
            "with and without it (harness side-effects).",
        )


def contest_limits(contest: Contest) -> Iterator[Limit]:
    """What a contest of optimizers cannot show."""
    yield _about_model(contest.model, contest.spec.entrants[0].settings)
    regions, seeds = len(contest.spec.regions), len(contest.spec.seeds)
    yield Limit(
        "The best optimizer here is not the best optimizer",
        f"A contest is one model and one survey in {regions} region{'s' * (regions != 1)} with "
        f"{seeds} seed{'s' * (seeds != 1)}. Another model, another start or another budget may turn the order round.",
    )


def _about_models(records: Sequence[Record]) -> Iterator[Limit]:
    first: dict[str, Record] = {}
    for record in records:
        first.setdefault(record.model.name, record)
    yield from (_about_model(record.model, record.spec) for record in first.values())


def _about_model(model: ModelIdentity, spec: Mapping[str, Any]) -> Limit:
    if model.random_weights:
        return Limit(
            "No result at all",
            f"{shortened(model.name, NAME)} has random weights. It shows how fast things are, and that answers at "
            "random are told as such; its errors are those of chance.",
        )
    if _bundled(model, spec):
        return Limit(
            "Not a finding about people, countries or any published model",
            f"{model.name} is a simulation of {model.parameters / 1e6:.1f} million parameters, trained for this "
            "survey. It shows that the instruments work and lets search methods be compared. It is far more "
            "indifferent to the words of a question than a real model, where larger gaps between wordings and "
            "between orders of the options are to be expected, and answers that are none.",
        )
    return Limit(
        "Not what the model is like",
        f"The numbers are of {shortened(model.name, NAME)} in {model.dtype}, asked in one way. Other weights, "
        "another precision, another chat template or other words are another respondent. A low error says that "
        "six numbers are reproduced, not that the model knows or represents a culture.",
    )


def _bundled(model: ModelIdentity, spec: Mapping[str, Any]) -> bool:
    named = spec.get("model")
    return isinstance(named, dict) and named.get("name") == model.name == SIMULATION


def _people() -> Limit:
    return Limit(
        "Nothing about a person or an organisation",
        "The survey compares samples of whole nations, matched in who they are. Its indices tell such samples apart "
        "and describe nobody in them, and an index of a model is not one of people.",
    )


def _scale(records: Sequence[Record]) -> Limit:
    schemes = sorted({str(record.spec.get("constants", "midpoint")) for record in records})
    return Limit(
        "A 60 here is not a published 60",
        "Every study adds constants of its own, so that its scores compare inside it alone. Here one set holds for all "
        f"regions ({', '.join(shortened(name, NAME) for name in schemes)}; midpoint means 50 for the same answer to "
        "every question). Another set moves all regions alike, and methods that miss by a level gain from it: "
        "harness check sensitivity shows the order of the methods with anchored constants.",
    )


def _nulls(picked: Sequence[Chosen]) -> Iterator[Limit]:
    null = next((one.null for one in picked if one.null is not None), None)
    if null is not None:
        yield Limit(
            "A small error is not a good one by itself",
            f"Scores lie in the middle of a wide range: answering 3 to every question is off by {null.mae:.1f} points. "
            "Read every error beside the null rows; a method with a dagger is not shown to be better than the best of "
            "them.",
        )


def _search(picked: Sequence[Chosen]) -> Iterator[Limit]:
    for one in picked:
        if one.tuned is None or one.tuned.mae_tuned is None:
            continue
        lost = one.tuned.mae - one.tuned.mae_tuned
        yield Limit(
            "Held-out words are not a held-out survey",
            f"{one.tuned.method} saw the published scores it aims at, and so did icl and world-mean. Only the words "
            f"are new at the end: from the tuning wordings to those its error went from {one.tuned.mae_tuned:.2f} to "
            f"{one.tuned.mae:.2f} ({lost:+.2f}). Whether answers to other questions follow is not measured here "
            "(harness check transfer asks).",
        )


def _asking(records: Sequence[Record], board: Leaderboard) -> Iterator[Limit]:
    gaps = [row.order_gap for row in board.rows if row.order_gap is not None]
    if gaps:
        yield Limit(
            "Not a property of the model alone",
            f"The order of the options alone moves an index by {min(gaps):.1f} to {max(gaps):.1f} points, depending on "
            "the method. Both orders are asked and averaged, which hides the liking in the index, not in the model.",
        )
    masses = [row.option_mass for row in board.rows if row.option_mass is not None]
    if masses and min(masses) < MASS:
        yield Limit(
            "Not all that the model would say",
            f"As little as {min(masses):.2f} of its probability is on the five options; the rest is left out.",
        )
    if {SpecFacts.model_validate(record.spec).response for record in records} & {"expected"}:
        yield Limit(
            "Not what the model would write",
            "An answer is the mean of the five options, weighted by the probability of each as the first word. "
            "What the model writes may differ (harness check text-agreement counts).",
        )


def _spread(records: Sequence[Record], board: Leaderboard) -> Iterator[Limit]:
    seeds = max((row.seeds for row in board.rows), default=1)
    regions = max((row.regions for row in board.rows), default=1)
    held = ["no other model, survey or wording"]
    if seeds == 1:
        held.append("no other seed, since there is one")
    alone = any(row.mae_low is not None for row in board.rows)
    few = (
        f" One region has {'one over its seeds, for itself alone' if alone else 'no interval at all'}."
        if regions == 1
        else f" With {regions} regions they are wide, and hang on normality."
        if regions < FEW
        else ""
    )
    yield Limit("Intervals hold what they are made of", f"They hold {' and '.join(held)}.{few}")
    shared = any(
        spec.share and len(spec.regions) > 1 for spec in (SpecFacts.model_validate(record.spec) for record in records)
    )
    if shared:
        yield Limit(
            "A budget is not a price by itself",
            "Regions that were tuned together chose among the candidates of all. The same budget for fewer regions, or "
            "without sharing, buys less.",
        )


def _targets(records: Sequence[Record]) -> Iterator[Limit]:
    names = {
        str(one.get("name")) for one in (record.spec.get("targets") for record in records) if isinstance(one, dict)
    }
    if "bundled" in names:
        yield Limit(
            "Not the newest scores, nor the last word",
            "The targets are those of 2015. A later revision moved individualism and long-term orientation of most "
            "countries by about 15 points, more than some methods differ here; other scores are given with --targets.",
        )
    others = sorted(names - {"bundled"})
    if others:
        yield Limit(
            "Only as good as the targets",
            f"The scores come from {', '.join(shortened(name, NAME) for name in others)}, a file that was given; who "
            "measured them, when and in whom is not known here.",
        )
    means = [fmean(record.targets.spread.values()) for record in records if record.targets]
    if means and means[0] > 0:
        yield Limit(
            "Points are not percent",
            f"The published scores of countries differ by a standard deviation of about {means[0]:.0f} points: that is "
            "the yardstick for an error.",
        )
