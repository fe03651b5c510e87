"""`harness check transfer` from the command line, on small files in the published schemas."""

import csv
import json

import numpy as np
import pytest

CDEVAL = ("Domain", "Dimension", "Question", "Option 1", "Option 2")
OPINIONS = ("question", "selections", "options", "source")
ORDINAL = {"category": "Trust", "use_case": "value", "answer_data_type": "ordinal"}


def table(path, rows, delimiter=","):
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


@pytest.fixture
def files(tmp_path):
    """Writes the three instruments into the working folder."""
    questions = [("work", name, f"What of {name}?", "This.", "That.") for name in ("PDI", "PDI", "IDV", "IDV")]
    table(tmp_path / "cdeval.csv", [CDEVAL, *questions])
    counted = "defaultdict(<class 'list'>, {'Japan': [0.25, 0.75], 'Britain': [0.5, 0.5], 'Peru': [0.9, 0.1]})"
    opinions = [(f"Is it so {n}?", counted, "['Yes', 'No']", "GAS" if n % 2 else "WVS") for n in range(6)]
    table(tmp_path / "opinions.csv", [OPINIONS, *opinions, ("", counted, "['Yes', 'No']", "GAS")])
    people = [(n, "Japan" if n % 2 else "Turkey") for n in range(8)]
    answers = [(n, 1 + n % 4, n % 3 or "") for n in range(8)]
    table(tmp_path / "full" / "full_demographic_qa.tsv", [("D_INTERVIEW", "B_COUNTRY"), *people], "\t")
    table(tmp_path / "full" / "full_value_qa.tsv", [("D_INTERVIEW", "Q1", "Q2"), *answers], "\t")
    scales = {
        f"Q{n}": ORDINAL | {"question": f"On a scale? {n}", "answer_scale_min": low, "answer_scale_max": high}
        for n, low, high in ((1, 1, 4), (2, 0, 2))
    }
    (tmp_path / "question_metadata.json").write_text(json.dumps(scales))


@pytest.fixture(scope="session")
def adapter(lm, tmp_path_factory):
    from harness.models.adapter import save_adapter

    folder = tmp_path_factory.mktemp("adapters") / "JPN"
    save_adapter(folder, np.random.default_rng(0).normal(0, 0.3, (3, lm.width)).astype(np.float32), lm)
    return folder


def test_a_prompt_stands_beside_the_naive_model(harness, files, adapter, tmp_path):
    arguments = ["--benchmark", "globalopinionqa", "--file", "opinions.csv", "--prompt", adapter]
    done = harness("check", "transfer", *arguments, "--json", "--out", "result.json")

    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert json.loads((tmp_path / "result.json").read_text()) == found
    # The folder's name says whose people are meant.
    assert (found["region"], found["labels"], found["metric"]) == ("JPN", ["Japan"], "similarity")
    assert [row["who"] for row in found["answerers"]] == [str(adapter), "naive", "world", "uniform"]
    ours, naive = (row["score"]["mean"] for row in found["answerers"][:2])
    assert found["difference"]["mean"] == pytest.approx(ours - naive) and ours != naive
    assert found["difference"]["low"] <= found["difference"]["mean"] <= found["difference"]["high"]
    assert (found["questions"], found["available"], found["left_out"]) == (6, 6, ["row 8: no question"])
    assert np.mean([answer["score"] for answer in found["answers"]]) == pytest.approx(ours)
    # The uniform answer against (1/4, 3/4), by hand: the mixture is (3/8, 5/8).
    bits = (np.log2(4 / 3) + np.log2(4 / 5) + 0.5 * np.log2(2 / 3) + 1.5 * np.log2(6 / 5)) / 4
    assert found["answerers"][3]["score"]["mean"] == pytest.approx(1 - np.sqrt(bits))
    assert {near["country"] for near in found["nearest"]} == {"Japan", "Britain", "Peru"}


def test_the_persona_on_cdeval_has_dimensions_and_published_scores(harness, files):
    done = harness(
        "check",
        "transfer",
        "--benchmark",
        "cdeval",
        "--file",
        "cdeval.csv",
        "--region",
        "JPN",
        "--method",
        "persona",
        "--json",
    )

    assert done.code == 0, done.err
    found = json.loads(done.out)
    wholes = {part["dimension"]: part for part in found["parts"] if part["group"] is None}
    assert {name: part["published"] for name, part in wholes.items()} == {"pdi": 54, "idv": 46}
    assert [row["who"] for row in found["answerers"]] == ["persona", "naive", "uniform"]
    assert found["nearest"] == [] and found["answerers"][2]["score"]["mean"] == 0.5


def test_worldvaluesbench_finds_its_files(harness, files):
    arguments = ["--benchmark", "worldvaluesbench", "--file", "full/full_value_qa.tsv", "--region", "TUR"]
    done = harness("check", "transfer", *arguments)

    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].rstrip() == "worldvaluesbench: respondent, TUR"
    assert lines[1].split() == ["who", "score", "95", "%", "<", "0.2", "mass", "gap"]
    assert [line.split()[0] for line in lines[3:6]] == ["naive", "world", "uniform"]
    flat = " ".join(done.out.split())
    assert "2 questions that people of Turkey answered; [ ]: 95 % interval over questions" in flat
    assert "the bundled respondent is a simulation" in flat and "its numbers here are noise" in flat
    assert max(map(len, lines)) <= 80


def test_the_same_command_gives_the_same_answers(harness, files):
    arguments = ["--benchmark", "cdeval", "--file", "cdeval.csv", "--limit", "3", "--seed", "5", "--json"]
    first, again = (json.loads(harness("check", "transfer", *arguments).out) for _ in range(2))
    assert first == again and (first["questions"], first["available"], first["difference"]) == (3, 4, None)


BAD = [
    (("--benchmark", "cdval", "--file", "cdeval.csv"), "unknown benchmark 'cdval': expected one of cdeval,"),
    (("--benchmark", "cdeval", "--file", "none.csv"), "cdeval file 'none.csv' cannot be read (No such file"),
    (("--benchmark", "cdeval", "--file", "opinions.csv"), "file 'opinions.csv' row 1 Domain: expected one column"),
    (("--benchmark", "cdeval", "--file", "cdeval.csv", "--country", "Japan"), "nobody answered cdeval"),
    (("--benchmark", "cdeval", "--file", "cdeval.csv", "--metadata", "x"), "belong to worldvaluesbench"),
    (("--benchmark", "cdeval", "--file", "cdeval.csv", "--limit", "-1"), "--limit -1: expected at least 0"),
    (("--benchmark", "cdeval", "--file", "cdeval.csv", "--method", "null"), "unknown method 'null'"),
    (("--benchmark", "cdeval", "--file", "cdeval.csv", "--method", "persona"), "names a region"),
    (("--benchmark", "cdeval", "--file", "cdeval.csv", "--out", "no/where"), "the folder no does not exist"),
    (("--benchmark", "globalopinionqa", "--file", "opinions.csv"), "compares with people: give their --region"),
    (("--benchmark", "globalopinionqa", "--file", "opinions.csv", "--region", "CHL"), "unknown country 'Chile'"),
    (("--benchmark", "globalopinionqa", "--file", "opinions.csv", "--country", "Perù"), "expected one of Peru,"),
    (("--benchmark", "globalopinionqa", "--file", "wrong.csv", "--region", "JPN"), "'wrong.csv' row 2 selections: "),
    (("--benchmark", "worldvaluesbench", "--file", "cdeval.csv"), "question_metadata.json' cannot be read"),
    (("--file", "cdeval.csv"), "--benchmark"),
]


@pytest.mark.parametrize(("arguments", "reason"), BAD, ids=[" ".join(case[0])[:70] for case in BAD])
def test_what_is_wrong_is_one_line(harness, files, tmp_path, arguments, reason):
    table(tmp_path / "wrong.csv", [OPINIONS, ("Is it?", "{'Japan': [0.5, 0.4]}", "['Yes', 'No']", "GAS")])
    done = harness("check", "transfer", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("harness: error: ") and done.err.count("\n") == 1, done.err
    assert reason in done.err
