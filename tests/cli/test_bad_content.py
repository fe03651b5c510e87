"""Records, contests, studies, adapters and other people's questions that are damaged or say what cannot be.

Tables hold what a hand would do to them, Hypothesis what chance would: either a command works on what is left, or it
ends with one line.
"""

from __future__ import annotations

import copy
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.hofstede_vsm import survey, targets


def put(path, value):
    """A change that sets what stands at a place; `...` removes it."""

    def change(content):
        *before, last = path
        inner = content
        for part in before:
            inner = inner[part]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
        return content

    return change


FIRST = ("methods", 0, "results", 0)
RECORDS = {
    "a later version": (put(["schema_version"], 99), "schema version 99"),
    "version in words": (put(["schema_version"], "one"), 'schema version "one": expected a whole number'),
    "no version": (put(["schema_version"], ...), "has no schema_version"),
    "no methods": (put(["methods"], ...), "methods: Field required"),
    "empty methods": (put(["methods"], []), "methods: Tuple should have at least 1 item"),
    "methods are null": (put(["methods"], None), "methods: Input should be a valid tuple"),
    "methods are text": (put(["methods"], "de"), "methods: Input should be a valid tuple"),
    "a method is a number": (put(["methods", 0], 7), "methods.0: "),
    "a method twice": (
        lambda content: {**content, "methods": [*content["methods"], content["methods"][0]]},
        "methods: expected every method once",
    ),
    "unknown group": (put(["methods", 0, "group"], "best"), "methods.0.group: Input should be 'null', 'baseline'"),
    "method without results": (put(["methods", 0, "results"], ...), "methods.0.results: Field required"),
    "negative error": (put([*FIRST, "mae"], -1), "methods.0.results.0.mae: Input should be greater than or equal to 0"),
    "endless error": (put([*FIRST, "mae"], 1e300), "methods.0.results.0.mae: Input should be less than or equal to"),
    "error in words": (put([*FIRST, "mae"], "low"), "methods.0.results.0.mae: Input should be a valid number"),
    "error is a table": (put([*FIRST, "mae"], {}), "methods.0.results.0.mae: Input should be a valid number"),
    "error is NaN": (put([*FIRST, "mae"], float("nan")), "methods.0.results.0.mae: "),
    "five indices": (put([*FIRST, "indices", "ivr"], ...), "methods.0.results.0.indices: expected the keys pdi, idv"),
    "seven indices": (put([*FIRST, "indices", "x"], 1), "methods.0.results.0.indices: expected the keys pdi, idv"),
    "index without end": (put([*FIRST, "indices", "ivr"], float("inf")), "methods.0.results.0.indices.ivr: "),
    "index beyond all limits": (
        put([*FIRST, "indices", "ivr"], 1e308),
        "methods.0.results.0.indices.ivr: Input should",
    ),
    "score beyond all limits": (
        put(["targets", "scores", "USA", "ivr"], -1e308),
        "targets.scores.USA.ivr: Input should",
    ),
    "region is a number": (put([*FIRST, "region"], 1), "methods.0.results.0.region: Input should be a valid string"),
    "half a character": (put([*FIRST, "region"], "\ud800"), "half a character"),
    "seed in words": (put([*FIRST, "seed"], "one"), "methods.0.results.0.seed: Input should be a valid integer"),
    "unknown field": (put([*FIRST, "better"], 1), "methods.0.results.0.better: Extra inputs are not permitted"),
    "unknown field above": (put(["note"], "x"), "note: Extra inputs are not permitted"),
    "no model": (put(["model"], None), "model: Input should be"),
    "model without digest": (put(["model", "digest"], ...), "model.digest: Field required"),
    "no provenance": (put(["provenance"], ...), "provenance: Field required"),
    "regions are a number": (put(["spec", "regions"], 7), "spec.regions: "),
    "optimizers are text": (put(["spec", "optimizers"], "de"), "spec.optimizers: "),
    "unknown dimension scores": (put(["targets", "scores"], [1]), "targets.scores: Input should be a valid dictionary"),
    "negative seed of the bootstrap": (put(["bootstrap_seed"], -1), "bootstrap_seed: Input should be greater"),
    "timings are text": (put(["timings"], "fast"), "timings: Input should be a valid dictionary"),
    "a list": (lambda content: [content], "expected a JSON object, got a list"),
    "a number": (lambda content: 1, "expected a JSON object, got 1"),
    "null": (lambda content: None, "record.json"),
}


@pytest.fixture
def run(finished_run, tmp_path):
    """A finished run's record in a folder that can be changed, and what it holds."""
    (tmp_path / "run").mkdir()
    text = (Path(finished_run["run"]) / "record.json").read_text(encoding="utf-8")
    (tmp_path / "run" / "spec.json").write_text("{}")
    return tmp_path / "run" / "record.json", json.loads(text)


@pytest.mark.parametrize("command", [("leaderboard",), ("check", "sensitivity")], ids=" ".join)
@pytest.mark.parametrize("name", RECORDS)
def test_a_damaged_record(name, command, run, refused):
    file, content = run
    change, reason = RECORDS[name]
    file.write_text(json.dumps(change(content)))
    refused(*command, "run", says=(reason, "record.json"))


def test_a_record_cut_off_anywhere(run, refused):
    file, content = run
    text = json.dumps(content)
    for length in range(0, len(text), max(1, len(text) // 12)):
        file.write_text(text[:length])
        refused("leaderboard", "run", says="file 'run/record.json' cannot be read (")


CONTESTS = {
    "a list": "[]",
    "empty": "",
    "cut off": '{"title": "',
    "no regions": '{"title": "", "regions": [], "seeds": [0], "entrants": []}',
    "unknown key": '{"regions": ["USA"], "seeds": [0], "entrants": [], "more": 1}',
    "seeds in words": '{"regions": ["USA"], "seeds": ["a"], "entrants": []}',
    "another one": '{"regions": ["USA"], "seeds": [0], "entrants": [{"label": "a", "optimizer": "b", "settings": {}}]}',
    "half a character": '{"title": "\\ud800"}',
    "two values": "{} {}",
}


@pytest.mark.parametrize("name", CONTESTS)
def test_a_damaged_contest(name, refused, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "spec.json").write_text(CONTESTS[name])
    refused("bench", "optimizers", "--out", "old", says=("old", ";" if "regions" in CONTESTS[name] else ""))


ENTRANT = '[[entrant]]\nlabel = "a"\noptimizer = "de"\n'
STUDIES = {
    "nothing": ("", "entrant: Field required"),
    "no entrant": ("entrant = []\n", "entrant: Tuple should have at least 1 item"),
    "unknown key": (f"region = 'USA'\n{ENTRANT}", "unknown key 'region': expected one of regions"),
    "regions are a number": (f"regions = 3\n{ENTRANT}", "regions: Input should be a valid string (got 3)"),
    "unknown region": (f"regions = 'nowhere'\n{ENTRANT}", "unknown region 'nowhere'"),
    "seeds in words": (f"seeds = 'three'\n{ENTRANT}", "seeds: Input should be a valid integer"),
    "too many seeds": (f"seeds = 100000\n{ENTRANT}", "seeds: Input should be less than or equal to 10000"),
    "no seeds": (f"seeds = 0\n{ENTRANT}", "seeds: Input should be greater than or equal to 1"),
    "endless title": (f"title = '{'x' * 100}'\n{ENTRANT}", "title: String should have at most 80 characters"),
    "escape code in the title": (f'title = "\\u001b[31m"\n{ENTRANT}', "title: expected printable text on one line"),
    "targets are a number": (f"targets = 1\n{ENTRANT}", "targets: Input should be a valid string"),
    "targets are missing": (f"targets = 'no.csv'\n{ENTRANT}", "targets 'no.csv' cannot be read"),
    "label twice": (ENTRANT + ENTRANT, "entrant 'a': the label is taken"),
    "no label": ("[[entrant]]\noptimizer = 'de'\n", "label: Field required"),
    "label is a number": ("[[entrant]]\nlabel = 1\noptimizer = 'de'\n", "label: Input should be a valid string"),
    "no optimizer": ("[[entrant]]\nlabel = 'a'\n", "optimizer: Field required"),
    "unknown optimizer": ("[[entrant]]\nlabel = 'a'\noptimizer = 'dee'\n", "unknown optimizer 'dee'"),
    "unknown setting": (f"{ENTRANT}budgt = 3\n", "unknown setting 'budgt': expected one of budget"),
    "setting of the contest": (f"{ENTRANT}seeds = 3\n", "unknown setting 'seeds'"),
    "budget 0": (f"{ENTRANT}budget = 0\n", "budget: Input should be greater than or equal to 1 (got 0)"),
    "budget NaN": (f"{ENTRANT}budget = nan\n", "budget: Input should be a"),
    "penalty without end": (f"{ENTRANT}penalty = inf\n", "penalty: Input should be a finite number"),
    "unknown space": (f"{ENTRANT}space = 'sub:3'\n", "space.kind: Input should be"),
    "space without dimensions": (f"{ENTRANT}space = 'subspace'\n", "space has 0 dimensions"),
    "unknown parameter": (f"{ENTRANT}parameters = {{f = 1}}\n", "unknown de parameter 'f'"),
    "parameters are text": (f"{ENTRANT}parameters = 'F=1'\n", "parameters: Input should be a valid dictionary"),
    "parameters of all are text": (f"{ENTRANT}[common]\nparameters = 1\n", "common: parameters: expected a table"),
    "common is a list": (f"common = []\n{ENTRANT}", "common: Input should be a valid dictionary"),
    "an entrant is a number": ("entrant = [1]\n", "entrant.0: Input should be a valid dictionary"),
    "table twice": (f"{ENTRANT}[common]\n[common]\n", "is not TOML"),
    "a date": (f"seeds = 2013-01-01\n{ENTRANT}", "seeds: Input should be a valid integer"),
    "model of its own": (f"{ENTRANT}model = 'other'\n", "unknown setting 'model'"),
}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_that_says_what_cannot_be(name, refused, tmp_path):
    content, reason = STUDIES[name]
    (tmp_path / "s.toml").write_text(content)
    refused("bench", "optimizers", "--study", "s.toml", says=reason)


CDEVAL = "Domain,Dimension,Question,Option 1,Option 2\n"
OPINIONS = "question,selections,options,source\n"
WORK = "work,PDI,What?,This.,That.\n"
QUESTIONS = {
    "no rows": ("cdeval", CDEVAL, "has no question"),
    "column missing": ("cdeval", "Domain,Dimension,Question,Option 1\n", "row 1 Option 2: expected one column"),
    "column twice": ("cdeval", "Domain," + CDEVAL, "row 1 Domain: expected one column of this name, got 2"),
    "too few cells": ("cdeval", CDEVAL + "work,PDI\n", "row 2: expected 5 cells, got 2"),
    "unknown dimension": ("cdeval", CDEVAL + WORK.replace("PDI", "XYZ"), "row 2 Dimension: expected one of PDI, IDV"),
    "no question": ("cdeval", CDEVAL + WORK.replace("What?", ""), "row 2 Question: String should have at least 1"),
    "same options": ("cdeval", CDEVAL + WORK.replace("That.", "this."), "row 2 Option 2: expected another text than"),
    "quote left open": ("cdeval", CDEVAL + '"work', "row 2: no CSV (unexpected end of data)"),
    "endless cell": ("cdeval", CDEVAL + WORK.replace("What?", "x" * 140_000), "expected at most 131072 characters"),
    "endless header": ("cdeval", "x," * 20_000 + CDEVAL, "expected at most 10000 columns, got 20005"),
    "NUL byte": ("globalopinionqa", OPINIONS + "Why?\0,{},[],x\n", "file 'mine.csv' row 2"),
    "selections are code": (
        "globalopinionqa",
        OPINIONS + "Why?,__import__('os').mkdir('made'),\"['a', 'b']\",x\n",
        "row 2 selections: expected a literal list or dict and nothing else",
    ),
    "options are code": (
        "globalopinionqa",
        OPINIONS + "Why?,{'A': []},\"[print(1)]\",x\n",
        "row 2 options: expected a literal",
    ),
    "nested literal": ("globalopinionqa", OPINIONS + f"Why?,{'(' * 5000},\"['a', 'b']\",x\n", "expected a literal"),
    "shares that do not sum": (
        "globalopinionqa",
        OPINIONS + "Why?,\"{'Japan': [0.5, 0.1]}\",\"['a', 'b']\",x\n",
        "row 2 selections: 'Japan': expected shares from 0 to 1 that sum to 1",
    ),
    "one option": (
        "globalopinionqa",
        OPINIONS + "Why?,{'Japan': [1]},['a'],x\n",
        "row 2 options: expected at least 2 options, got 1",
    ),
    "a number without end": (
        "globalopinionqa",
        OPINIONS + f"Why?,{{'Japan': [{'9' * 5000}]}},['a'],x\n",
        "row 2",
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_that_are_none(name, refused, tmp_path):
    benchmark, content, reason = QUESTIONS[name]
    (tmp_path / "mine.csv").write_text(content)
    command = ("check", "transfer", "--benchmark", benchmark, "--file", "mine.csv")
    refused(
        *command, *(() if benchmark == "cdeval" else ("--region", "JPN")), says=(f"{benchmark} file 'mine.csv'", reason)
    )


OBJECTS = {
    "no JSON": ("{", "row 1: no JSON"),
    "a number": ("1", "row 1: expected an object, got '1'"),
    "a field twice": ('{"Domain": "a", "Domain": "b"}', "'Domain' stands in it twice"),
    "a field is a number": ('{"Domain": 1}', "row 1 Domain: expected a text, got 1"),
    "nested": ('{"Domain": ' + "[" * 500 + "]" * 500 + "}", "nested more than 100 deep"),
    "half a character": ('{"Domain": "\\udfff"}', "half a character"),
    "list of lists": ("[[1]]", "row 1: expected an object"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_questions_in_json_that_are_none(name, refused, tmp_path):
    content, reason = OBJECTS[name]
    (tmp_path / "mine.jsonl").write_text(content)
    refused(
        "check", "transfer", "--benchmark", "cdeval", "--file", "mine.jsonl", says=("cdeval file 'mine.jsonl'", reason)
    )


CONFIG, WEIGHTS, ORIGIN = "adapter_config.json", "adapter_model.safetensors", "vsm.json"


def header(text, data=b""):
    raw = text.encode()
    return len(raw).to_bytes(8, "little") + raw + data


TENSOR = '{"prompt_embeddings": {"dtype": "F32", "shape": %s, "data_offsets": [0, %s]}}'
ADAPTERS = {
    "no JSON": (CONFIG, b"{", "has no readable adapter_config.json"),
    "a list": (CONFIG, b"[]", "of 'peft_type' None"),
    "nested": (CONFIG, b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "nested more than 100 deep"),
    "endless number": (CONFIG, b'{"peft_type": ' + b"9" * 5000 + b"}", "has no readable adapter_config.json"),
    "origin is text": (ORIGIN, b'"x"', "has 'model' None in vsm.json: expected text"),
    "origin without digest": (ORIGIN, b'{"model": "x"}', "has 'digest' None in vsm.json: expected text"),
    "weights are empty": (WEIGHTS, b"", "has no readable adapter_model.safetensors"),
    "header of no end": (WEIGHTS, b"\xff" * 16, "has no readable adapter_model.safetensors"),
    "header is no JSON": (WEIGHTS, header("{"), "has no readable adapter_model.safetensors"),
    "claims more than there is": (WEIGHTS, header(TENSOR % ("[9, 128]", 4608)), "has no readable adapter_model"),
    "claims a shape without end": (WEIGHTS, header(TENSOR % ("[99999999999, 128]", 4), b"1234"), "has no readable"),
    "claims a negative shape": (WEIGHTS, header(TENSOR % ("[-1, 128]", 4), b"1234"), "has no readable"),
    "no tensor": (WEIGHTS, header("{}"), "has no tensor 'prompt_embeddings'"),
    "no tokens": (WEIGHTS, header(TENSOR % ("[0, 128]", 0)), "has 0 virtual tokens"),
    "a pickle": (WEIGHTS, b"\x80\x04\x95", "has no readable adapter_model.safetensors"),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_that_is_none(name, refused, quick, lm, tmp_path):
    from harness.models.adapter import save_adapter

    file, content, reason = ADAPTERS[name]
    save_adapter(tmp_path / "tuned", np.zeros((3, lm.width), np.float32), lm)
    (tmp_path / "tuned" / file).write_bytes(content)
    refused("score", "--prompt", "tuned", says=("prompt 'tuned' ", reason))


# What chance does to a file, and what a command then does.

VALUES = [
    None,
    True,
    -1,
    0,
    1,
    10**400,
    1e308,
    -1e308,
    float("nan"),
    "",
    "x",
    "\x1b[31m",
    "\ud800",
    "ü\n",
    [],
    {},
    [[]],
]


def places(content, before=()):
    """Every place in a JSON value."""
    yield before
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inner:
        yield from places(value, (*before, key))


def mutated(content, seed):
    """The content with one value changed, removed, doubled or nested."""
    chance = random.Random(seed)
    place = chance.choice(list(places(content))[1:])
    how = chance.choice(["value", "value", "value", "remove", "nest", "number"])
    changed = copy.deepcopy(content)
    *before, last = place
    inner = changed
    for part in before:
        inner = inner[part]
    if how == "remove":
        del inner[last]
    elif how == "nest":
        inner[last] = [inner[last]] * 2
    elif how == "number" and isinstance(inner[last], (int, float)):
        inner[last] *= chance.choice([-1, 0, 1e3, 1e30])
    else:
        inner[last] = chance.choice(VALUES)
    return changed


def clean(done):
    """A command either did what it should or ended with one line."""
    assert done.code in (0, 2), done
    if done.code == 2:
        assert done.err.startswith("harness: error: ") and done.err.count("\n") == 1 and not done.out, done.err


@settings(max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_chance_in_a_record(seed, run, harness):
    file, content = run
    file.write_text(json.dumps(mutated(content, seed)))
    clean(harness("leaderboard", "run", *(("--regions", "--by-dimension") if seed % 2 else ("--json",))))
    clean(harness("check", "sensitivity", "run"))


@settings(max_examples=40)
@given(seed=st.integers(0, 10**9))
def test_chance_in_the_bytes_of_files(seed, harness, quick, scrambled, tmp_path):
    files = {
        "survey": (survey.BUNDLED.read_bytes(), ("score", "--method", "null", "--region", "USA", "--survey")),
        "targets": (targets.BUNDLED.read_bytes()[:2000], ("score", "--method", "null", "--targets")),
        "study": ((STUDIES["label twice"][0] + "[common]\nbudget = 3\n").encode(), ("bench", "optimizers", "--study")),
        "questions": (
            (CDEVAL + WORK * 3).encode(),
            ("check", "transfer", "--benchmark", "cdeval", "--limit", "1", "--file"),
        ),
    }
    content, command = list(files.values())[seed % len(files)]
    (tmp_path / "mine").write_bytes(scrambled(content, seed))
    if command[1] != "optimizers":
        clean(harness(*command, "mine"))
    else:
        # Without an entrant more than the label that is taken twice, nothing is run.
        done = harness(*command, "mine", "--region", "nowhere")
        assert done.code == 2 and done.err.count("\n") == 1
    shutil.rmtree(tmp_path / "results", ignore_errors=True)
