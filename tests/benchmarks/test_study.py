"""Study files: what an entrant becomes, and one line for what it cannot be."""

import re
from pathlib import Path

import pytest

from harness.benchmarks.study import contest_spec, entrants, parse_study, read_study
from harness.errors import InputError
from harness.models.language_model import ModelSpec
from harness.tuning.spec import RunSpec, Source, SpaceSpec

BASE = {
    "model": ModelSpec(name="respondent"),
    "survey": Source(name="s", digest="1"),
    "targets": Source(name="t", digest="2"),
    "regions": ("USA", "CHN"),
    "seeds": 2,
    "first_seed": 5,
}
STUDY = """
title = "what matters"
regions = ["USA", "CHN"]
seeds = 2
first_seed = 5
targets = "held.csv"

[common]
optimizer = "de"
budget = 40
parameters = { F = 0.5, popsize = 8 }

[[entrant]]
label = "de"

[[entrant]]
label = "F 0.9"
parameters = { F = 0.9 }
share = true

[[entrant]]
label = "cma in 16"
optimizer = "cma"
space = "subspace:16"
budget = 60

[[entrant]]
label = "wide"
space = { kind = "full", box = 5.0 }
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def test_entrants_have_common_settings_then_their_own(file):
    study = read_study(file)
    assert (study.title, study.regions, study.targets) == ("what matters", "USA,CHN", "held.csv")
    specs = entrants(study, BASE, "study")
    assert list(specs) == ["de", "F 0.9", "cma in 16", "wide"]
    de, f09, cma, wide = specs.values()
    assert (de.budget, de.share, de.optimizers[0].parameters.F, de.optimizers[0].parameters.popsize) == (
        40,
        False,
        0.5,
        8,
    )
    assert (f09.share, f09.optimizers[0].parameters.F, f09.optimizers[0].parameters.popsize) == (True, 0.9, 8)
    # The parameters of `common` are those of its optimizer.
    assert (cma.optimizers[0].name, cma.budget, cma.space) == ("cma", 60, SpaceSpec(kind="subspace", dimensions=16))
    assert wide.space.box == 5.0
    assert {spec.repetitions for spec in specs.values()} == {range(5, 7)}


def test_the_guide_s_example_is_a_study(tmp_path):
    guide = (Path(__file__).parents[2] / "docs" / "contest.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", guide, flags=re.DOTALL)
    (tmp_path / "start.toml").write_text(example, encoding="utf-8")
    specs = entrants(read_study(tmp_path / "start.toml"), BASE, "study")
    assert list(specs) == ["F 0.5", "F 0.9, vocabulary", "cma in 64"]
    assert {spec.budget for spec in specs.values()} == {300}


def test_the_record_holds_every_setting(file):
    study = read_study(file)
    spec = contest_spec(study, entrants(study, BASE, "study"))
    assert (spec.regions, spec.seeds, spec.title) == (("USA", "CHN"), (5, 6), "what matters")
    assert spec.entrants[1].settings["optimizers"][0]["parameters"]["F"] == 0.9
    always = {name for name, field in RunSpec.model_fields.items() if field.exclude_if is None}
    assert set(spec.entrants[0].settings) == always


def test_any_field_of_a_run_can_be_set():
    """So that a field that is added to `RunSpec` needs no line here."""
    own = {"label": "a", "optimizer": "de", "tokens": 7, "start": "vocabulary", "pool": 3, "shots": 2, "budget": 9}
    (spec,) = entrants(parse_study({"entrant": [own]}, "study"), BASE, "study").values()
    assert {name: getattr(spec, name) for name in ("tokens", "start", "pool", "shots", "budget")} == {
        name: own[name] for name in ("tokens", "start", "pool", "shots", "budget")
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "entrant: Field required"),
        ({"entrant": []}, "entrant: Tuple should have at least 1 item"),
        ({"seed": 3}, "unknown key 'seed': expected one of seeds, "),
        ({"seeds": 0, "entrant": [{}]}, "seeds: Input should be greater than or equal to 1"),
        ({"entrant": [{"optimizer": "de"}]}, "entrant 1: label: Field required"),
        ({"entrant": [{"label": "a\nb", "optimizer": "de"}]}, "label: expected printable text"),
        ({"title": "\x1b[2J", "entrant": [{}]}, "title: expected printable text"),
        ({"entrant": [{"label": "a"}]}, "entrant 'a': optimizer: Field required"),
        ({"entrant": [{"label": "a", "optimizer": "dee"}]}, "entrant 'a': unknown optimizer 'dee': expected one of de"),
        (
            {"entrant": [{"label": "a", "optimizer": "de", "bugdet": 3}]},
            "unknown setting 'bugdet': expected one of budget",
        ),
        ({"entrant": [{"label": "a", "optimizer": "de", "seeds": 3}]}, "entrant 'a': unknown setting 'seeds'"),
        ({"entrant": [{"label": "a", "optimizer": "de", "budget": 0}]}, "entrant 'a': budget: Input should be greater"),
        ({"entrant": [{"label": "a", "optimizer": "de", "parameters": {"f": 1}}]}, "unknown de parameter 'f'"),
        ({"entrant": [{"label": "a", "optimizer": "de", "parameters": {"F": 9}}]}, "F is 9, expected"),
        ({"entrant": [{"label": "a", "optimizer": "de", "space": "subspace"}]}, "space has 0 dimensions"),
        ({"entrant": [{"label": "a", "optimizer": "de", "space": "subspace:x"}]}, "space.dimensions: Input should be"),
        ({"entrant": [{"label": "a", "optimizer": "de", "space": "half"}]}, "space.kind: Input should be 'full'"),
        ({"entrant": [{"label": "a", "optimizer": "de"}] * 2}, "entrant 'a': the label is taken"),
        ({"common": {"optimiser": "de"}, "entrant": [{"label": "a"}]}, "common: unknown setting 'optimiser'"),
    ],
)
def test_what_cannot_be_is_one_line(content, message):
    with pytest.raises(InputError) as caught:
        entrants(parse_study(content, "study 'x'"), BASE, "study 'x'")
    assert str(caught.value).startswith("study 'x'")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "message"), [(b"a = ", "is not TOML"), (b"\xff", "is not in UTF-8"), (b"#" * 10**6 + b"#", "over")]
)
def test_what_is_no_study_is_one_line(tmp_path, raw, message):
    path = tmp_path / "s.toml"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=message):
        read_study(path)


def test_a_study_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_study(tmp_path / "none.toml")
