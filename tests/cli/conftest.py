import sys
from dataclasses import dataclass

import pytest

from harness.cli import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def harness(monkeypatch, capsys, tmp_path):
    """Runs the command line in this process, in an empty folder, 80 columns wide and without a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        captured = capsys.readouterr()
        return Outcome(ended.value.code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """A small finished run of two optimizers on the bundled respondent, and what it printed as JSON."""
    import json
    import subprocess

    folder = tmp_path_factory.mktemp("runs")
    command = [
        sys.executable,
        "-m",
        "harness",
        "run",
        "--optimizer",
        "de,random",
        "--region",
        "USA,CHN",
        "--budget",
        "6",
    ]
    done = subprocess.run(
        [*command, "--tokens", "3", "--out", str(folder), "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
