"""The committed run of 65 regions, and records of any size that are made of it."""

from pathlib import Path

import pytest

from harness.records.run_directory import RunDirectory
from harness.records.schema import MethodResult, Record
from harness.report.figures import lines as figure_lines
from harness.report.leaderboard import build

ROOT = Path(__file__).parents[3]
NAMES = ("de", "cma", "lshade", "an optimizer with a rather long name of its own", "pso", "random")


@pytest.fixture(scope="session")
def real():
    """The committed run."""
    return RunDirectory(ROOT / "results" / "respondent-de").read_record()


@pytest.fixture(scope="session")
def made(real):
    """Builds a record with so many regions, tuned methods (or their names) and seeds; later ones are a little worse."""

    def worse(result, place, seed):
        factor = 1 + 0.2 * place + 0.1 * seed
        return result.model_copy(
            update={
                "seed": seed,
                "mae": result.mae * factor,
                "curve": tuple((at, error * factor) for at, error in result.curve),
            }
        )

    def build_record(regions=4, methods=1, seeds=1, codes=None, **changes):
        names = NAMES[:methods] if isinstance(methods, int) else methods
        tuned = next(one for one in real.methods if one.group == "tuned")
        own = [one for one in real.methods if one.group != "tuned"]
        own += [
            MethodResult.model_construct(
                method=name,
                group="tuned",
                results=tuple(worse(one, place, seed) for seed in range(seeds) for one in tuned.results),
            )
            for place, name in enumerate(names)
        ]
        kept = [one.region for one in tuned.results][:regions]
        renamed = dict(zip(kept, codes or kept, strict=True))
        cut = tuple(
            MethodResult.model_construct(
                method=one.method,
                group=one.group,
                results=tuple(
                    result.model_copy(update={"region": renamed[result.region]})
                    for result in one.results
                    if result.region in renamed
                ),
            )
            for one in own
        )
        scores = {renamed[code]: real.targets.scores[code] for code in kept}
        targets = real.targets.model_copy(update={"scores": scores})
        held = {name: getattr(real, name) for name in Record.model_fields}
        return Record.model_construct(**{**held, "methods": cut, "targets": targets, **changes})

    return build_record


@pytest.fixture(scope="session")
def shown():
    """The arguments of the catalog's functions for a record."""

    def call(*records):
        named = {f"run{place}": record for place, record in enumerate(records)}
        return named, build(named)

    return call


@pytest.fixture(scope="session")
def lines(shown):
    """The lines of a record, as the figures get them."""
    return lambda *records: figure_lines.lines(*shown(*records))
