"""Which part of the records a leaderboard is about: what its means are over, and which of its rows are shown.

Regions and dimensions change what every number is a mean over, so that errors are computed anew from the records.
Models, methods and groups only hide rows: ranks, marks, corrections and what stands out stay those of all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Final, NamedTuple, Protocol, get_args

from harness.errors import UsageError, unknown_choice
from harness.records.schema import DIMENSIONS, Group, RegionResult
from harness.report.pooling import Pooled

GROUPS: Final[tuple[str, ...]] = get_args(Group)

LISTED: Final = 8
"""Regions up to which a note names them."""


@dataclass(frozen=True)
class Selection:
    """What was asked for, each as it was given: names separated by commas, None for all."""

    regions: str | None = None
    dimensions: str | None = None
    models: str | None = None
    methods: str | None = None
    groups: str | None = None


class Named(Protocol):
    """What a row is known by."""

    @property
    def model(self) -> str:
        """Name of the model."""

    @property
    def method(self) -> str:
        """Name of the method."""

    @property
    def group(self) -> Group:
        """Group of the method."""


class Restricted(NamedTuple):
    """Methods on what was asked for, and what was left out."""

    rows: list[Pooled]
    notes: tuple[str, ...]


def restricted(rows: Sequence[Pooled], asked: Selection) -> Restricted:
    """The methods on the regions and dimensions that were asked for, with errors computed anew.

    Raises:
        UsageError: there is no such region or dimension, or nothing is left.
    """
    notes: list[str] = []
    if asked.regions is not None:
        codes = list(dict.fromkeys(region for one in rows for region in one.by_region))
        wanted = _chosen("region", asked.regions, codes, "give --region codes of the runs")
        rows = _of_regions(rows, [code for code in codes if code in wanted], len(codes), notes)
    if asked.dimensions is not None:
        names = _chosen("dimension", asked.dimensions, DIMENSIONS, "give --dimension some of them")
        rows = _of_dimensions(rows, tuple(name for name in DIMENSIONS if name in names), notes)
    return Restricted(list(rows), tuple(notes))


def shown(rows: Sequence[Named], asked: Selection) -> list[bool]:
    """Which rows are shown.

    Raises:
        UsageError: there is no such model, method or group, or no row is left.
    """
    names = {
        "model": (asked.models, [row.model for row in rows]),
        "method": (asked.methods, [row.method for row in rows]),
        "group": (asked.groups, GROUPS),
    }
    found = [True] * len(rows)
    for kind, (text, known) in names.items():
        if text is not None:
            wanted = _chosen(kind, text, dict.fromkeys(known), f"give --{kind} some of them")
            found = [held and getattr(row, kind) in wanted for held, row in zip(found, rows, strict=True)]
    if rows and not any(found):
        flags = " ".join(f"--{kind} {text}" for kind, (text, _) in names.items() if text is not None)
        held = ", ".join(dict.fromkeys(f"{row.method} ({row.group})" for row in rows))
        raise UsageError(f"{flags}: leaves none of the {len(rows)} rows; they are {held}")
    return found


def hidden_note(shown_rows: int, rows: int) -> str:
    """What must be known where some rows are not shown."""
    return f"{shown_rows} of {rows} rows are shown; ranks, marks, p and what is bold are those of all {rows}"


def _chosen(kind: str, text: str, known: Iterable[str], fix: str) -> set[str]:
    """The names in a text; one that holds a comma itself may stand alone.

    Raises:
        UsageError: one is not known.
    """
    names = list(known)
    if text in names:
        return {text}
    folded = {name.casefold(): name for name in reversed(names)}
    found = set()
    for part in (part.strip() for part in text.split(",")):
        name = part if part in names else folded.get(part.casefold())
        if name is None:
            raise unknown_choice(kind, part, names, fix)
        found.add(name)
    return found


def _of_regions(rows: Sequence[Pooled], codes: Sequence[str], number: int, notes: list[str]) -> list[Pooled]:
    found = []
    for one in rows:
        own = set(one.by_region)
        # A prompt of a region that is left out was tuned all the same.
        results = [_at_home(result, own) for result in one.results if result.region in codes]
        if results:
            found.append(replace(one, results=results))
        else:
            notes.append(f"{one.method} of {', '.join(one.runs)} is left out: it has none of these regions")
    listed = f": {', '.join(codes)}" if len(codes) <= LISTED else ""
    notes.insert(0, f"{len(codes)} of {number} regions{listed}; everything is over these alone")
    return found


def _at_home(result: RegionResult, regions: set[str]) -> RegionResult:
    return result.model_copy(update={"source": None}) if result.source in regions else result


def _of_dimensions(rows: Sequence[Pooled], names: tuple[str, ...], notes: list[str]) -> list[Pooled]:
    if bare := next((one for one in rows if one.targets is None), None):
        raise UsageError(
            f"--dimension: run {', '.join(bare.runs)} is of an earlier version and holds no published scores, which "
            "errors by dimension need; run it again"
        )
    found = [_rebuilt(one, names) for one in rows]
    left = {region for one in found for region in one.by_region}
    lost = dict.fromkeys(region for one in rows for region in one.by_region if region not in left)
    if not left:
        raise UsageError(f"--dimension {','.join(names)}: the regions have no published scores there; give others")
    notes.append(
        f"dimensions: {', '.join(names)}; errors, tau and gap are over these alone, mass is over all questions"
    )
    if any(one.rebuilt for one in found):
        notes.append("errors on the tuning wordings are not recorded by dimension")
    for one in rows:
        untuned = [name for name in names if name not in one.aimed]
        if untuned and one.group in ("tuned", "reference"):
            notes.append(f"{one.method} was not tuned on {', '.join(untuned)}")
    notes.extend(f"{region} is left out: it has no published {', '.join(names)}" for region in lost)
    return [one for one in found if one.results]


def _rebuilt(one: Pooled, names: tuple[str, ...]) -> Pooled:
    known = set(names) == set(one.aimed)
    return replace(one, chosen=names, results=one.results if known else list(_again(one, names)))


def _again(one: Pooled, names: Sequence[str]) -> Iterator[RegionResult]:
    """The results with errors over some dimensions, without regions that have no score in any."""
    for result in one.results:
        scores = {name: score for name in names if (score := one.score(result.region, name)) == score}
        if not scores:
            continue
        other, drawn = result.indices_instrument, result.sampling_error
        yield result.model_copy(
            update={
                "mae": _error(result.indices, scores),
                "mae_instrument": None if other is None else _error(other, scores),
                "sampling_error": None if drawn is None else {name: drawn[name] for name in names},
                "missing": tuple(name for name in names if name not in scores),
            }
        )


def _error(indices: Mapping[str, float], scores: Mapping[str, float]) -> float:
    return fmean(abs(indices[name] - score) for name, score in scores.items())
