"""`harness bench executor`, so small that its figures mean nothing: are they there, and do they agree?"""

import json
import subprocess
import sys

import pytest

SMALL = (
    *("bench", "executor", "--ray-address", "local", "--rounds", "1", "--candidates", "32", "--dimensions", "64"),
    *("--workers", "1,2", "--load-workers", "3", "--load-candidates", "130", "--latency", "0.01"),
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """In a process of its own, for it decides the threads of one."""
    path = tmp_path_factory.mktemp("bench") / "executor.json"
    words = [sys.executable, "-m", "harness", *SMALL, "--out", str(path), "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(path.read_text()), done.stdout


def test_the_json(measured):
    found, _ = measured
    one, two = found["scaling"]
    assert (one["workers"], two["workers"]) == (1, 2)
    assert one["of_linear"] == one["alone"] == {"median": 1.0, "low": 1.0, "high": 1.0}
    ratio = two["candidates_per_second"]["median"] / one["candidates_per_second"]["median"]
    assert two["of_linear"]["median"] == pytest.approx(ratio / 2)
    (row,) = found["overhead"]
    assert 0 < row["seam"]["median"] < row["search"]["median"]
    load = found["load"]
    # What searches remember of their first sample is not answered again; here each has its own.
    assert (load["workers"], load["searches"], load["candidates"]) == (3, 65, 130)
    assert 0 < load["utilisation"] <= 1 and load["seconds"] > 0
    counts = [point["candidates"] for point in load["curve"]]
    assert counts == sorted(counts) and counts[-1] <= 130
    assert all(point["memory_mb"] > 50 for point in load["curve"])


def test_the_tables(measured):
    _, out = measured
    for shown in ("what workers gain", "what a candidate costs the driver", "the driver of 3 workers"):
        assert shown in out
    flat = " ".join(out.split())
    assert "3 simulated workers, 130 candidates of 64 numbers in 65 searches by de" in flat
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--parts", "scalling"], "unknown part 'scalling': expected one of scaling, load, overhead"),
        (["--parts", " , "], "--parts ' , ': expected some of scaling, overhead, load"),
        (["--dimensions", "100"], "--dimensions 100: expected multiples of 64, such as 128"),
        (["--workers", "0"], "--workers '0': expected whole numbers of 1 to 64"),
        (["--latency", "0"], "--latency 0: expected seconds above 0, at most 3600"),
        (["--latency", "nan"], "--latency nan: expected seconds above 0"),
        (["--load-workers", "1000"], "--load-workers 1000: expected at most 512"),
        (["--load-candidates", "10"], "--load-candidates 10: expected at least 65"),
        (["--candidates", "3"], "--candidates 3: expected at least 16"),
        (["--rounds", "0"], "--rounds 0: expected at least 1"),
        (["--ray-address", "ray://somewhere:10001"], "is one of Ray Client"),
    ],
)
def test_bad_flags(refused, flags, reason):
    refused("bench", "executor", "--quiet", *flags, says=[reason])
