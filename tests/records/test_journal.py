"""What stands in a journal is what was written, or the line that does not is named."""

import errno
import json
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RunError
from harness.records import journal as module
from harness.records.header import earlier
from harness.records.journal import Journal, read_journal

ENTRIES = [{"a": 1}, {"b": [0.1, None, -3e-17]}, {"c": "ü\n\u2028"}, {"d": {"e": []}}]


@pytest.fixture
def path(tmp_path):
    with Journal(tmp_path / "journal.jsonl") as journal:
        for entry in ENTRIES:
            journal.append(entry)
    return tmp_path / "journal.jsonl"


def entries(path):
    return [line.entry for line in read_journal(path)]


def test_lines_come_back_as_they_were(path):
    assert entries(path) == ENTRIES
    assert [line.number for line in read_journal(path)] == [1, 2, 3, 4]
    assert all(set(json.loads(line)) > {"check"} for line in path.read_text(encoding="utf-8").splitlines())


def test_opening_again_goes_on_where_it_ended(path):
    with Journal(path) as journal:
        assert [line.entry for line in journal.lines] == ENTRIES and journal.torn == 0
        journal.append({"f": 2})
    assert entries(path) == [*ENTRIES, {"f": 2}]


@given(st.data())
def test_a_file_cut_off_anywhere_keeps_its_whole_lines(tmp_path, data):
    path = tmp_path / "cut.jsonl"
    path.unlink(missing_ok=True)
    with Journal(path) as journal:
        for entry in ENTRIES:
            journal.append(entry)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    kept = content[:cut].count(b"\n")
    assert entries(path) == ENTRIES[:kept]
    with Journal(path) as journal:
        assert journal.torn == cut - (content[:cut].rfind(b"\n") + 1)
        journal.append({"next": 1})
    assert entries(path) == [*ENTRIES[:kept], {"next": 1}]


def test_a_tail_of_zeros_as_a_power_cut_leaves_it_is_dropped(path):
    path.write_bytes(path.read_bytes() + b"\0" * 500)
    with Journal(path) as journal:
        assert journal.torn == 500
    assert entries(path) == ENTRIES


@given(st.data())
def test_any_other_change_names_its_line(tmp_path, data):
    path = tmp_path / "changed.jsonl"
    path.unlink(missing_ok=True)
    with Journal(path) as journal:
        for entry in ENTRIES:
            journal.append(entry)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != content[place]))
    row = content[:place].count(b"\n") + 1
    was_end = content[place : place + 1] == b"\n"
    content[place] = byte
    path.write_bytes(content)
    with pytest.raises(RunError) as caught:
        Journal(path)
    # A line whose end is gone has become one with the next.
    found = re.search(r"changed.jsonl'(?:, line (\d+))?", str(caught.value))
    assert (int(found[1]) if found[1] else 1) == row, was_end
    assert path.read_bytes() == bytes(content), "what is damaged is left for somebody to look at"


@pytest.mark.parametrize("change", ["delete", "swap", "repeat"])
def test_lines_that_are_whole_but_not_in_their_place_show(path, change):
    lines = path.read_bytes().splitlines(keepends=True)
    changed = {
        "delete": [lines[0], *lines[2:]],
        "swap": [lines[0], lines[2], lines[1], lines[3]],
        "repeat": [lines[0], lines[1], lines[1], *lines[2:]],
    }[change]
    path.write_bytes(b"".join(changed))
    row = 3 if change == "repeat" else 2
    with pytest.raises(RunError, match=rf"line {row}: is damaged, its checksum does not fit it and the line before"):
        Journal(path)


def test_a_journal_of_an_earlier_version_says_so(tmp_path):
    (tmp_path / "old.jsonl").write_text('{"spec":{}}\n')
    with pytest.raises(RunError, match="has no checksums, as an earlier version wrote it"):
        Journal(tmp_path / "old.jsonl")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_a_write_that_fails_half_way_leaves_nothing_behind(path, monkeypatch, code):
    before = path.read_bytes()

    def half(file, data, real=os.write):
        if len(data) <= 40:
            raise OSError(code, os.strerror(code))
        return real(file, data[:40])

    with Journal(path) as journal:
        monkeypatch.setattr(module.os, "write", half)
        with pytest.raises(RunError, match=re.escape(f"cannot be written ({os.strerror(code)})")):
            journal.append({"long": "x" * 200})
        monkeypatch.undo()
        assert path.read_bytes() == before
        journal.append({"short": 1})
    assert entries(path) == [*ENTRIES, {"short": 1}]


def test_a_line_that_the_disk_did_not_take_does_not_stand(path, monkeypatch):
    def fail(file):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with Journal(path) as journal:
        monkeypatch.setattr(module.os, "fsync", fail)
        with pytest.raises(RunError, match="Input/output error"):
            journal.append({"a": 2})
        monkeypatch.undo()
    assert entries(path) == ENTRIES


def test_answers_are_read_when_they_are_asked_for(path):
    with Journal(path) as journal:
        journal.append({"about": "it", "answers": {"means": [0.1, None]}})
    with Journal(path) as journal:
        assert journal.lines[-1].entry == {"about": "it", "answers": None}
        assert journal.answers(journal.lines[-1]) == {"means": [0.1, None]}
    assert entries(path)[-1] == {"about": "it", "answers": {"means": [0.1, None]}}


def test_another_writer_is_noticed(path):
    with Journal(path) as one, Journal(path) as other:
        one.append({"mine": 1})
        with pytest.raises(RunError, match="was written to by another program"):
            other.append({"theirs": 1})
    assert entries(path) == [*ENTRIES, {"mine": 1}]


def test_what_is_no_plain_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/full", "/dev/zero"):
        with pytest.raises(RunError, match=r"no plain file|Is a directory"):
            Journal(tmp_path / path)
        with pytest.raises(RunError, match="no plain file"):
            read_journal(tmp_path / path)


def test_a_line_without_end_is_refused_and_not_read_into_memory(path, monkeypatch):
    monkeypatch.setattr(module, "LINE_CHARACTERS", 64)
    path.write_bytes(path.read_bytes() + b"x" * 100)
    with pytest.raises(RunError, match="line 5: is over 64 bytes"):
        Journal(path)


def test_numbers_that_json_lacks_are_refused(path):
    with Journal(path) as journal, pytest.raises(ValueError, match="JSON"):
        journal.append({"value": float("nan")})
    assert entries(path) == ENTRIES


def test_a_line_is_on_the_disk_before_the_run_goes_on(path, monkeypatch):
    order = []
    monkeypatch.setattr(module.os, "write", lambda f, d, real=os.write: order.append("write") or real(f, d))
    monkeypatch.setattr(module.os, "fsync", lambda f, real=os.fsync: order.append("fsync") or real(f))
    with Journal(path) as journal:
        journal.append({"a": 1})
        order.append("returned")
    assert order[-3:] == ["write", "fsync", "returned"]


def test_a_link_is_refused_and_what_it_leads_to_is_left_alone(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine, without an end of line")
    (tmp_path / "link.jsonl").symlink_to(precious)
    with pytest.raises(RunError, match="no plain file"):
        Journal(tmp_path / "link.jsonl")
    assert precious.read_text() == "mine, without an end of line"


def test_a_last_line_of_something_else_is_no_torn_one(path):
    content = path.read_bytes() + b"notes of mine"
    path.write_bytes(content)
    with pytest.raises(RunError, match=f"line {len(ENTRIES) + 1}: is damaged, it is no part of a line"):
        Journal(path)
    assert path.read_bytes() == content


def test_processes_are_told_apart_by_what_they_said():
    now = {"threads": 2, "executor": "local"}
    assert earlier([{"threads": 2}, now], now) == ()
    assert earlier([{"threads": 2, "executor": "ray"}, {"threads": 1}], now) == (
        {"threads": 2, "executor": "ray"},
        {"threads": 1},
    )
