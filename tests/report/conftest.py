import pytest

from harness.records.schema import MethodResult, ModelIdentity, Provenance, Record, RegionResult

DIMENSIONS = ("pdi", "idv", "mas", "uai", "lto", "ivr")
GROUPS = {"null": "null", "world-mean": "null", "naive": "baseline", "persona": "baseline"}


@pytest.fixture(scope="session")
def result():
    """Builds the result of one region."""

    def build(region, mae, seed=None, evaluations=1.0, mass=0.99):
        return RegionResult(
            region=region,
            indices=dict.fromkeys(DIMENSIONS, mae),
            mae=mae,
            mae_tuned=mae - 1,
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
                MethodResult(method=name.replace("_", "-"), group=GROUPS.get(name, "tuned"), results=tuple(results))
                for name, results in methods.items()
            ),
            started="",
            timings={},
        )

    return build
