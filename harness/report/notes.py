"""What must be known to read a leaderboard's numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Final

from harness.records.schema import DIMENSIONS, Record, SpecFacts
from harness.report.pooling import Pooled

UNIFORM: Final = 0.97
"""Mean evenness of answers from which a method is said to answer nearly at random; 1 is uniform."""
ELSEWHERE: Final = 0.5
"""Mean probability on the options below which most answers are said to be none of them."""

TIMES: Final = (
    "seconds are those of the clock while several workers answered at once; they do not compare with those of a run "
    "that one process answered"
)
"""What the times of a run are that workers answered."""


def notes(records: Mapping[str, Record], pooled: Sequence[Pooled], chosen: bool = False) -> Iterator[str]:
    """One sentence for each thing that the numbers do not tell by themselves.

    Args:
        records: all of them.
        pooled: their methods.
        chosen: whether errors are over dimensions that were chosen for the leaderboard.
    """
    yield from dict.fromkeys(record.model.note for record in records.values() if record.model.note)
    yield from apart(records, pooled, chosen)
    if any(record.targets and not any(record.targets.spread.values()) for record in records.values()):
        yield "the targets hold one complete region: world-mean is the scores of that one"
    yield from dict.fromkeys(note for record in records.values() for note in _asking(record, chosen))
    specs = [SpecFacts.model_validate(record.spec) for record in records.values()]
    if any(spec.share and len(spec.regions) > 1 for spec in specs):
        yield "regions chose among the candidates of all: budgets compare between runs over the same regions only"
    if any(one.group == "reference" for one in pooled):
        yield "gradient goes through the model and is no black-box method: the bound that the others are held against"
    yield from _answers(pooled)
    missing = {result.region: result.missing for one in pooled for result in one.results if result.missing}
    for region, dimensions in missing.items():
        yield partial_note(region, dimensions)


def times_notes(workers: Mapping[str, int]) -> Iterator[str]:
    """What times are, where workers answered; nothing where every run answered itself.

    Args:
        workers: how many answered each run that had any.
    """
    if workers:
        told = ", ".join(f"{run} (workers: {number})" for run, number in workers.items())
        yield f"workers answered {told}: {TIMES}"


def apart(records: Mapping[str, Record], pooled: Sequence[Pooled], chosen: bool = False) -> Iterator[str]:
    """Why rows have no order among each other; nothing where they are a ranking."""
    if len({frozenset(one.by_region) for one in pooled}) > 1:
        yield "rows cover different regions: their errors do not compare"
    yield from differing(records, chosen)


def differing(records: Mapping[str, Record], chosen: bool = False) -> Iterator[str]:
    """Why rows do not compare even in the same region; dimensions that were chosen are those of all runs."""
    # What a record of an earlier version does not say was as it is by default.
    known = [{**record.spec, **SpecFacts.model_validate(record.spec).model_dump()} for record in records.values()]
    for name in ("survey", "targets", *(() if chosen else ("dimensions",)), "response"):
        if len({json.dumps(spec.get(name), sort_keys=True) for spec in known}) > 1:
            yield f"runs differ in their {name}: their errors do not compare"


def partial_note(region: str, missing: Sequence[str]) -> str:
    """What must be known of a region without a score in some dimensions."""
    return f"{region} has no published {', '.join(missing)}: its error is over the others"


def _asking(record: Record, chosen: bool) -> Iterator[str]:
    spec = SpecFacts.model_validate(record.spec)
    if set(spec.dimensions) != set(DIMENSIONS) and not chosen:
        yield f"tuned and scored on {', '.join(spec.dimensions)} alone; the other dimensions are only recorded"
    if spec.wordings == 1:
        yield "one wording of each item was tuned on, in both option orders: compare mae with tuned"
    if spec.response == "greedy":
        yield "answers are the likeliest options: indices move in steps"
    if spec.response == "sample":
        noise = [e for m in record.methods for r in m.results for e in (r.sampling_error or {}).values()]
        about = ""
        if noise:
            # Each order is asked of one half of the sample.
            about = f"; an index has a sampling error of about {fmean(noise):.1f} points, gap one of twice as much"
        yield f"answers are means of {spec.respondents} simulated respondents{about}"


def _answers(pooled: Sequence[Pooled]) -> Iterator[str]:
    for one in pooled:
        evenness = [result.entropy for result in one.results if result.entropy is not None]
        if evenness and fmean(evenness) >= UNIFORM:
            yield f"{one.method} answers nearly at random: evenness {fmean(evenness):.3f} of 1"
        masses = [result.option_mass for result in one.results if result.option_mass is not None]
        if masses and fmean(masses) < ELSEWHERE:
            yield f"{one.method} mostly answers with no option: all together have a probability of {fmean(masses):.2g}"
        for source in dict.fromkeys(
            result.source for result in one.results if result.source not in (None, *one.by_region)
        ):
            yield f"{one.method} is the first candidate that comes nearest {source}: the run tuned no other region"
