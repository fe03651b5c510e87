"""A check on another instrument as rich renderables: pure functions from its record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from rich.table import Table

from harness.records.transfer import Answerer, Estimate, Near, Part, Transfer
from harness.report.terminal import listing

NEAREST_SHOWN = 5
LITTLE = 0.5
_METRICS = {
    "preference": "score: mean probability of the first option, which stands for the side that a high index is on; "
    "read it by dimension, the mean over all of them means nothing",
    "similarity": "score: 1 - Jensen-Shannon distance (base 2) to the region's people, mean over questions; higher is "
    "closer",
    "distance": "score: Wasserstein-1 distance to the region's people on scales from 0 to 1, mean over questions; "
    "lower is closer",
}
_WHO = {
    "world": "world: the mean of the people of all other countries, no model",
    "uniform": "uniform: all options alike, no model; a row that is no better knows nothing",
}


def transfer_tables(result: Transfer) -> Iterator[Table]:
    """Who answers how well, then the dimensions or groups, then domains by dimension where there are both."""
    yield _answerers(result)
    dimensions = [part for part in result.parts if part.group is None]
    yield _parts(result, dimensions or list(result.parts))
    if dimensions:
        yield _domains(result)


def transfer_notes(result: Transfer) -> Iterator[str]:
    """What must be known to read the tables."""
    if result.difference is not None and result.metric != "preference":
        yield f"{_short(result.subject)} - naive, question by question: {_signed(result.difference)}"
    if result.nearest:
        yield _nearest(result.nearest)
    people = f" that people of {', '.join(result.labels)} answered" if result.labels else ""
    drawn = f" of {result.available}, drawn with seed {result.seed}," if result.questions < result.available else ""
    yield f"{result.questions} questions{drawn}{people}; [ ]: 95 % interval over questions"
    yield _METRICS[result.metric]
    if result.metric != "preference":
        yield "; ".join(_WHO[row.who] for row in result.answerers if row.who in _WHO)
    close = "; < 0.2: share of questions closer than that" if result.metric == "distance" else ""
    yield (
        "mass: probability on the letters of the options; gap: total variation between forward and reversed option "
        f"order, 0 to 1{close}"
    )
    if any(row.option_mass is not None and row.option_mass < LITTLE for row in result.answerers):
        yield f"mass below {LITTLE}: the model does not answer with letters of its own accord; doubt what stands above"
    if any(part.published is not None for part in result.parts):
        yield "published: the region's index, on another scale: compare directions, not numbers"
    if result.left_out:
        yield f"{len(result.left_out)} left out: {'; '.join(result.left_out[:3])}{' ...' * (len(result.left_out) > 3)}"
    if result.model.note:
        yield f"{result.model.note}; its numbers here are noise"


def _answerers(result: Transfer) -> Table:
    close = result.metric == "distance"
    rows = [_row(row, close) for row in result.answerers]
    headings = ["who", "score", "95 %", *(["< 0.2"] if close else []), "mass", "gap"]
    region = f", {result.region}" if result.region else ""
    return listing(headings, rows, f"{result.benchmark}: {result.model.name}{region}", left=1)


def _row(row: Answerer, close: bool) -> list[str]:
    share = [_number(row.close, 2)] if close else []
    return [
        _short(row.who),
        f"{row.score.mean:.3f}",
        _interval(row.score),
        *share,
        _number(row.option_mass),
        _number(row.order_gap),
    ]


def _parts(result: Transfer, parts: Iterable[Part]) -> Table:
    paired, published = result.difference is not None, any(part.published is not None for part in result.parts)
    rows = []
    for part in parts:
        row = [part.dimension if part.group is None else part.group, str(part.questions), f"{part.score:.3f}"]
        if paired and part.naive is not None and part.difference is not None:
            row += [f"{part.naive:.3f}", f"{part.difference.mean:+.3f}", _interval(part.difference, "+")]
        rows.append([cell or "" for cell in row] + ([_number(part.published, 0)] if published else []))
    kind = "dimension" if any(part.dimension for part in result.parts) else "group"
    headings = [kind, "questions", _short(result.subject), *(["naive", "difference", "95 %"] if paired else [])]
    return listing([*headings, *(["published"] if published else [])], rows, f"by {kind}", left=1)


def _domains(result: Transfer) -> Table:
    scores = {(part.group, part.dimension): part.score for part in result.parts if part.group is not None}
    dimensions = list(dict.fromkeys(dimension for _, dimension in scores if dimension))
    groups = list(dict.fromkeys(group for group, _ in scores if group))
    rows = [[group, *(_number(scores.get((group, one)), 3) for one in dimensions)] for group in sorted(groups)]
    return listing(["domain", *dimensions], rows, f"{_short(result.subject)} by domain", left=1)


def _nearest(nearest: tuple[Near, ...]) -> str:
    shown = ", ".join(f"{one.country} {one.score:.3f}" for one in islice(nearest, NEAREST_SHOWN))
    place = next((place for place, one in enumerate(nearest, start=1) if one.own), None)
    mine = next((one for one in nearest if one.own), None)
    own = f"; {mine.country} is number {place} of {len(nearest)}" if mine else ""
    return f"nearest countries, each over the questions that its people answered: {shown}{own}"


def _short(who: str) -> str:
    """Of a folder its last two parts."""
    return "/".join(who.replace("\\", "/").rstrip("/").split("/")[-2:])


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(value: Estimate, sign: str = "") -> str:
    return "-" if value.low is None else f"[{value.low:{sign}.3f}, {value.high:{sign}.3f}]"


def _signed(value: Estimate) -> str:
    return f"{value.mean:+.3f}" + ("" if value.low is None else f" {_interval(value, '+')}")
