"""What may go wrong while a run goes on: nothing answered is lost, and it goes on when the fault is mended."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SMALL = ("run", "--region", "USA,CHN", "--budget", "10", "--tokens", "3", "--out", "runs", "--quiet")
# Which layout is faster depends on the hour, and the last digits on the layout.
SMALL = (*SMALL[:3], "--scorer", "packed", *SMALL[3:])


@pytest.fixture
def harness(harness, lm, monkeypatch):
    """The command line with a model that is loaded once."""
    from harness.cli import options

    monkeypatch.setattr(options, "load_quietly", lambda spec: lm)
    return harness


@pytest.fixture(scope="session")
def undisturbed(completed, tmp_path_factory):
    """What a run leaves that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    completed(folder, *SMALL)
    return kept(folder / "runs")


def kept(runs):
    """The record without times, and prompts, of the only run in a folder."""
    (path,) = runs.iterdir()
    record = json.loads((path / "record.json").read_text())
    for name in ("started", "timings", "execution"):
        del record[name]
    return json.dumps(record), {one.name: one.read_bytes() for one in (path / "adapters").rglob("*.safetensors")}


def stopped(done, *parts):
    """One line that says what happened and how to go on."""
    assert done.code == 2 and done.out == "", done.err
    (line,) = done.err.splitlines()
    assert line.startswith("harness: error: ") and all(part in line for part in parts), line
    (path,) = Path("runs").iterdir()
    assert line.endswith(f"; what was answered is kept, go on with: harness resume {path.absolute()}"), line
    return path


def goes_on(harness, path, undisturbed):
    done = harness("resume", path, "--quiet")
    assert done.code == 0, done.err
    assert kept(Path("runs")) == undisturbed


@pytest.mark.parametrize(
    ("code", "most"),
    [(errno.ENOSPC, 20_000), (errno.EFBIG, 40_000), (errno.EROFS, 20_000), (errno.EDQUOT, 40_000)],
)
def test_a_disk_that_takes_no_more_of_the_journal(harness, undisturbed, monkeypatch, code, most):
    from harness.records import journal

    written = 0

    def write(file, data, real=os.write):
        nonlocal written
        if written + len(data) > most:
            data = data[: most - written]
        if not data:
            raise OSError(code, os.strerror(code))
        written += len(data)
        return real(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "write", write)
        path = stopped(harness(*SMALL), f"journal.jsonl' cannot be written ({os.strerror(code)})")
    assert (path / "journal.jsonl").read_bytes().endswith(b"\n"), "half a line stayed"
    goes_on(harness, path, undisturbed)


@pytest.mark.parametrize("name", ["record.json", "adapters"])
def test_a_disk_that_takes_no_prompt_or_record(harness, undisturbed, monkeypatch, name):
    from harness.records import files

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if name == "adapters":
            patch.setattr("harness.models.adapter.save_file", fail)
        else:
            replace = os.replace
            patch.setattr(files.os, "replace", lambda a, b: fail() if Path(b).name == name else replace(a, b))
        path = stopped(harness(*SMALL), "cannot be written (No space left on device)")
    assert not (path / "record.json").exists()
    goes_on(harness, path, undisturbed)


IN_A_NAMESPACE = ("unshare", "--map-root-user", "--mount")
PERMITTED = shutil.which("unshare") and not subprocess.run([*IN_A_NAMESPACE, "true"], capture_output=True).returncode


@pytest.mark.skipif(not PERMITTED, reason="the system lets nobody mount a small disk; the tests above stand in for it")
def test_a_real_disk_that_is_full_and_one_that_becomes_read_only(tmp_path, undisturbed):
    # One process gives the command three times, for loading its libraries takes longer than a run.
    script = f"""if True:
        import subprocess, sys
        from harness.__main__ import main

        sys.argv[1:] = {[*SMALL[:-3], "--out", "disk", "--quiet"]}
        for options in ("size=36k", "remount,size=4m,ro", "remount,rw"):
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", "disk"], check=True)
            try:
                main()
            except SystemExit as ended:
                print("exit", ended.code, file=sys.stderr)
    """
    (tmp_path / "disk").mkdir()
    words = ["sh", "-c", '"$@" && cp -r disk runs', "sh", sys.executable, "-c", script]
    done = subprocess.run([*IN_A_NAMESPACE, *words], cwd=tmp_path, capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert len(lines) == 6 and [lines[1], lines[3], lines[5]] == ["exit 2", "exit 2", "exit 0"], done.stderr
    assert "journal.jsonl' cannot be written (No space left on device)" in lines[0]
    assert "; what was answered is kept, go on with: " in lines[0]
    assert "lock' cannot be written (Read-only file system)" in lines[2]
    assert lines[4].startswith("going on with disk/")
    assert kept(tmp_path / "runs") == undisturbed


def test_a_limit_on_the_size_of_files(harness, tmp_path, undisturbed):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))

    words = [sys.executable, "-m", "harness", *SMALL]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "journal.jsonl' cannot be written (File too large)" in line
    command = re.search(r"go on with: .* -m harness (.*)$", line)[1]
    again = harness(*shlex.split(command), "--quiet")
    assert again.code == 0, again.err
    assert kept(tmp_path / "runs") == undisturbed


def test_a_folder_where_nothing_can_be_written(harness):
    done = harness(*SMALL[:-3], "--out", "/proc/runs", "--quiet")
    assert done.code == 2
    assert done.err == (
        "harness: error: run directory below '/proc/runs' cannot be made (No such file or directory): give --out a "
        "folder that can be written\n"
    )


def test_memory_that_runs_out_half_way(harness, undisturbed, monkeypatch):
    from harness.models.scorer import Scorer

    calls = 0

    def scarce(self, soft, real=Scorer._score):
        nonlocal calls
        calls += 1
        if calls > 40:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory")
        return real(self, soft)

    with monkeypatch.context() as patch:
        patch.setattr(Scorer, "_score", scarce)
        path = stopped(harness(*SMALL), "model 'respondent' needs about", "and memory ran out")
    goes_on(harness, path, undisturbed)


def spoilt(monkeypatch, share, value, which=lambda soft: True):
    """Answers of about a share of all soft prompts, always the same ones, become NaN or infinity."""
    from harness.models.scorer import Scorer

    def answer(self, soft, real=Scorer._score):
        logs = real(self, soft)
        for row, front in enumerate(soft):
            number = int(hashlib.sha256(np.ascontiguousarray(front).tobytes()).hexdigest()[:4], 16) / 65536
            if front.size and number < share and which(front):
                logs[row, ::5] = value
        return logs

    monkeypatch.setattr(Scorer, "_score", answer)


@pytest.mark.parametrize(
    ("optimizer", "value"),
    # An optimizer is told NaN whatever the value was.
    [("de", "nan"), ("de", "-inf"), ("de", "inf"), ("cma", "nan"), ("random", "-inf")],
)
def test_candidates_without_finite_answers_are_counted_and_never_kept(harness, monkeypatch, value, optimizer):
    command = (*SMALL, "--optimizer", optimizer, "--budget", "20")
    with monkeypatch.context() as patch:
        spoilt(patch, 0.2, float(value))
        patch.setattr("harness.tuning.nulls.random_prompt", lambda prompt, rng: prompt)
        done = harness(*command)
        assert done.code == 0, done.err
        (path,) = Path("runs").iterdir()
        record = json.loads((path / "record.json").read_text())
        tuned = [row for one in record["methods"] if one["group"] == "tuned" for row in one["results"]]
        assert sum(row["failed"] for row in tuned) > 0
        assert all(np.isfinite(row["mae"]) and np.isfinite(row["mae_tuned"]) for row in tuned)
        content = (path / "journal.jsonl").read_text()
        assert "NaN" not in content and "Infinity" not in content and "null" in content
        # What failed is not tried again when the run goes on.
        (path / "record.json").unlink()
        assert harness("resume", path, "--quiet").code == 0
        again = json.loads((path / "record.json").read_text())
    assert again["methods"] == record["methods"]


def test_a_generation_without_any_finite_answer_stops_the_run_and_is_asked_again(harness, undisturbed, monkeypatch):
    from harness.tuning.evaluator import Evaluator

    asked = 0

    def count(self, vectors, known, turn, real=Evaluator.answer):
        nonlocal asked
        asked += 1
        if asked > 1:
            spoilt(patch, 1.0, float("nan"))
        return real(self, vectors, known, turn)

    with monkeypatch.context() as patch:
        patch.setattr(Evaluator, "answer", count)
        reason = "every candidate of generation 1 for region 'USA' failed (de, seed 0; "
        path = stopped(
            harness(*SMALL), reason, "the answers are not finite numbers; check the model's weights, or load"
        )
    assert b'"USA",1,' not in (path / "journal.jsonl").read_bytes()
    goes_on(harness, path, undisturbed)


def test_a_model_that_answers_nothing_finite_stops_at_once_and_leaves_nothing(harness, monkeypatch):
    from harness.models.scorer import Scorer

    real = Scorer._score
    monkeypatch.setattr(Scorer, "_score", lambda self, soft: real(self, soft) * float("nan"))
    done = harness(*SMALL)
    assert done.code == 2
    assert "answers for region 'USA' are not finite numbers" in done.err and "go on with" not in done.err
    assert list(Path("runs").iterdir()) == []


def test_a_clock_that_goes_back(harness, undisturbed, monkeypatch):
    from datetime import datetime

    from harness.tuning import opening

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2199, 1, 1, tzinfo=tz)

    with monkeypatch.context() as patch:
        patch.setattr(opening, "datetime", Later)
        patch.setattr("harness.tuning.session.write_adapter", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert harness(*SMALL).code == 130
    (path,) = Path("runs").iterdir()
    goes_on(harness, path, undisturbed)
    record = json.loads((path / "record.json").read_text())
    assert record["started"] == "2199-01-01T00:00:00+00:00"
    assert all(seconds > 0 for seconds in record["timings"].values())


@pytest.mark.parametrize("where", ["link", "Ünï ço∂é \U0001f30d", "-", "a'b\"c", "x" * 200])
def test_paths_that_are_links_or_hard_to_write(harness, undisturbed, where):
    Path("real").mkdir()
    if where == "link":
        Path("link").symlink_to("real")
    folder = Path(".") / where
    assert harness(*SMALL[:-3], "--out", f"./{where}", "--quiet").code == 0
    assert kept(folder) == undisturbed
    (path,) = folder.iterdir()
    # The run itself may be a link too.
    moved = Path("real").absolute() / "moved"
    path.rename(moved)
    path.symlink_to(moved)
    (path / "record.json").unlink()
    assert harness("resume", f"./{path}", "--quiet").code == 0
    record = json.loads((moved / "record.json").read_text())
    assert record["run_id"] == path.name and not (moved / "lock").exists()


def test_a_reader_of_the_output_that_goes_away(tmp_path, undisturbed):
    """Of all output, as where a log's `tee` dies; the record is written all the same."""
    words = [sys.executable, "-m", "harness", *SMALL[:-1]]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        process.stdout.readline()
        process.stdout.close()
    assert process.returncode == 1
    assert kept(tmp_path / "runs") == undisturbed
