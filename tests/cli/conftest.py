import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
import typer

from harness.cli import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def command_line():
    """The command line, put together once: that takes longer than most commands of a test."""
    return typer.main.get_command(main.app)


@pytest.fixture
def harness(command_line, monkeypatch, capsys, tmp_path):
    """Runs the command line in this process, in an empty folder, 80 columns wide and without a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(main, "app", command_line)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        captured = capsys.readouterr()
        return Outcome(ended.value.code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def completed(command_line):
    """Runs a command that succeeds, in this process and a folder, for what several tests share; what it printed."""

    def call(folder, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(folder)
            patch.setenv("COLUMNS", "80")
            patch.setenv("NO_COLOR", "1")
            patch.setattr(main, "app", command_line)
            patch.setattr(sys, "argv", ["harness", *map(str, arguments)])
            with pytest.raises(SystemExit) as ended:
                main.run()
        assert ended.value.code == 0, err.getvalue()
        return out.getvalue()

    return call


@pytest.fixture(scope="session")
def finished_run(completed, tmp_path_factory):
    """A small finished run of two optimizers on the bundled respondent, and what it printed as JSON."""
    import json

    folder = tmp_path_factory.mktemp("runs")
    size = ("--region", "USA,CHN", "--budget", "6", "--tokens", "3")
    return json.loads(completed(folder, "run", "--optimizer", "de,random", *size, "--out", folder, "--json"))


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


def contents(folder):
    """Every file, folder and link below a folder with what it holds; what is neither is named alone."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            # A file of holes is as large as it says and takes minutes to read.
            held = path.stat()
            found[name] = path.read_bytes() if held.st_size < 10_000_000 else (held.st_size, held.st_mtime_ns)
        else:
            found[name] = "folder" if path.is_dir() else "special"
    return found


@pytest.fixture
def refused(harness, tmp_path):
    """Runs a command that the user has to mend; the line it ends with.

    It is one line on standard error with exit code 2, nothing else is printed, and the working folder is as it was.
    Each of `says` stands in the line.
    """

    def call(*arguments, says=()):
        before = contents(tmp_path)
        done = harness(*arguments)
        assert done.code == 2, (done.code, done.out[-500:], done.err[-2000:])
        assert done.out == ""
        assert done.err.startswith("harness: error: ") and done.err.count("\n") == 1, done.err
        assert done.err.rstrip("\n").isprintable() and len(done.err) < 1300
        assert contents(tmp_path) == before
        for part in (says,) if isinstance(says, str) else says:
            assert part in done.err, done.err
        return done.err

    return call


@pytest.fixture
def quick(monkeypatch, lm):
    """The bundled respondent is loaded once for all commands; any other model as ever."""
    from harness.cli import options
    from harness.models.language_model import ModelSpec

    load = options.load_quietly
    known = (ModelSpec(), ModelSpec(device="cpu"))
    monkeypatch.setattr(options, "load_quietly", lambda spec: lm if spec in known else load(spec))
