"""One process at a time; what a dead one leaves behind is no obstacle."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from harness.errors import RunError
from harness.records import lock as module
from harness.records.lock import locked

HOLD = "import sys, time; from pathlib import Path; from harness.records.lock import locked\n"
HOLD += "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def write(folder, **changes):
    holder = {"pid": 2**22 + 7, "host": socket.gethostname(), "since": "2026-01-01T00:00:00+00:00"}
    (folder / "lock").write_text(json.dumps(holder | changes))


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path, other):
    with pytest.raises(RunError) as caught, locked(tmp_path):
        pass
    assert str(caught.value).startswith(f"run '{tmp_path}' is being worked on by process {other.pid} on ")
    assert socket.gethostname() in str(caught.value) and "--fresh" in str(caught.value)


def test_the_lock_of_a_killed_process_is_taken_over_and_told(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / "lock").is_file()
    with locked(tmp_path) as left:
        assert left.startswith(f"process {other.pid} on {socket.gethostname()}, since 20")
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()
    assert not (tmp_path / "lock").exists()


def test_a_free_lock_tells_of_nobody_and_goes(tmp_path):
    with locked(tmp_path) as left:
        assert left == ""
    with locked(tmp_path) as left:
        assert left == ""
    assert list(tmp_path.iterdir()) == []


def test_it_goes_when_the_work_fails_and_in_a_directory_that_is_gone(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path):
        (tmp_path / "lock").unlink()
        tmp_path.rmdir()


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, '{"pid": "me"}', "\0" * 50])
def test_a_lock_that_names_nobody_is_free(tmp_path, content):
    (tmp_path / "lock").write_text(content)
    with locked(tmp_path) as left:
        assert left == ""


class TestWithoutLocks:
    """File systems that know no locks: the name in the file has to do."""

    @pytest.fixture(autouse=True)
    def _no_locks(self, monkeypatch):
        def refuse(file, how):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(module.fcntl, "flock", refuse)

    def test_a_process_of_this_machine_is_looked_up(self, tmp_path):
        write(tmp_path)
        with locked(tmp_path) as left:
            assert left.startswith(f"process {2**22 + 7} on ")
        write(tmp_path, pid=os.getppid())
        with pytest.raises(RunError, match=f"being worked on by process {os.getppid()} on"), locked(tmp_path):
            pass

    def test_one_elsewhere_is_believed_until_somebody_removes_the_file(self, tmp_path):
        write(tmp_path, host="elsewhere")
        with (
            pytest.raises(RunError, match="cannot tell whether that is still at work: if it is gone, remove"),
            locked(tmp_path),
        ):
            pass
        assert (tmp_path / "lock").is_file()


def test_where_nothing_can_be_written_it_is_one_line(tmp_path):
    with pytest.raises(RunError, match="cannot be written"), locked(tmp_path / "missing"):
        pass


@pytest.mark.parametrize("kind", ["link", "loop", "pipe"])
def test_what_is_no_plain_file_is_refused_and_nothing_behind_it_is_written(tmp_path, kind):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    if kind == "pipe":
        os.mkfifo(tmp_path / "lock")
    else:
        (tmp_path / "lock").symlink_to(precious if kind == "link" else "lock")
    with pytest.raises(RunError, match=r"lock' is no plain file of this run: remove it"), locked(tmp_path):
        pass
    assert precious.read_text() == "mine"
