"""Presets, files of settings and what `harness config show` prints: which value holds, and that it comes back."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cli import config_text, exported, layers, run_settings
from harness.cli.resuming import inputs
from harness.cli.run_config import kinds, presets, read_config, read_preset
from harness.cli.run_flags import RunFlags, flag_names
from harness.errors import HarnessError, InputError, UsageError
from harness.inputs import parse_toml
from harness.optimizers import load, names
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.spec import Dimension, RunSpec

ROOT = Path(__file__).resolve().parents[2]
CODES = [one.code for one in load_regions().rows if one.complete]
WRONG = {
    "budgt = 3": "row 1, budgt: unknown key 'budgt': expected one of budget,",
    "\nbudget = '3'": 'row 2, budget: got "3", expected a whole number',
    "budget = 3.0": "got 3.0, expected a whole number",
    "budget = true": "got true, expected a whole number",
    "budget = 0": "row 1, budget: budget 0: expected at least 1",
    "budget = 0x" + "f" * 9000: "a whole number of over 300 digits",
    "rest = nan": "rest: rest nan: expected a number of index points from 0",
    "rest = '1'": 'got "1", expected a number',
    "share = 1": "got 1, expected true or false",
    "share = 'no'": "expected true or false",
    "memory-gb = inf": "memory-gb inf: expected a positive number of GB",
    "seeds = 1\nseeds = 2": "is not TOML (Cannot overwrite a value",
    "first-seed = 1\nfirst_seed = 2": "row 2, first_seed: is there as first-seed too",
    "seeds = []": "got [], expected a whole number",
    "region = 3": "got 3, expected a text or a list of them",
    "region = []": "no region given",
    "region = ['USA', 3]": "expected a list of names, each a text without a comma",
    "region = ['USA,CHN']": "each a text without a comma",
    "tokens = 3\nregion = [\n'USA',\n'Japn']": "row 2, region: unknown region 'Japn'",
    "optimizer = ['de', 'cmaes']": "optimizer: unknown optimizer 'cmaes'",
    "dimensions = ['PDI', 'XYZ']": "unknown dimension 'xyz': expected one of",
    "start = 'zero'": "give start one of them",
    "scorer = 'pack'": "unknown scorer 'pack': expected one of packed,",
    "instrument = 'other'": "unknown instrument 'other'",
    "survey = 'missing.toml'": "row 1, survey: survey 'below/missing.toml' cannot be read",
    "targets = 'missing.csv'": "row 1, targets: targets 'below/missing.csv' cannot be read",
    "survey = 3": "got 3, expected a path",
    "out = 'x'": "out: no setting of a file: a file says what a run is, not where it is kept; give --out",
    "set = ['F=0.5']": "write parameters as a table, such as [parameters.de]",
    "config = 'other.toml'": "name a preset",
    "preset = 'cii'": "preset: unknown preset 'cii': expected one of ci,",
    "preset = 3": "got 3, expected a text",
    "parameters = 3": "got 3, expected tables such as [parameters.de]",
    "parameters.de = 3": "parameters.de: got 3, expected a table",
    "[parameters.dee]\nF = 1": "unknown optimizer 'dee'",
    "[parameters.de]\nCR = 1\nF = '0.5'": "row 3, parameters.de.F: unusable settings of optimizer 'de': F is '0.5'",
    "[parameters.de]\nCR = 1\nF = 9": "row 3, parameters.de.F: unusable settings of optimizer 'de': F is 9",
    "[parameters.de]\njitter = 1": "jitter is 1, expected true or false",
    "[parameters.de]\nf = 1": "unknown de parameter 'f': expected one of F,",
    "[parameters.de]\npopsize = 4\nvariant = 'rand/2/bin'": "parameters.de: unusable settings of optimizer",
    "seeds = 0\nbudget = 0\ntokens = 0\npool = -1\n": "; and 1 more",
    "trust-remote-code = true": "give the flag --trust-remote-code too if you trust it",
    "budget = ": "is not TOML (Invalid value",
    "budget = 3\nseeds = x\n": "row 2 is not TOML",
}


@pytest.mark.parametrize("text", WRONG, ids=[text[:40].encode("ascii", "replace").decode() for text in WRONG])
def test_what_a_file_may_not_say(refused, tmp_path, text):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "run.toml").write_text(text)
    refused("run", "--config", "below/run.toml", says=("below/run.toml", WRONG[text]))


def written(folder, text, name="run.toml"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_flag_goes_before_a_file_and_a_file_before_a_preset(tmp_path):
    path = written(tmp_path, "preset = 'quick'\nbudget = 7\nseeds = 3\n[parameters.de]\nF = 0.5\nCR = 0.8\n")
    flags = layers.settled({"seeds": 5}, None, path)
    assert (flags.region, flags.budget, flags.seeds, flags.tokens) == ("core", 7, 5, 10)
    assert flags.parameters == {"de": {"F": 0.5, "CR": 0.8}}
    assert flags.origins == {
        "region": "preset quick",
        "budget": str(path),
        "seeds": "flag",
        "de.F": str(path),
        "de.CR": str(path),
    }
    # A preset that is given goes before the one that the file names.
    assert layers.settled({}, "ci", path).region.startswith("ARG,")
    # A flag holds although it says what would hold by default.
    assert layers.settled({"budget": 150}, "ci", None).budget == 150


def test_set_goes_before_parameters_and_those_of_other_optimizers_are_left_out(tmp_path):
    path = written(tmp_path, "[parameters.de]\nF = 0.5\nCR = 0.8\n[parameters.cma]\nsigma0 = 0.2\n")
    (de,) = run_settings.checked(layers.settled({"settings": ["F=0.6"]}, None, path))["optimizers"]
    assert (de.parameters.F, de.parameters.CR) == (0.6, 0.8)
    (cma,) = run_settings.checked(layers.settled({"optimizer": "cma"}, None, path))["optimizers"]
    assert cma.parameters.sigma0 == 0.2


def test_code_of_a_model_runs_only_if_a_flag_says_so_too(tmp_path):
    path = written(tmp_path, "trust-remote-code = true\n")
    with pytest.raises(UsageError, match="too if you trust it"):
        layers.settled({}, None, path)
    assert layers.settled({"trust_remote_code": True}, None, path).trust_remote_code
    assert not layers.settled({"trust_remote_code": False}, None, path).trust_remote_code


def test_paths_begin_at_the_folder_of_the_file(tmp_path, monkeypatch, other_survey):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "below" / "model").mkdir(parents=True)
    path = written(tmp_path, "survey = '../other.toml'\nmodel = 'model'\n", "below/run.toml")
    flags = layers.settled({}, None, path)
    assert flags.survey.resolve() == other_survey.resolve()
    assert Path(flags.model).resolve() == (tmp_path / "below" / "model").resolve()
    # Given from there, the model has the name that it would have as a flag, and the run the same digest.
    monkeypatch.chdir(tmp_path / "below")
    assert layers.settled({}, None, Path("run.toml")).model == "model"
    for name in ("respondent", "some/hub-id", "random:llama-tiny"):
        written(tmp_path, f"model = '{name}'\n", "below/run.toml")
        assert layers.settled({}, None, path).model == name


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_a_sound_run(name):
    flags = layers.settled({}, name, None)
    spec, _ = run_settings.specification(flags)
    assert spec.model.name == "respondent" and not flags.parameters
    assert set(flags.origins.values()) == {f"preset {name}"}


def test_the_preset_of_a_gate_leaves_nothing_to_the_clock():
    flags = layers.settled({}, "ci", None)
    assert flags.scorer != "auto"
    assert set(flags.region.split(",")) <= set(CODES)


def test_every_flag_of_a_run_is_a_setting_of_a_file_or_says_why_not():
    assert set(flag_names()) - set(kinds()) == {"out", "settings"}


def number(low, high, whole):
    return st.integers(int(low), int(high)) if whole else st.floats(low, high, allow_nan=False)


@st.composite
def parameters(draw, name):
    """Settings of an optimizer, each by itself in its range."""
    chosen = {}
    for key, field in load(name).Parameters.model_fields.items():
        if not draw(st.booleans()):
            continue
        limits = {
            sign: getattr(one, sign)
            for one in field.metadata
            for sign in ("gt", "ge", "lt", "le")
            if hasattr(one, sign)
        }
        low = limits.get("ge", limits.get("gt", 0) + (1 if field.annotation is int else 1e-3))
        high = limits.get(
            "le", limits.get("lt", low + 10) - (1 if field.annotation is int else 1e-3) * ("lt" in limits)
        )
        if field.annotation is bool:
            chosen[key] = draw(st.booleans())
        elif field.annotation in (int, float):
            chosen[key] = draw(number(low, high, field.annotation is int))
        elif choices := get_args(field.annotation):
            chosen[key] = draw(st.sampled_from(choices))
    return chosen


@st.composite
def given_flags(draw):
    """What a run may be given, each flag by chance."""
    optimizers = draw(st.lists(st.sampled_from(names()), min_size=1, max_size=3, unique=True))
    some = lambda *choices: st.sampled_from(choices)  # noqa: E731
    points = st.floats(0, 1e6, allow_nan=False)
    kinds_of = {
        "region": st.lists(st.sampled_from(CODES), min_size=1, max_size=5).map(",".join)
        | some("all", "core", "core,JPN"),
        "budget": st.integers(1, 10**6),
        "seeds": st.integers(1, 99),
        "first_seed": st.integers(0, 2**31 - 1),
        "tokens": st.integers(1, 99),
        "space": some("personas", "full", "personas:4", "subspace:64"),
        "box": points,
        "start": some("persona", "vocabulary"),
        "share": st.booleans(),
        "block": st.integers(1, 1000),
        "pool": st.integers(0, 400),
        "rest": points,
        "aggregate": some("mean", "worst"),
        "penalty": points,
        "finalists": st.integers(1, 64),
        "dimensions": st.lists(st.sampled_from(get_args(Dimension)), min_size=1).map(",".join) | some("all"),
        "wordings": some(1, 2),
        "response": some("expected", "sample", "greedy"),
        "respondents": st.integers(1, 99).map(lambda half: 2 * half),
        "shots": st.integers(0, 24),
        "model": st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(
            lambda text: not text.startswith("random:") and text.strip("./")
        ),
        "dtype": some("auto", "float32", "bfloat16"),
        "device": some("auto", "cpu", "cuda:1"),
        "device_map": some(None, "auto"),
        "memory_gb": st.none() | st.floats(1e-3, 1e6),
        "scorer": some("auto", "packed", "branches"),
        "micro_batch": st.integers(0, 256),
        "workers": st.integers(0, 256),
    }
    chosen = draw(st.fixed_dictionaries({}, optional=kinds_of))
    sets = {name: draw(parameters(name)) for name in optimizers}
    chosen["settings"] = [f"{one}.{key}={value}" for one, own in sets.items() for key, value in own.items()]
    return {**chosen, "optimizer": ",".join(optimizers)}


@settings(max_examples=30)
@given(named=given_flags())
def test_flags_come_back_from_toml_and_a_run_from_its_specification(named, tmp_path):
    flags = layers.settled(named, None, None)
    try:
        spec, name = run_settings.specification(flags)
    except HarnessError:
        # What does not go together, such as few members and many differences, is refused of flags already.
        return
    path = tmp_path / "run.toml"
    again = exported.flags_of(RunSpec.read(json.loads(json.dumps(spec.plain()))), inputs(flags))
    for one in (flags, again):
        path.write_text(config_text.Settings.of(one, spec, name, [], "default").toml(), encoding="utf-8")
        read, found = run_settings.specification(layers.settled({}, None, path))
        assert read == spec and read.digest == spec.digest and found == name
    assert exported.remarks(spec, inputs(flags), again) == []


def test_a_run_and_its_exported_file_are_one(harness, finished_run, tmp_path):
    run = Path(finished_run["run"])
    shown = harness("config", "show", run)
    assert shown.code == 0 and shown.err == ""
    path = written(tmp_path, shown.out, "below/again.toml")
    done = harness("run", "--config", path, "--out", run.parent, "--json")
    assert done.code == 0 and "is finished" in done.err
    assert json.loads(done.out)["run"] == str(run)
    assert harness("config", "show", "--config", path).out.count(str(path)) > 30


def test_survey_and_targets_of_a_run_are_found_by_their_paths(harness, tmp_path, other_survey):
    (tmp_path / "t.csv").write_text("code,name,kind,pdi,idv,mas,uai,lto,ivr\nAAA,Here,country,1,2,3,4,5,6\n")
    given = ("--survey", "other.toml", "--targets", "t.csv", "--region", "AAA", "--instrument", "heldout")
    plain = harness("run", *given, "--budget", "2", "--tokens", "3", "--quiet", "--json")
    assert plain.code == 0, plain.err
    run = Path(json.loads(plain.out)["run"])
    shown = harness("config", "show", run)
    assert f'targets = "{tmp_path / "t.csv"}"' in shown.out
    path = written(tmp_path, shown.out, "below/again.toml")
    assert harness("config", "show", "--config", path).out.splitlines()[2] == f"# They name the run: {run.name}"
    other_survey.unlink()
    shown = harness("config", "show", run)
    assert shown.code == 0 and "# Remark: not to be run as it is: survey" in shown.out


def test_a_record_alone_is_enough(harness):
    shown = harness("config", "show", ROOT / "results" / "respondent-de", "--json")
    assert shown.code == 0
    found = json.loads(shown.out)
    assert found["remarks"] == [] and found["run"].startswith("de-all-")
    assert found["settings"]["region"] == "all" and found["settings"]["parameters"]["de"]["F"] == 0.7


def test_a_run_with_flags_is_that_run_with_other_settings(harness, finished_run):
    shown = harness("config", "show", finished_run["run"], "--budget", "9", "--set", "de.F=0.4")
    assert shown.code == 0
    assert re.search(r"^budget = 9 +# flag$", shown.out, re.M) and re.search(r"^F = 0.4 +# flag$", shown.out, re.M)
    assert parse_toml(shown.out)["tokens"] == 3


def test_what_is_shown_says_where_it_comes_from(harness, tmp_path):
    written(tmp_path, "budget = 7\n[parameters.de]\nF = 0.5\n")
    words = ("config", "show", "--preset", "quick", "--config", "run.toml", "--set", "CR=0.8")
    shown = harness(*words)
    assert shown.out.splitlines()[:3] == [
        "# Settings of 'harness run', to be given with --config FILE.",
        "# Where nothing else is said, they come from: default",
        f"# They name the run: {json.loads(harness(*words, '--json').out)['run']}",
    ]
    marked = dict(re.findall(r"^(\S+) = .*  # (.*)$", shown.out, re.M))
    assert marked == {"region": "preset quick", "budget": "run.toml", "F": "run.toml", "CR": "flag"}
    found = json.loads(harness(*words, "--json").out)
    assert found["settings"]["survey"] is None and found["settings"]["budget"] == 7
    assert found["origins"]["parameters.de.CR"] == "flag" and found["origins"]["tokens"] == "default"
    assert set(found["origins"]) == {
        *(f"parameters.de.{name}" for name in found["settings"].pop("parameters")["de"]),
        *found["settings"],
    }


def test_names_that_do_things_to_a_terminal_are_spelt_out_and_come_back(harness, tmp_path):
    shown = harness("config", "show", "--model", "\x1b[31m\u202ered\U000e0001")
    assert shown.code == 0 and all(c.isprintable() for c in shown.out.replace("\n", ""))
    path = written(tmp_path, shown.out)
    assert layers.settled({}, None, path).model == "\x1b[31m\u202ered\U000e0001"


def test_a_file_is_looked_at_before_it_is_read(tmp_path):
    with pytest.raises(InputError, match="is a folder, no file"):
        read_config(tmp_path)
    (tmp_path / "long.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(InputError, match="over 1000000 bytes"):
        read_config(tmp_path / "long.toml")


def test_presets_are_told_in_the_list(harness):
    rows = json.loads(harness("ls", "presets", "--json").out)
    assert [row["preset"] for row in rows] == list(presets())
    assert rows[0]["regions"] == str(len(read_preset("ci").values["region"].split(",")))


def test_default_flags_need_no_file():
    assert layers.settled({}, None, None) == RunFlags()


@given(
    st.recursive(
        st.one_of(st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False), st.text(max_size=5)),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
        max_leaves=8,
    )
)
def test_parameters_of_any_kind_come_back(value):
    """Parameters of a plugin's optimizer may be tables and lists of them."""
    shown = config_text.Settings("", {}, {"mine": {"x": value}}, {"parameters.mine.x": "here"}, (), "here")
    assert parse_toml(shown.toml())["parameters"]["mine"]["x"] == value
