"""Paths that lead to what is no file: each flag that takes a file, with everything that a path can lead to.

A pipe would keep a reader for ever, and /dev/zero would fill the memory; both are refused like a missing file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from harness.records.run_directory import RunDirectory

READS = {
    "survey": ("score", "--method", "null", "--survey", "PATH"),
    "held-out survey": ("run", "--instrument", "heldout", "--survey", "PATH"),
    "targets": ("ls", "regions", "--targets", "PATH"),
    "study": ("bench", "optimizers", "--study", "PATH"),
    "vintage": ("check", "sensitivity", "good", "--vintage", "PATH"),
    "cdeval": ("check", "transfer", "--benchmark", "cdeval", "--file", "PATH"),
    "globalopinionqa": ("check", "transfer", "--benchmark", "globalopinionqa", "--file", "PATH", "--region", "USA"),
    "metadata": ("check", "transfer", "--benchmark", "worldvaluesbench", "--file", "a.tsv", "--metadata", "PATH"),
    "record": ("leaderboard", "PATH:record.json"),
    "record of a check": ("check", "sensitivity", "PATH:record.json"),
    "contest": ("bench", "optimizers", "--out", "PATH:spec.json"),
    "adapter's configuration": ("score", "--prompt", "PATH:adapter_config.json"),
    "adapter's configuration of side effects": ("side-effects", "--prompt", "PATH:adapter_config.json"),
    "adapter's origin": ("check", "labels", "--prompt", "PATH:vsm.json"),
    "adapter's weights": ("check", "labels", "--prompt", "PATH:adapter_model.safetensors"),
    "model": ("score", "--method", "naive", "--model", "PATH:config.json"),
    "random model": ("score", "--method", "naive", "--model", "random:PATH.json"),
}
"""PATH:NAME is a folder in which one file is odd."""


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3_000_000_000)


KINDS = {
    "missing": (lambda path: None, ()),
    "folder": (lambda path: path.mkdir(), ()),
    "pipe": (lambda path: os.mkfifo(path), ()),
    "endless": (lambda path: path.symlink_to("/dev/zero"), ()),
    "link to nothing": (lambda path: path.symlink_to("nothing"), ()),
    "link to itself": (lambda path: path.symlink_to(path.name), ()),
    "empty": (lambda path: path.write_bytes(b""), ()),
    "NUL bytes": (lambda path: path.write_bytes(b"\0" * 64), ()),
    "UTF-16": (lambda path: path.write_text("{}\n", encoding="utf-16"), ()),
    "byte order mark alone": (lambda path: path.write_bytes(b"\xef\xbb\xbf"), ()),
    "Latin-1": (lambda path: path.write_bytes("name = 'Ü'".encode("latin-1")), ()),
    "nested": (lambda path: path.write_text('{"a": ' + "[" * 9000 + "]" * 9000 + "}"), ()),
    "huge": (sparse, ()),
}


@pytest.fixture
def place(tmp_path, lm):
    """Makes what a flag reads, with the odd file in its place, and says how the command is given."""
    from harness.models.adapter import save_adapter
    from harness.models.loading import BUNDLED

    def make(words: tuple[str, ...], kind: str) -> list[str]:
        save_adapter(tmp_path / "odd", np.zeros((3, lm.width), np.float32), lm)
        given = []
        for word in words:
            before, marked, rest = word.partition("PATH")
            if not marked:
                given.append(word)
                continue
            if rest.startswith(":"):
                if rest == ":config.json":
                    for file in BUNDLED.iterdir():
                        (tmp_path / "odd" / file.name).symlink_to(file)
                    (tmp_path / "odd" / "adapter_config.json").unlink()
                odd, name = tmp_path / "odd" / rest[1:], "odd"
                odd.unlink(missing_ok=True)
            else:
                name = f"odd-file{rest}"
                odd = tmp_path / name
            KINDS[kind][0](odd)
            given.append(before + name)
        return given

    return make


# A prompt needs neither its origin nor its empty file; what is missing there is no mistake.
FINE = {("adapter's origin", "missing"), ("adapter's origin", "link to nothing"), ("contest", "missing")}
CASES = [(read, kind) for read in READS for kind in KINDS if (read, kind) not in FINE]


@pytest.mark.parametrize(("read", "kind"), CASES, ids=lambda value: value.replace(" ", "-"))
def test_whatever_a_path_leads_to(read, kind, refused, quick, place):
    command = place(READS[read], kind)
    refused(*command, says="odd")


def test_a_task_that_is_a_pipe(refused, place, tmp_path):
    command = place(("side-effects", "--prompt", "PATH:x"), "missing")
    (tmp_path / "tasks").mkdir()
    os.mkfifo(tmp_path / "tasks" / "mine.yaml")
    refused(
        *command, "--tasks", "mine", "--include-path", "tasks", says="--include-path 'tasks': 'mine.yaml' is no file"
    )


def test_a_file_that_may_not_be_read(refused, monkeypatch, tmp_path):
    (tmp_path / "secret.csv").write_text("code\n")
    opened = os.open

    def denied(path, *arguments, **named):
        if str(path).endswith("secret.csv"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **named)

    # The user that runs the tests may be one to whom nothing is forbidden.
    monkeypatch.setattr(os, "open", denied)
    refused("ls", "regions", "--targets", "secret.csv", says="'secret.csv' cannot be read (Permission denied): give a")


@pytest.mark.parametrize(
    "command", [("check", "labels"), ("bench", "asks"), ("bench", "scorer"), ("bench", "wrappers")]
)
def test_a_result_is_written_to_a_file_alone(command, refused, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    refused(*command, "--out", "pipe", says="--out pipe: is no file")
    (tmp_path / "loop").symlink_to("loop")
    refused(*command, "--out", "loop/x.json", says="--out loop/x.json: ")
    monkeypatch.setattr(os, "access", lambda *_: False)
    refused(*command, "--out", "new.json", says="--out new.json: cannot be written (Permission denied)")


def test_a_study_whose_targets_cannot_be(refused, tmp_path):
    study = 'regions = "core"\ntargets = "a\\u0000b"\n[[entrant]]\nlabel = "de"\noptimizer = "de"\n'
    (tmp_path / "s.toml").write_text(study)
    refused("bench", "optimizers", "--study", "s.toml", says="cannot be read (")


def test_a_run_that_was_not_finished_says_so(refused, tmp_path):
    RunDirectory.create(tmp_path, "half", json.loads("{}"))
    refused("leaderboard", "half", says="run 'half' has no record.json")
