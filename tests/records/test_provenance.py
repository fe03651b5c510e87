import platform
import subprocess

import harness
from harness.records import provenance


def test_versions_and_machine_are_filled_in():
    found = provenance.gather(threads=2, gpu=None)
    assert found.threads == 2
    assert found.versions["vsm-harness"] == harness.__version__
    assert found.versions["python"] == platform.python_version()
    assert set(provenance.LIBRARIES) <= set(found.versions)
    assert found.machine["cores"] >= 1 and found.machine["gpu"] is None


def git(folder, *arguments):
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_revision_and_dirty_flag(tmp_path):
    assert provenance._git(tmp_path) == (None, None)
    git(tmp_path, "init")
    (tmp_path / "__init__.py").write_text("")
    assert provenance._git(tmp_path) == (None, None)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    revision, dirty = provenance._git(tmp_path)
    assert len(revision) == 40 and dirty is False
    (tmp_path / "__init__.py").write_text("changed")
    assert provenance._git(tmp_path) == (revision, True)
