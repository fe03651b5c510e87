"""Flags that say who answers: what is refused, and what is no part of a run."""

import sys

import pytest


@pytest.fixture
def no_ray(monkeypatch):
    for name in [one for one in sys.modules if one == "ray" or one.startswith("ray.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ray", None)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--executor", "Ray"], "unknown executor 'Ray': expected one of ray, local"),
        (["--ray-address", "auto"], "--ray-address is for workers of a Ray cluster: give --executor ray too"),
        (["--cpus-per-worker", "2"], "--cpus-per-worker is for workers of a Ray cluster"),
        (["--gpus-per-worker", "0"], "--gpus-per-worker is for workers of a Ray cluster"),
        (["--executor", "ray", "--workers", "-1"], "--workers -1: expected at least 0"),
        (["--executor", "ray", "--cpus-per-worker", "0"], "--cpus-per-worker 0: expected at least 1"),
        (["--executor", "ray", "--gpus-per-worker", "1.5"], "--gpus-per-worker 1.5: expected a whole number from 0"),
        (["--executor", "ray", "--gpus-per-worker", "inf"], "--gpus-per-worker inf: expected a whole number from 0"),
        (["--executor", "ray", "--gpus-per-worker", "nan"], "--gpus-per-worker nan: expected a whole number from 0"),
        (["--executor", "ray", "--device", "cuda:1"], "--device cuda:1 with --executor ray"),
    ],
)
def test_flags_that_do_not_go_together_are_refused_before_a_model_is_loaded(refused, flags, reason):
    refused("run", "--region", "JPN", *flags, says=[reason])


def test_resume_has_workers_of_a_cluster_alone(refused, tmp_path):
    refused("resume", str(tmp_path), "--workers", "2", says=["--workers is for workers of a Ray cluster"])


def test_without_ray_the_fix_is_told(refused, no_ray):
    refused("run", "--region", "JPN", "--executor", "ray", says=["pip install 'vsm-harness[ray]'"])


def test_who_answers_is_no_part_of_the_run(harness):
    """The folder that a run on workers would have is that of the same run here."""
    from harness.cli.run_flags import RunFlags
    from harness.cli.run_settings import specification

    settings = harness("config", "show", "--region", "JPN").out
    assert "executor" not in settings and "ray" not in settings
    here, _ = specification(RunFlags(region="JPN"))
    assert here.scorer.workers == 0
