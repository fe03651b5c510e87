import pytest

from harness.records.schema import (
    GROUPS,
    MethodResult,
    ModelIdentity,
    Provenance,
    Record,
    RegionResult,
    ScorerFacts,
    SplitFacts,
)
from harness.regression.reference import build

DIMENSIONS = ("pdi", "idv", "mas", "uai", "lto", "ivr")
MACHINE = {"processor": "one", "cores": 2, "gpu": None, "memory_gb": 8.0}


def result(region, mae, seed, **more):
    known = {
        "indices": dict.fromkeys(DIMENSIONS, mae),
        "mae_tuned": max(0.0, mae - 1),
        "option_mass": 0.99,
        "evaluations": 60.0,
    }
    return RegionResult(region=region, mae=mae, seed=seed, **{**known, **more})


@pytest.fixture(scope="session")
def run():
    """Builds the record of a run: naive, a null row and de, whose error in each region is that region's and `worse`."""

    def make(
        worse=0.0,
        first_seed=0,
        seeds=1,
        regions=("USA", "CHN"),
        answering=2.0,
        searching=0.1,
        gap=1e-6,
        machine=MACHINE,
        threads=2,
        digest="weights",
        methods=("naive", "null", "de"),
        split="wordings",
        **settings,
    ):
        def rows(name):
            numbers = range(first_seed, first_seed + seeds) if name == "de" else (None,)
            base = {"de": 4.0 + worse, "naive": 20.0, "null": 10.0 + 5 * worse}[name]
            return tuple(result(region, base + place, seed) for place, region in enumerate(regions) for seed in numbers)

        spec = {
            "regions": list(regions),
            "optimizers": [{"name": "de", "parameters": {"F": 0.7}}],
            "seeds": seeds,
            "first_seed": first_seed,
            "budget": 60,
            "survey": {"name": "bundled", "digest": "s"},
            "targets": {"name": "bundled", "digest": "t"},
            "response": "expected",
            **settings,
        }
        return Record(
            run_id=f"run-{first_seed}",
            spec=spec,
            spec_digest=f"digest-{first_seed}",
            model=ModelIdentity(
                name="respondent", digest=digest, parameters=1, dtype="float32", device="cpu", random_weights=False
            ),
            scorer=ScorerFacts(
                kind="packed",
                micro_batch=1,
                workers=2,
                product="torch",
                tokens=3210,
                distinct_tokens=949,
                tolerance=1e-3,
                gap=gap,
            ),
            splits={"heldout": SplitFacts(wordings=24, prompts=48, orders=("forward",), digest=split)},
            provenance=Provenance(
                versions={"numpy": "2"}, git_revision=None, git_dirty=None, machine=machine, threads=threads
            ),
            methods=tuple(MethodResult(method=n, group=GROUPS.get(n, "tuned"), results=rows(n)) for n in methods),
            started="",
            timings={"tuning": 10.0, "answering_loops": answering, "searching_loops": searching},
        )

    return make


@pytest.fixture(scope="session")
def baseline(run):
    """Four runs: errors of de 4.5 to 4.8 on average, times that differ by a few percent."""
    repeats = [run(worse=0.1 * k, first_seed=k, answering=2.0 + 0.05 * k, searching=0.1 + 0.01 * k) for k in (1, 2, 3)]
    return build(run(), repeats)
