"""`harness validate`: everything that is wrong in one go, what a run would take, and nothing written."""

import json
import re
import shutil
from pathlib import Path

import pytest

RUN = ("validate", "--region", "USA,ALB", "--budget", "6", "--trial", "2")
PRICE = ("--price-per-hour", "3600")
FOUND = """\
run de-#regions-# check state found
flags ok each within its range
survey ok vsm-own-words, # items
targets ok bundled, # of # regions have all six scores
regions ok # regions, # of # dimensions
regions remark ALB has no published pdi, idv, mas, uai: scored on the others
folder ok 'results/runs', which a run makes below '#': can be written
device ok float32 on cpu
model ok respondent, llama, #M parameters
weights ok # MB, safetensors
chat template ok renders a turn
options ok # to # are single tokens
context ok longest prompt # of # tokens (# of #, tuning); # kinds
disk ok about # MB to write, # free
run ok new: de-#regions-#
scorer ok answers as the model's own forward pass does, # nats apart
scorer remark the bundled respondent is a simulation, not a finding about people or about any published model
search ok de in the space personas
memory ok # MB for the weights, # MB for a candidate, # left; plan: # at a time#
estimate part times evaluations ms each time
set-up # - # [#, #] #
naive # # # [#, #] #
persona # # # [#, #] #
icl # # # [#, #] #
tuning # # # [#, #] #
de itself # - # [#, #] #
finalists # # # [#, #] #
held-out # # # [#, #] #
null rows # # # [#, #] #
at most # evaluations; while tuning # [#, #] ms for each, measured on # candidates together in # rounds
estimated time # to #, cost about # at # an hour
the range is wider than the trial's; another load of the machine is not in it, and a search ends before its budget at a
tuned error of #
"""


@pytest.fixture
def two_rounds(monkeypatch):
    monkeypatch.setattr("harness.checks.trial._ROUNDS", 2)


def outline(text):
    """What was printed as one line, with # for each number, path, hash and choice of the machine."""
    line = " ".join(re.sub("─+", "", text).split())
    for pattern, shown in (
        (r"(?<=regions-)[0-9a-f]{8}", "#"),
        (r"below '.*?'", "below '#'"),
        (r"\((persona|icl) of [A-Z]+", "(# of #"),
        (r"plan: .*? estimate", "plan: # at a time# estimate"),
        (r"(?<!\w)-?\d+(\.\d+)?(e-?\d+)?", "#"),
        (r"# [GM]B (free|left)", r"# \1"),
        (r"# (s|min # s|min)(?=[ ,]|$)", "#"),
        # Both ends of a range may be shown by the same digits.
        (r"about # to # at", "about # at"),
    ):
        line = re.sub(pattern, shown, line)
    return line


UNFINISHED = "unfinished: the same command goes on from it, and the estimate is of the whole run"


def problems(done):
    """The numbered problems on standard error, without numbers; and what was not checked."""
    assert done.code == 2
    lines = [line.removeprefix("harness: error: ") for line in done.err.splitlines()]
    waiting = lines.pop().removeprefix("harness: not checked until those are mended: ").split(", ")
    for number, line in enumerate(lines, start=1):
        assert line.startswith(f"{number} of {len(lines)}, "), line
    return [line.split(", ", 1)[1] for line in lines], waiting


def test_a_run_that_can_begin(harness, two_rounds, tmp_path):
    done = harness(*RUN, "--price-per-hour", "2")
    assert (done.code, done.err) == (0, "")
    assert outline(done.out) == " ".join(FOUND.split())
    assert max(len(line.rstrip()) for line in done.out.splitlines()) <= 80
    assert list(tmp_path.iterdir()) == []


def test_as_json(harness, two_rounds, tmp_path):
    done = harness(*RUN, "--json", "--quiet", "--optimizer", "random,pso", "--finalists", "1", *PRICE)
    assert (done.code, done.err) == (0, "")
    content = json.loads(done.out)
    assert set(content) == {"ready", "run", "findings", "context", "prompts", "estimate"}
    assert content["ready"] and content["run"].startswith("random-pso-2regions-")
    assert content["context"] == 2048
    kinds = [one["asked"] for one in content["prompts"]]
    assert kinds[:4] == ["soft prompt, tuning", "soft prompt, validation", "soft prompt, heldout", "naive, tuning"]
    assert [one["virtual"] for one in content["prompts"]] == [10] * 3 + [0] * 6
    found = content["estimate"]
    assert (found["candidates"], found["rounds"], found["price_per_hour"]) == (2, 2, 3600)
    parts = {one["part"]: one for one in found["portions"]}
    assert [*parts] == [
        *("set-up", "naive", "persona", "icl", "tuning", "random itself", "pso itself", "held-out", "null rows")
    ]
    # The first two candidates are the same for both optimizers, and answered once.
    assert [(one["times"], one["evaluations"]) for one in parts.values()] == [
        *((1, 0), (1, 2), (2, 4), (2, 4), (22, 24), (12, 0), (12, 0), (4, 8), (2, 4))
    ]
    assert found["evaluations"] == 46
    seconds = found["seconds"]
    assert found["cost"] == pytest.approx(seconds)
    assert 0 < seconds["low"] < seconds["median"] < seconds["high"]
    middle = sum(one["times"] * one["seconds"]["median"] for one in found["portions"])
    assert seconds["median"] == pytest.approx(middle)
    assert list(tmp_path.iterdir()) == []


def test_everything_that_is_wrong_is_said_at_once(harness, monkeypatch, tmp_path):
    (tmp_path / "bad.toml").write_text("name = 3\n")
    (tmp_path / "bad.csv").write_text("code,name,kind,pdi,idv,mas,uai,lto,ivr\nUSA,Unites States,x,1,2,3,4,5,600\n")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6, 0))
    before = sorted(path.name for path in tmp_path.iterdir())
    flags = ("validate", "--survey", "bad.toml", "--memory-gb", "0.001", "--rest", "-1", "--penalty", "-2")
    flags += ("--optimizer", "dee,cma,dde", "--set", "sigma0=-1", "--set", "q=1", "--budget", "0", "--trial", "0")
    found, waiting = problems(harness(*flags, "--region", "XXX,USA,YYY"))
    wanted = [
        *("flags: unknown optimizer 'dee'", "flags: unknown optimizer 'dde'", "flags: --budget 0: expected at least 1"),
        *("flags: --rest -1: expected", "flags: --penalty -2: expected"),
        *("flags: unusable settings of optimizer 'cma': sigma0 is '-1'", "flags: unknown cma parameter 'q'"),
        *("flags: --trial 0: expected at least 1", "survey: survey 'bad.toml' row 1, name:"),
        *("regions: unknown region 'XXX'", "regions: unknown region 'YYY'", "weights: model 'respondent' needs 3.7 MB"),
        "disk: the run writes more than",
    ]
    assert [one[: len(start)] for one, start in zip(found, wanted, strict=True)] == wanted
    assert waiting == ["context", "search", "scorer", "memory", "estimate"]

    found, waiting = problems(harness("validate", "--targets", "bad.csv", "--region", "XXX", "--model", "no/body"))
    assert [one.partition(":")[0] for one in found] == ["targets", "model", "disk"]
    assert (
        "row 2 ivr: expected a number" in found[0] and "'no/body' cannot be loaded: HF_HUB_OFFLINE is set" in found[1]
    )
    assert waiting[0] == "regions"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_problems_as_json(harness):
    done = harness("validate", "--region", "XXX", "--memory-gb", "0.001", "--json")
    assert done.code == 2
    content = json.loads(done.out)
    assert (content["ready"], content["run"], content["estimate"]) == (False, None, None)
    states = {(one["check"], one["state"]) for one in content["findings"]}
    assert {("regions", "problem"), ("weights", "problem"), ("survey", "ok"), ("scorer", "not checked")} <= states
    assert [one["asked"] for one in content["prompts"]][-1] == "naive, heldout", "no region is known"


def config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def without_template(folder):
    (folder / "chat_template.jinja").unlink()


def failing_template(folder):
    (folder / "chat_template.jinja").write_text("{{ raise_exception('system first') }}")


def ending_in_a_merge(folder):
    """A tokenizer that takes a digit and the one before it together."""
    from harness.models.tokenizer import CHAT_TEMPLATE

    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["pre_tokenizer"] = content["pre_tokenizer"]["pretokenizers"][-1]
    vocabulary = content["model"]["vocab"]
    for digit in "12345":
        vocabulary[f"1{digit}"] = len(vocabulary)
        content["model"]["merges"].insert(0, ["1", digit])
    path.write_text(json.dumps(content))
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE + "1")


def short(folder):
    config(folder, max_position_embeddings=150)


def pickled(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    ("change", "check", "message", "waiting"),
    [
        (without_template, "chat template", "has no chat template: give an instruction-tuned model", "options"),
        (failing_template, "chat template", "fails on one user's turn: system first", "options"),
        (ending_in_a_merge, "options", "option '1' is not a single token after its chat template", "scorer"),
        (short, "context", "reads 150 tokens at once, the longest prompts with the answer have ", "memory"),
        (pickled, "model", "no weights in safetensors, and *.bin is a pickle, which is never read", "context"),
    ],
)
def test_a_model_that_cannot_be_asked(harness, change, check, message, waiting, tmp_path):
    from harness.models.loading import BUNDLED

    shutil.copytree(BUNDLED, tmp_path / "model")
    change(tmp_path / "model")
    found, others = problems(harness("validate", "--model", "./model", "--region", "USA,XXX"))
    assert [one.partition(":")[0] for one in found] == ["regions", check], found
    assert message in found[1]
    assert waiting in others and others[-1] == "estimate"
    if change is short:
        assert re.search(r"have (\d+) \(icl of USA, (tuning|heldout)\), \d+ ", found[1]), found[1]
        assert "give fewer --shots, or a model with a longer context" in found[1]


def test_several_things_wrong_with_a_model(harness, tmp_path):
    from harness.models.loading import BUNDLED

    shutil.copytree(BUNDLED, tmp_path / "model")
    without_template(tmp_path / "model")
    found, _ = problems(harness("validate", "--model", "./model", "--device", "tpu"))
    assert [one.partition(":")[0] for one in found] == ["device", "chat template"]
    found, _ = problems(harness("validate", "--model", "./model", "--memory-gb", "0.001"))
    assert [one.partition(":")[0] for one in found] == ["weights", "chat template"]


def test_the_search_is_checked_without_weights(harness):
    flags = ("--space", "subspace:1", "--pool", "900", "--optimizer", "cma,gradient", "--response", "greedy")
    found, waiting = problems(harness("validate", *flags, "--region", "USA", "--memory-gb", "0.001"))
    assert [one[:40] for one in found if one.startswith("search")] == [
        "search: 'gradient' with --response greed",
        "search: --pool 900: a budget of 150 eval",
        "search: optimizer 'cma' searches at leas",
    ]
    assert waiting == ["scorer", "search", "memory", "estimate"]


def test_memory_for_a_candidate(harness):
    found, waiting = problems(harness("validate", "--memory-gb", "0.009", "--region", "USA"))
    assert len(found) == 1 and found[0].startswith("memory: model 'respondent' needs about 8.5 MB beside its weights")
    assert waiting == ["estimate"]


def test_where_it_would_write(harness, tmp_path):
    (tmp_path / "file").write_text("")
    found, _ = problems(harness("validate", "--out", "file/runs", "--memory-gb", "0.001"))
    assert found[0] == "folder: --out file/runs: '" + str(tmp_path / "file") + "' is a file; give a folder"
    found, _ = problems(harness("validate", "--out", "/proc/runs", "--memory-gb", "0.001"))
    assert found[0].startswith("folder: --out /proc/runs: nothing can be written in '/proc' (")
    assert [path.name for path in Path().iterdir()] == ["file"]


def test_the_same_run_is_seen(harness, tmp_path):
    flags = ("--region", "USA", "--budget", "5", "--memory-gb", "0.009", "--out", "runs", "--json")
    run = tmp_path / "runs" / json.loads(harness("validate", *flags).out)["run"]
    run.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))

    def remark():
        (found,) = (one for one in json.loads(harness("validate", *flags).out)["findings"] if one["check"] == "run")
        return found["state"], found["text"]

    there = f"runs/{run.name}"
    assert remark() == ("remark", f"{there} is there already, {UNFINISHED}")
    assert sorted(tmp_path.rglob("*")) == before
    (run / "record.json").write_text("{}")
    assert remark() == ("remark", f"{there} is there already, finished: the same command shows its record")
