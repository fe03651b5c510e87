"""What a leaderboard says, in plain sentences made of its numbers.

Names stand in the sentences as in the records: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness.records.schema import DIMENSIONS, Record
from harness.report.chosen import Chosen, chosen
from harness.report.leaderboard import Leaderboard, build
from harness.report.leaderboard import key as _key
from harness.report.literal import shortened
from harness.report.naive import naive_pair
from harness.report.pairs import Pair
from harness.report.rows import Row
from harness.report.sheets import whole
from harness.report.statistics import DIGITS

NAME: Final = 100
"""Characters of a name in a sentence."""
OVERFIT: Final = 1.0
"""Index points by which the held-out error may exceed the tuned one before the summary says more than the number."""


@dataclass(frozen=True)
class Bar:
    """A method's error in the picture at the top; percentages of the longest bar.

    Attributes:
        what: the method, in words.
        value: error, index points.
        interval: its interval as text, "" for none.
        part: length of the bar.
        low, high: ends of the interval, None for none.
    """

    method: str
    what: str
    group: str
    value: float
    interval: str
    part: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Finding:
    """A tuned method beside another one.

    Attributes:
        against: the other one.
        text: by how much they differ.
        verdict: what that shows.
        shown: whether it is the better one by more than its interval.
    """

    against: str
    text: str
    verdict: str
    shown: bool


@dataclass(frozen=True)
class Summary:
    """What one model reached.

    Attributes:
        run: name of the run, "" where all runs stand in one ranking.
        method: that the findings are about, "" without any.
        reached, findings, besides: what it reached, how that compares, and what else is to be known.
    """

    model: str
    run: str
    method: str
    bars: tuple[Bar, ...]
    reached: tuple[str, ...]
    findings: tuple[Finding, ...]
    besides: tuple[str, ...]


_WHAT: Final = {
    "null": "3 to every question",
    "world-mean": "the mean scores of all countries",
    "wrong-region": "the prompt of another region",
    "random-prompt": "a random soft prompt",
    "naive": "the survey alone",
    "persona": "asked to answer as somebody from the region",
    "icl": "asked as somebody from the region, with solved questions",
}
_GROUPS: Final = {
    "tuned": "a tuned soft prompt",
    "reference": "tuned through the model: the bound",
    "baseline": "",
    "null": "",
}


def summaries(records: Mapping[str, Record], board: Leaderboard, places: Mapping[str, str]) -> Iterator[Summary]:
    """One for each model; one for each run and model where the errors of the runs do not compare.

    Args:
        records: that the leaderboard was built from.
        board: the leaderboard.
        places: names of regions by their codes.
    """
    if board.comparable:
        yield from _summaries(records, board, "", places)
    else:
        for name, record in records.items():
            alone = {name: record}
            yield from _summaries(alone, build(alone), name, places)


def _summaries(
    records: Mapping[str, Record], board: Leaderboard, run: str, places: Mapping[str, str]
) -> Iterator[Summary]:
    for model, picked in chosen(board).items():
        best = picked.tuned
        first = best or picked.shown[0]
        yield Summary(
            model,
            run,
            best.method if best else "",
            tuple(_bars(picked)),
            (_asked(first, board), _reached(picked) if best else f"Nothing was tuned. {_lowest(first)}"),
            tuple(_findings(best, board, records)) if best else (),
            tuple(_besides(first, picked, board, places)),
        )


def _bars(picked: Chosen) -> Iterator[Bar]:
    rows = picked.shown
    longest = max([row.mae for row in rows] + [row.mae_high or 0.0 for row in rows]) or 1.0
    for row in rows:
        held = row.mae_low is not None and row.mae_high is not None
        yield Bar(
            row.method,
            _WHAT.get(row.method, _GROUPS[row.group]),
            row.group,
            row.mae,
            f"{row.mae_low:.2f} to {row.mae_high:.2f}" if held else "",
            100.0 * row.mae / longest,
            100.0 * (row.mae_low or 0.0) / longest if held else None,
            100.0 * (row.mae_high or 0.0) / longest if held else None,
        )


def _asked(row: Row, board: Leaderboard) -> str:
    aimed = [one.dimension for one in board.dimensions if _key(one) == _key(row) and one.aimed]
    indices = "the six indices" if len(aimed) == len(DIMENSIONS) else ", ".join(aimed)
    return (
        f"{shortened(row.model, NAME)} answered a values survey for {_regions(row.regions)}. An error is the mean "
        f"distance of {indices} of its answers from the published scores, in index points, on wordings that no "
        "search has seen; lower is better."
    )


def _lowest(row: Row) -> str:
    return f"{row.method} has the lowest error: {_error(row)}."


def _reached(picked: Chosen) -> str:
    best = picked.tuned or picked.lowest
    evaluations = f"{whole(best.evaluations)} candidate evaluations per region"
    text = f"With {evaluations} {best.method} reached an error of {_error(best)}"
    if picked.count > 1:
        text += f", the lowest of {picked.count} tuned methods, picked after the fact"
    others = [f"{row.method} {row.mae:.2f}" for row in (picked.named, picked.naive, picked.null) if row is not None]
    return f"{text}. Without a search: {', '.join(others)}." if others else f"{text}."


def _findings(best: Row, board: Leaderboard, records: Mapping[str, Record]) -> Iterator[Finding]:
    own = [pair for pair in board.pairs if _key(pair) == _key(best)]
    naive = naive_pair(records, best, board.bootstrap_seed)
    for pair in (*own, *([naive] if naive else [])):
        yield _finding(pair)


def _finding(pair: Pair) -> Finding:
    against = f"{pair.against}, the best of the null rows" if pair.null else pair.against
    side = "lower" if pair.difference < 0 else "higher"
    size = "the same mean" if round(pair.difference, DIGITS) == 0 else f"{abs(pair.difference):.2f} points {side}"
    count = f"lower in {pair.better} of {_regions(pair.regions)}"
    if pair.low is None or pair.high is None:
        return Finding(against, f"{size}, {count}, without an interval", "nothing is shown", False)
    # Told as a size, so that the sign need not be thought about; where the interval holds 0, both signs are.
    low, high = sorted((abs(pair.low), abs(pair.high)))
    if pair.high < 0 or pair.low > 0:
        verdict = "shown to be better" if pair.high < 0 else "shown to be worse"
        verdict += ", in this region alone" * (pair.regions == 1)
        return Finding(against, f"{size} (95 % interval {low:.2f} to {high:.2f}), {count}", verdict, pair.high < 0)
    text = f"{size} (95 % interval of the difference {pair.low:+.2f} to {pair.high:+.2f}, which holds 0), {count}"
    return Finding(against, text, "not shown to differ", False)


def _besides(row: Row, picked: Chosen, board: Leaderboard, places: Mapping[str, str]) -> Iterator[str]:
    if picked.tuned is not None and row.mae_tuned is not None:
        yield _wordings(row.mae, row.mae_tuned)
    if row.tau is not None:
        beside = picked.named if picked.named is not None and picked.named is not row else None
        other = f"; {beside.method}: {beside.tau:.2f}" if beside is not None and beside.tau is not None else ""
        yield (
            f"The order of the regions agrees with the published one to a Kendall's tau of {row.tau:.2f} (1: the same "
            f"order, 0: none, -1: the reverse{other})."
        )
    own = [one for one in board.regions if _key(one) == _key(row)]
    if len({f"{one.mae:.1f}" for one in own}) > 1 and len(own) >= 4:
        ordered = sorted(own, key=lambda one: one.mae)
        low, high = (f"{places.get(one.region, one.region)} ({one.mae:.1f})" for one in (ordered[0], ordered[-1]))
        yield f"Of all regions {row.method} comes nearest to {low} and stays farthest from {high}."


def _wordings(heldout: float, tuned: float) -> str:
    lost = heldout - tuned
    text = f"On the wordings it was tuned on its error is {tuned:.2f}"
    if lost <= -OVERFIT:
        return f"{text}, which is {-lost:.2f} more: the words of the questions asked here are the easier ones."
    if lost < OVERFIT:
        return f"{text}: about the same, so little of the result hangs on the words of the questions asked here."
    return f"{text}, which is {lost:.2f} less: that part belongs to the words of the questions, not to what they ask."


def _error(row: Row) -> str:
    interval = "" if row.mae_low is None else f" (95 % interval {row.mae_low:.2f} to {row.mae_high:.2f})"
    return f"{row.mae:.2f} index points{interval}"


def _regions(count: int) -> str:
    return f"{count} region{'s' * (count != 1)}"
