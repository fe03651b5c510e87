"""Files that a user brings, and every reader of them under what chance does: a clean result, or one line."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError, InputError, RunError
from harness.inputs import NESTED, Brought, LongLine, parse_json, parse_toml, short_lines
from harness.records.contest_directory import ContestDirectory, read_contest
from harness.records.run_directory import RunDirectory
from harness.tasks.hofstede_vsm.survey import BUNDLED as ITEMS
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import BUNDLED as SCORES
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tasks.opinions.cdeval import read_cdeval
from harness.tasks.opinions.globalopinionqa import read_globalopinionqa
from harness.tasks.opinions.worldvaluesbench import read_worldvaluesbench

ROOT = Path(__file__).resolve().parents[1]


def brought(path: Path, most: int = 100) -> Brought:
    return Brought(path, "thing 'x'", most, "expected a small one", "give another", RunError)


def reason(path: Path, most: int = 100) -> str:
    with pytest.raises(RunError) as caught:
        brought(path, most).text()
    return str(caught.value)


def test_a_file_within_its_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"\xef\xbb\xbf" + "ü".encode())
    assert brought(file, 5).text() == "ü"
    assert reason(file, 4) == "thing 'x' is over 4 bytes: expected a small one"
    assert brought(tmp_path / "none").raw_if_there() is None
    assert reason(tmp_path / "none") == "thing 'x' cannot be read (No such file or directory): give another"
    assert brought(file / "below").raw_if_there() is None


def test_a_file_that_says_no_size_is_read_up_to_its_limit() -> None:
    # Files of the kernel have size 0 and hold something all the same.
    assert os.stat("/proc/self/status").st_size == 0
    assert b"Name:" in brought(Path("/proc/self/status"), 100_000).raw()
    assert "is over 10 bytes" in reason(Path("/proc/self/status"), 10)


def test_a_pipe_with_a_writer_is_refused_too(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "(is a pipe, no file)" in reason(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("x"), daemon=True)
    writer.start()
    assert "(is a pipe, no file)" in reason(pipe)
    assert pipe.read_text() == "x"
    writer.join()


def test_what_is_put_in_the_place_of_a_file_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x"
    file.write_text("x")
    looked = os.stat

    def replaced(path: object) -> os.stat_result:
        found = looked(path)  # type: ignore[call-overload]
        if path == file and stat.S_ISREG(found.st_mode):
            file.unlink()
            os.mkfifo(file)
        return found

    monkeypatch.setattr(os, "stat", replaced)
    assert "(is a pipe, no file)" in reason(file)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused(name: str) -> None:
    assert "(is a device, no file)" in reason(Path(name)) or not Path(name).exists()


@pytest.mark.parametrize("depth", [1, NESTED, NESTED + 1, 500, 100_000])
@pytest.mark.parametrize(("parse", "before", "after"), [(parse_json, "", ""), (parse_toml, "a = ", "")])
def test_nesting_has_an_end(parse: object, before: str, after: str, depth: int) -> None:
    text = f"{before}{'[' * depth}{']' * depth}{after}"
    # The table of a TOML text is one level more.
    if depth + bool(before) <= NESTED:
        parse(text)  # type: ignore[operator]
    else:
        with pytest.raises(ValueError, match=f"nested more than {NESTED} deep"):
            parse(text)  # type: ignore[operator]


def test_halves_of_characters_are_refused_and_whole_ones_read() -> None:
    assert parse_json(r'"\ud83d\ude00"') == "\U0001f600"
    for text in (r'"\ud83d"', r'{"\uDC00": 1}', r'["a", {"b": "\ude00\ud83d"}]'):
        with pytest.raises(ValueError, match="half a character"):
            parse_json(text)


def test_a_line_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness import inputs

    monkeypatch.setattr(inputs, "LINE_CHARACTERS", 5)
    assert list(short_lines("a\r\nb\rccc\n")) == ["a\r\n", "b\r", "ccc\n"]
    with pytest.raises(LongLine, match="a line of over 5 characters"):
        list(short_lines("a\nccccc\n"))


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (
            "harness.tasks.hofstede_vsm.targets.TARGETS_ROWS",
            "targets '.*' has over 3 rows: expected one row per region",
        ),
        ("harness.tasks.hofstede_vsm.targets.TARGETS_BYTES", "targets '.*' is over 3 bytes: expected one row"),
    ],
)
def test_limits_of_targets(limit: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit, 3)
    with pytest.raises(InputError, match=said):
        load_regions(SCORES)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tables.OPINIONS_ROWS", "row 4: expected at most 3 rows"),
        ("tables.OPINIONS_COLUMNS", "row 1: expected at most 3 columns, got 5"),
        ("tables.CELL_CHARACTERS", "expected at most 3 characters, got"),
    ],
)
def test_limits_of_tables(name: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text(CDEVAL)
    monkeypatch.setattr(f"harness.tasks.opinions.{name}", 3)
    with pytest.raises(InputError, match=said):
        read_cdeval(tmp_path / "q.csv")


CDEVAL = "Domain,Dimension,Question,Option 1,Option 2\n" + "work,PDI,What of it?,This.,That.\n" * 4
SELECTIONS = "\"defaultdict(<class 'list'>, {'Japan': [0.25, 0.75], 'Peru': [0.5, 0.5]})\""
OPINIONS = f"question,selections,options,source\nIs it?,{SELECTIONS},\"['Yes', 'No']\",GAS\n"
META = {"question": "How?", "category": "Trust", "use_case": "value", "answer_data_type": "ordinal"}
META_TEXT = json.dumps({"Q1": {**META, "answer_scale_min": 1, "answer_scale_max": 4}})
WHOLE = json.loads((ROOT / "results/respondent-de/record.json").read_text())
RECORD = json.dumps({**WHOLE, "methods": [{**one, "results": one["results"][:1]} for one in WHOLE["methods"][:2]]})
CONTEST = json.loads((ROOT / "tests/golden/contest.json").read_text())


def wvb(path: Path) -> None:
    """Reads a file as the metadata, and the same as the answers."""
    (path.parent / "x_demographic_qa.tsv").write_text("D_INTERVIEW\tB_COUNTRY\n1\tJapan\n")
    (path.parent / "x_value_qa.tsv").write_text("D_INTERVIEW\tQ1\n1\t3\n")
    read_worldvaluesbench(path.parent / "x_value_qa.tsv", path)


def answers(path: Path) -> None:
    (path.parent / "meta.json").write_text(META_TEXT)
    (path.parent / "demo.tsv").write_text("D_INTERVIEW\tB_COUNTRY\n1\tJapan\n2\tPeru\n")
    read_worldvaluesbench(path, path.parent / "meta.json", path.parent / "demo.tsv")


def study(path: Path) -> None:
    from harness.benchmarks.study import read_study

    read_study(path)


def run_config(path: Path) -> None:
    from harness.cli.run_config import read_config

    read_config(path)


READERS = {
    "run.toml": (run_config, b"preset = 'quick'\nregion = ['USA']\nfirst-seed = 4\n[parameters.de]\nF = 0.5\n"),
    "survey.toml": (load_survey, ITEMS.read_bytes()),
    "targets.csv": (load_regions, SCORES.read_bytes()[:1500]),
    "study.toml": (study, b"seeds = 2\n[common]\nbudget = 4\n[[entrant]]\nlabel = 'a'\noptimizer = 'de'\n"),
    "cdeval.csv": (read_cdeval, CDEVAL.encode()),
    "cdeval.json": (
        read_cdeval,
        json.dumps([dict(zip(CDEVAL.split("\n")[0].split(","), "abcde", strict=True))]).encode(),
    ),
    "opinions.csv": (read_globalopinionqa, OPINIONS.encode()),
    "metadata.json": (wvb, META_TEXT.encode()),
    "answers.tsv": (answers, b"D_INTERVIEW\tQ1\n1\t3\n2\t4\n"),
    "record.json": (lambda path: RunDirectory(path.parent).read_record(), RECORD.encode()),
    "contest.json": (read_contest, json.dumps(CONTEST).encode()),
    "log.jsonl": (
        lambda path: ContestDirectory(path.parent).read_log(),
        b"".join(json.dumps({"cells": [cell]}).encode() + b"\n" for cell in CONTEST["cells"][:3]),
    ),
}


def one_line(error: HarnessError) -> None:
    assert str(error) and len(str(error).splitlines()) == 1
    assert len(str(error)) < 10_000


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_chance_in_the_bytes(name: str, seed: int, scrambled, tmp_path: Path) -> None:
    read, content = READERS[name]
    file = tmp_path / name
    file.write_bytes(scrambled(content, seed))
    try:
        read(file)
    except HarnessError as error:
        one_line(error)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors", "vsm.json"])
@settings(max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_chance_in_an_adapter(name: str, seed: int, scrambled, lm, tmp_path: Path) -> None:
    from harness.models.adapter import load_adapter, save_adapter

    save_adapter(tmp_path, np.zeros((3, lm.width), np.float32), lm)
    raw = (tmp_path / name).read_bytes()
    # The header of weights is where harm could be done.
    (tmp_path / name).write_bytes(scrambled(raw[:120], seed) + raw[120:])
    try:
        assert load_adapter(tmp_path, lm).shape[1] == lm.width
    except HarnessError as error:
        one_line(error)


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer_config.json", "model.safetensors", "generation_config.json"]
)
@settings(max_examples=8)
@given(seed=st.integers(0, 10**9))
def test_chance_in_a_model(name: str, seed: int, scrambled, tmp_path: Path) -> None:
    from harness.models.language_model import ModelSpec
    from harness.models.loading import BUNDLED, load

    shutil.rmtree(tmp_path / "model", ignore_errors=True)
    shutil.copytree(BUNDLED, tmp_path / "model")
    raw = (tmp_path / "model" / name).read_bytes()
    (tmp_path / "model" / name).write_bytes(scrambled(raw[:800], seed) + raw[800:])
    try:
        load(ModelSpec(name=str(tmp_path / "model"), device="cpu"))
    except HarnessError as error:
        one_line(error)


def test_the_guide_lists_every_limit() -> None:
    from harness import inputs

    text = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
    listed = {
        name: int(value.replace(",", "")) for name, value in re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+) \|", text, re.M)
    }
    assert listed == {name: value for name, value in vars(inputs).items() if name[0].isupper() and type(value) is int}
