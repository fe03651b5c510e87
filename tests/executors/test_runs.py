"""Whole runs on a real Ray cluster of three nodes: what they find is what one process finds, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

# Small searches of regions by themselves, so that there is something to do at once.
SMALL = ("--region", "JPN,USA", "--no-share", "--optimizer", "de,random", "--seeds", "2", "--budget", "16")
SMALL = (*SMALL, "--tokens", "3", "--scorer", "packed")
PATIENCE = 240.0


class Runs:
    """Starts runs as a user does; all of them with one thread, which decides last digits."""

    def __init__(self, address, folder):
        self.folder = folder
        self.address = address

    def ray(self, workers):
        return ("--executor", "ray", "--ray-address", self.address, "--workers", str(workers), "--gpus-per-worker", "0")

    def start(self, *arguments, out=None):
        words = [sys.executable, "-m", "harness", *arguments, *(("--out", str(self.folder / out)) if out else ())]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        # Whoever runs the tests may ignore interrupts, as a job in the background does.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        finally:
            signal.signal(signal.SIGINT, before)

    def done(self, process):
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        return out, err

    def directory(self, out):
        (found,) = (self.folder / out).iterdir()
        return found

    def wait_for(self, out, lines, process):
        """Waits until the journal of a run has so many lines; its own process must not end before."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            journals = list((self.folder / out).glob("*/journal.jsonl")) if (self.folder / out).exists() else []
            if journals and len(journals[0].read_bytes().splitlines()) >= lines:
                return
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        raise AssertionError(f"no {lines} lines of the journal in {PATIENCE} s")

    def record(self, out):
        return json.loads((self.directory(out) / "record.json").read_text())

    def answers(self, out):
        """What the journal holds, in an order of its own: streams may have been filled in any."""
        lines = [json.loads(line) for line in (self.directory(out) / "journal.jsonl").read_text().splitlines()]
        apart = ("check", "seconds")
        kept = [{key: one[key] for key in one if key not in apart} for one in lines if "answers" in one]
        return sorted(json.dumps(one, sort_keys=True) for one in kept)

    def tuned(self, out):
        """Lines of the search, with the number of candidates in the answers' place."""
        lines = [json.loads(line) for line in (self.directory(out) / "journal.jsonl").read_text().splitlines()]
        return [one | {"answers": len(one["answers"]["item_means"])} for one in lines if one.get("phase") == "tuning"]

    def same(self, out, other="local"):
        """Both runs found the same and kept the same."""
        mine, theirs = self.record(out), self.record(other)
        assert mine["methods"] == theirs["methods"]
        assert mine["spec_digest"] == theirs["spec_digest"] and mine["scorer"] == theirs["scorer"]
        assert self.answers(out) == self.answers(other)
        return mine


@pytest.fixture(scope="module")
def runs(nodes, tmp_path_factory):
    found = Runs(nodes.address, tmp_path_factory.mktemp("runs"))
    found.done(found.start("run", *SMALL, "--quiet", out="local"))
    assert found.record("local")["execution"] is None
    return found


def workers():
    """Processes of workers that have a model."""
    return [
        one for one in psutil.process_iter(["cmdline"]) if (one.info["cmdline"] or [""])[0].startswith("ray::Resident")
    ]


def test_three_nodes_find_what_one_process_finds(runs):
    _, err = runs.done(runs.start("run", *SMALL, *runs.ray(3), out="three"))
    record = runs.same("three")
    execution = record["execution"]
    assert {worker["node"] for worker in execution["workers"]} == {"n1", "n2", "n3"}
    # What a search remembers of a first sample is not answered again.
    answered = sum(one["answers"] for one in runs.tuned("three"))
    assert sum(worker["candidates"] for worker in execution["workers"]) == execution["candidates"] == answered < 8 * 16
    assert (execution["retried"], execution["executor"]) == (0, "ray")
    assert record["model"] == runs.record("local")["model"]
    assert "starting 3 Ray workers of 1 CPU each" in err


def test_a_killed_worker_and_a_lost_node_cost_their_batches_only(runs, nodes):
    process = runs.start("run", *SMALL, *runs.ray(3), out="faults")
    runs.wait_for("faults", 12, process)
    workers()[0].send_signal(signal.SIGKILL)
    runs.wait_for("faults", 20, process)
    nodes.remove("n2", kill=True)
    _, err = runs.done(process)
    nodes.complete()
    runs.same("faults")
    assert "was lost" in err


def test_a_killed_driver_leaves_no_worker_and_the_run_goes_on_elsewhere(runs):
    process = runs.start("run", *SMALL, *runs.ray(2), out="driver")
    runs.wait_for("driver", 14, process)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + PATIENCE
    while workers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not workers(), "workers outlive their driver"

    # On the cluster again, until somebody presses Ctrl-C; then in one process.
    folder = str(runs.directory("driver"))
    process = runs.start("resume", folder, *runs.ray(2))
    kept = len((runs.directory("driver") / "journal.jsonl").read_bytes().splitlines())
    runs.wait_for("driver", kept + 5, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and f"resume {folder}" in err, err
    _, err = runs.done(runs.start("resume", folder))
    assert "going on with" in err
    record = runs.same("driver")
    assert record["execution"] is None
    assert [one["executor"] for one in record["provenance"]["earlier"]] == ["ray"]


def test_what_one_process_began_goes_on_with_workers(runs):
    process = runs.start("run", *SMALL, out="begun")
    runs.wait_for("begun", 20, process)
    process.kill()
    process.communicate()
    runs.done(runs.start("resume", str(runs.directory("begun")), *runs.ray(2)))
    record = runs.same("begun")
    assert [one["executor"] for one in record["provenance"]["earlier"]] == ["local"]
    execution = record["execution"]
    assert len(execution["workers"]) == 2 and 0 < execution["candidates"] < 8 * 16
