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


@pytest.fixture
def other_survey(tmp_path):
    """A questionnaire on the same items in words that the bundled one has in no split."""
    import json

    from harness.respondent.contexts import Wordings
    from harness.tasks.hofstede_vsm.survey import load_survey

    bundled = load_survey()
    lines = ['name = "other-words"', 'version = "1"', f"instruction = {json.dumps(bundled.instruction)}", "[scales]"]
    lines += [f"{name} = {json.dumps(list(labels))}" for name, labels in bundled.scales.items()]
    for item, texts in zip(bundled.items, Wordings.read(bundled).paraphrases, strict=True):
        # The phrase of one stem is part of no other stem's sentence.
        a, b, c, d, e = (f"{text} Please say so." for text in texts[:: max(1, len(texts) // 5)][:5])
        lines += ["[[items]]", f"id = {item.id}", f'topic = "{item.topic}"', f'scale = "{item.scale}"']
        lines += [f'direction = "{item.direction}"', f'index = "{item.index}"', f"sign = {item.sign}"]
        lines += ["[items.wordings]", f"tuning = {json.dumps([a, b])}", f"validation = {json.dumps(c)}"]
        lines += [f"heldout = {json.dumps(d)}", f"demonstration = {json.dumps(e)}"]
    path = tmp_path / "other.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
