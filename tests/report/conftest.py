import pytest

from harness.records.contest import Cell, Contest, ContestSpec, Entrant
from harness.records.execution import ExecutionFacts, WorkerFacts
from harness.records.schema import GROUPS, MethodResult, ModelIdentity, Provenance, Record, RegionResult

DIMENSIONS = ("pdi", "idv", "mas", "uai", "lto", "ivr")


@pytest.fixture(scope="session")
def result():
    """Builds the result of one region."""

    def build(region, mae, seed=None, evaluations=1.0, mass=0.99):
        return RegionResult(
            region=region,
            indices=dict.fromkeys(DIMENSIONS, mae),
            mae=mae,
            mae_tuned=max(0.0, mae - 1),
            option_mass=mass,
            evaluations=evaluations,
            seed=seed,
        )

    return build


@pytest.fixture(scope="session")
def record():
    """Builds a record from results per method."""

    def build(model="respondent", note="", **methods):
        identity = ModelIdentity(
            name=model, digest=model, parameters=1, dtype="float32", device="cpu", random_weights=False, note=note
        )
        return Record(
            run_id="one",
            spec={},
            spec_digest="0",
            model=identity,
            provenance=Provenance(versions={}, git_revision=None, git_dirty=None, machine={}, threads=1),
            methods=tuple(
                MethodResult(method=name, group=GROUPS.get(name, "tuned"), results=tuple(results))
                for name, results in ((key.replace("_", "-"), rows) for key, rows in methods.items())
            ),
            started="",
            timings={},
        )

    return build


@pytest.fixture(scope="session")
def staffed():
    """Builds the facts of workers on some nodes, ten seconds into a run; `lost` has reasons by place."""

    def build(workers, nodes, lost=None, **changes):
        lost = lost or {}
        crew = tuple(
            WorkerFacts(
                name=f"w{place + 1}",
                node=f"10.0.0.{place % nodes + 1}",
                device="cpu",
                machine={"system": "Linux x86_64", "cores": 8, "gpu": None},
                threads=2,
                tasks=20 + place,
                candidates=80 + place,
                busy=(9.5 - 0.05 * (place * 7 % 30)) * (0.4 if place in lost else 1.0),
                present=4.0 if place in lost else 10.0,
                lost=lost.get(place, ""),
            )
            for place in range(workers)
        )
        facts = ExecutionFacts(
            executor="ray",
            wanted=workers - len(lost),
            workers=crew,
            seconds=10.0,
            candidates=sum(one.candidates for one in crew),
            driver=0.2,
            retried=len(lost),
        )
        return facts.model_copy(update=changes)

    return build


@pytest.fixture(scope="session")
def contest():
    """Builds a contest from one list of curves per entrant, in the order region by region, seed by seed.

    The held-out error is the tuned one plus 1.
    """

    def build(curves, regions=("USA", "CHN"), seeds=(0, 1), settings=None, title="", note="", missing=None):
        labels, common = list(curves), {"budget": 50, "share": False}
        spec = ContestSpec(
            title=title,
            regions=regions,
            seeds=seeds,
            entrants=tuple(
                Entrant(
                    label=label,
                    optimizer="de",
                    settings={**common, **(settings or {}).get(label, {})},
                )
                for label in labels
            ),
        )
        places = [(region, seed) for region in regions for seed in seeds]
        identity = ModelIdentity(
            name="respondent", digest="0", parameters=1, dtype="float32", device="cpu", random_weights=False, note=note
        )
        return Contest(
            spec=spec,
            spec_digest=spec.digest,
            model=identity,
            provenance=(Provenance(versions={}, git_revision=None, git_dirty=None, machine={}, threads=1),),
            references={"null": {region: 18.0 + number for number, region in enumerate(regions)}},
            missing=missing or {},
            cells=tuple(
                Cell(
                    entrant=label,
                    region=region,
                    seed=seed,
                    curve=curve,
                    mae_tuned=curve[-1][1],
                    mae=curve[-1][1] + 1,
                    evaluations=50,
                    seconds=2.5,
                )
                for label in labels
                for (region, seed), curve in zip(places, curves[label], strict=True)
            ),
        )

    return build


@pytest.fixture(scope="session")
def three(contest):
    """Three entrants on six regions with two seeds: one good, one slower, one that hardly moves."""
    regions = ("USA", "CHN", "IND", "ARA", "JPN", "DNK")
    starts = [16.0, 14.5, 12.0, 11.0, 9.0, 17.5, 13.0, 10.5, 12.5, 15.5, 8.5, 14.0]
    ways = {"cma": (0.8, 0.5, 0.2), "de, vocabulary": (0.9, 0.6, 0.35), "random": (1.0, 0.95, 0.9)}
    curves = {
        label: [
            [(10.0 * (step + 1) + 5 * (number % 2), start * part) for step, part in enumerate(parts)]
            for number, start in enumerate(starts)
        ]
        for label, parts in ways.items()
    }
    settings = {"cma": {"start": "persona"}, "de, vocabulary": {"start": "vocabulary"}, "random": {"start": "persona"}}
    return contest(curves, regions=regions, settings=settings, title="a title")
