"""`harness check labels` and `harness check text-agreement`: their whole output, their JSON, and what they refuse."""

import json
import re
from pathlib import Path

import pytest

LABELS = """\
respondent, persona: indices by labels
labels pdi idv mas uai lto ivr mae gap differ agree mass
#-# # # # # # # # # # # #
#-# # # # # # # # # # # #
A-E # # # # # # # # # # *#
E-A # # # # # # # # # # *#
verbal # # # # # # # # # # *#
JPN # # # # # #
held-out wordings, index points; mae: mean absolute error against the scores of
JPN; gap: mean absolute difference between the option orders; differ: mean
absolute difference of the indices from those of #-#; agree: share of the
prompts with the same most probable answer as under #-#; mass: probability on
the five answers, mean over the prompts
#-#, E-A: the labels run backwards over options that stay in place; verbal: no
labels, the option's own words, summed over their tokens; an answer always
counts by what its option says
* mass below # under A-E, E-A, verbal: the model mostly says something else
there, so its indices are not an answer to the survey
the bundled respondent is a simulation, not a finding about people or about any
published model
"""
TEXTS = """\
respondent, naive: text against first token
parsed refused unparsed cut same rate # % kappa differ
# # # # # - - - -
indices
read from pdi idv mas uai lto ivr
text - - - - - -
first token # # # # # #
expected # # # # # #
# of # texts that differ or are no answer, on
the items' own scales
item order is text/first text
# forward unparsed -/# "#"
# forward unparsed -/# "#"
# prompts on held-out wordings, answered greedily in at most # tokens; parsed:
names exactly one option; cut: not ended by the model; same: parsed texts that
give the most probable first token's answer; rate: their share of the parsed,
with Wilson's interval; kappa: Cohen's; differ: mean absolute difference, points
of the answer scale
first token: the most probable option; expected: the mean over all five, which
is how methods are scored; probability on the five options as first tokens:
#
no indices from text: # of # texts are no answer, and none is made up for them
# texts were cut after # tokens; --max-new-tokens sets how much is written and
read
the bundled respondent is a simulation, not a finding about people or about any
published model
it was trained on first tokens alone and ends no answer: --max-new-tokens #
reads what it was trained for
"""


def outline(text):
    """What was printed with # for each number, without rules and with single spaces."""
    lines = [" ".join(re.sub(r"(?<!\w)-?\d+(\.\d+)?", "#", line).split()) for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines if line and "──" not in line)


def test_labels_are_shown(harness):
    done = harness("check", "labels", "--method", "persona", "--region", "JPN")
    assert (done.code, done.err) == (0, "")
    assert outline(done.out) == LABELS
    table = done.out.partition("held-out")[0]
    assert max(len(line.rstrip()) for line in table.splitlines()) <= 80


def test_labels_as_json(harness, tmp_path):
    survey = tmp_path / "mine.toml"
    text = Path(harness("path", "tasks").out.strip(), "hofstede_vsm", "items.toml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("instruction_")]
    survey.write_text("\n".join(kept), encoding="utf-8")
    done = harness("check", "labels", "--survey", survey, "--json", "--out", "labels.json")
    assert (done.code, done.err) == (0, "")
    content = json.loads(done.out)
    assert content == json.loads((tmp_path / "labels.json").read_text())
    assert set(content) == {
        *("schema_version", "check", "model", "provenance", "survey", "method", "shots"),
        *("region", "targets", "rows", "missing", "threshold"),
    }
    assert (content["check"], content["method"], content["region"]) == ("labels", "naive", None)
    assert [row["scheme"] for row in content["rows"]] == ["1-5", "5-1"]
    assert set(content["missing"]) == {"A-E", "E-A", "verbal"}
    naive = json.loads(harness("score", "--method", "naive", "--region", "USA", "--json").out)["regions"]["USA"]
    assert content["rows"][0]["indices"] == pytest.approx(naive["indices"], abs=0.01)


def test_texts_are_shown(harness):
    done = harness("check", "text-agreement", "--show", "2", "--max-new-tokens", "9")
    assert (done.code, done.err) == (0, "")
    assert outline(done.out) == TEXTS


def test_texts_as_json(harness, tmp_path):
    done = harness(
        *("check", "text-agreement", "--region", "SVK", "--method", "persona"),
        *("--max-new-tokens", "1", "--json", "--out", "texts.json"),
    )
    assert (done.code, done.err) == (0, "")
    content = json.loads(done.out)
    assert content == json.loads((tmp_path / "texts.json").read_text())
    assert set(content) == {
        *("schema_version", "check", "model", "provenance", "survey", "method", "shots", "region", "targets"),
        "max_new_tokens",
        *("prompts", "parsed", "refused", "unparsed", "cut", "option_mass", "agreement"),
        *("text", "first_token", "expected", "answers"),
    }
    assert (content["parsed"], content["agreement"]["rate"], len(content["answers"])) == (48, 1.0, 48)
    assert content["text"] == content["first_token"]
    naive = json.loads(harness("score", "--method", "persona", "--region", "SVK", "--json").out)["regions"]["SVK"]
    assert content["expected"]["mae"] == pytest.approx(naive["mae"], abs=0.01)


@pytest.mark.parametrize("command", ["labels", "text-agreement"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "personna"), "unknown method 'personna': expected one of persona"),
        (("--method", "persona"), "--method persona names a region: give one with --region"),
        (("--method", "naive", "--prompt", "x"), "both --method and --prompt"),
        (("--prompt", "nowhere"), "has no adapter_config.json"),
        (("--region", "core"), "--region core: 4 regions, expected one"),
        (("--region", "Japn"), "JPN (Japan)"),
        (("--shots", "25"), "25 demonstrations"),
        (("--survey", "missing.toml"), "survey 'missing.toml' cannot be read"),
        (("--targets", "missing.csv", "--region", "JPN"), "targets 'missing.csv' cannot be read"),
        (("--out", "missing/x.json"), "the folder missing does not exist"),
        (("--dtype", "int8"), "unknown dtype 'int8'"),
        (("--model", "./nowhere"), "model './nowhere' is not a folder"),
    ],
)
def test_what_does_not_go_is_one_line(harness, command, arguments, message):
    done = harness("check", command, *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--max-new-tokens", "0"), "--max-new-tokens 0: expected at least 1"),
        (("--max-new-tokens", "4097"), "--max-new-tokens 4097: expected at most 4096"),
        (("--max-new-tokens", "4096"), "its answer may have 4096: give --max-new-tokens"),
        (("--show", "-1"), "--show -1: expected at least 0"),
    ],
)
def test_numbers_out_of_range(harness, arguments, message):
    done = harness("check", "text-agreement", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_targets_without_a_region(harness, tmp_path):
    (tmp_path / "t.csv").write_text("code,name,kind,pdi,idv,mas,uai,lto,ivr\nXX,Somewhere,x,1,2,3,4,5,6\n")
    done = harness("check", "labels", "--targets", "t.csv")
    assert (done.code, done.out) == (2, "")
    assert done.err == ("harness: error: --targets t.csv without a region to compare with: give one with --region\n")
