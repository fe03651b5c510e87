from pathlib import Path

import pytest

CASES = [
    (("run", "--region", "nowhere"), "unknown region 'nowhere'"),
    (("run", "--region", "Japn"), "JPN (Japan)"),
    (("run", "--region", " , "), "no region given"),
    (("run", "--region", "ALB,USA,XXX"), "unknown region 'XXX'"),
    (("run", "--region", "BEL-XX"), "BEL-NL"),
    (("run", "--optimizer", "dee"), "expected one of de,"),
    (("run", "--optimizer", ","), "no optimizer given"),
    (("run", "--optimizer", "de,cmaes"), "unknown optimizer 'cmaes': expected one of cma,"),
    (("run", "--set", "F"), "expected NAME=VALUE"),
    (("run", "--set", "=3"), "expected NAME=VALUE"),
    (("run", "--set", "F=abc"), "F is 'abc', expected float with 0 < F <= 2"),
    (("run", "--set", "F=3"), "F is '3'"),
    (("run", "--set", "f=0.5"), "unknown de parameter 'f': expected one of F,"),
    (("run", "--set", "cma.sigma0=0.5"), "unknown optimizer in --set 'cma'"),
    (("run", "--set", "popsize=4", "--set", "variant=rand/2/bin"), "popsize"),
    (("run", "--budget", "0"), "--budget 0: expected at least 1"),
    (("run", "--budget", "many"), "Invalid value for '--budget': Input should be a valid integer"),
    (("run", "--budget", "many"), "(got 'many')"),
    (("run", "--budget=lots"), "(got 'lots')"),
    (("run", "--seeds", "0"), "--seeds 0"),
    (("run", "--first-seed", "-1"), "--first-seed -1"),
    (("run", "--tokens", "0"), "--tokens 0"),
    (("run", "--tokens", "5000"), "give fewer virtual tokens"),
    (("run", "--pool", "-1"), "--pool -1"),
    (("run", "--shots", "25"), "25 demonstrations"),
    (("run", "--start", "zero"), "unknown start 'zero'"),
    (("run", "--space", "subspace"), "subspace:D"),
    (("run", "--space", "subspace:0"), "subspace:D"),
    (("run", "--space", "sub:3"), "unknown space 'sub:3'"),
    (("run", "--space", "subspace:1", "--optimizer", "cma"), "dimension"),
    (("run", "--space", "personas:0"), "unknown space 'personas:0'"),
    (("run", "--space", "personas:99"), "span 64 dimensions"),
    (("run", "--start", "vocabulary"), "--start vocabulary with --space personas"),
    (("run", "--tokens", "1"), "are alike and span no space"),
    (("run", "--box", "-1"), "--box -1: expected a number from 0"),
    (("run", "--rest", "-1"), "--rest -1: expected a number of index points from 0"),
    (("run", "--penalty", "nan"), "--penalty nan: expected"),
    (("run", "--aggregate", "median"), "unknown aggregate 'median'"),
    (("run", "--finalists", "0"), "--finalists 0: expected at least 1"),
    (("run", "--optimizer", "gradient", "--set", "learning_rate=0"), "learning_rate is '0'"),
    (("run", "--dimensions", "PDI,XYZ"), "unknown dimension 'xyz': expected one of"),
    (("run", "--dimensions", ","), "no dimension given"),
    (("run", "--region", "GTM", "--dimensions", "lto,ivr"), "region 'GTM' has no published lto, ivr: give other"),
    (("run", "--response", "sampled"), "unknown response 'sampled': expected one of sample,"),
    (("run", "--respondents", "7"), "--respondents 7: expected an even number"),
    (("run", "--respondents", "0"), "--respondents 0: expected at least 2"),
    (("run", "--wordings", "3"), "--wordings 3: expected 1 or 2"),
    (("run", "--instrument", "heldout"), "--instrument heldout: expected its file with --survey FILE"),
    (("run", "--instrument", "other"), "unknown instrument 'other'"),
    (("run", "--optimizer", "gradient", "--response", "greedy"), "'gradient' with --response greedy"),
    (("score", "--method", "naive", "--response", "all"), "unknown response 'all'"),
    (("score", "--method", "naive", "--instrument", "heldout"), "expected its file with --survey FILE"),
    (("check", "sensitivity", "nowhere"), "run 'nowhere' has no record.json"),
    (("check", "sensitivity", "--budget", "0"), "--budget 0: expected at least 1"),
    (("check", "sensitivity", "--vintage", "missing.csv"), "targets 'missing.csv' cannot be read"),
    (("check", "sensitivity", "--out", "no/where.json"), "the folder no does not exist"),
    (("run", "--dtype", "int8"), "unknown dtype 'int8'"),
    (("run", "--scorer", "pack"), "unknown scorer 'pack': expected one of packed,"),
    (("run", "--micro-batch", "-1"), "--micro-batch -1: expected at least 0"),
    (("run", "--micro-batch", "1000"), "--micro-batch 1000: expected at most 256"),
    (("run", "--workers", "-1"), "--workers -1: expected at least 0"),
    (("run", "--memory-gb", "0"), "--memory-gb 0: expected a positive number of GB"),
    (("run", "--memory-gb", "nan"), "--memory-gb nan: expected a positive number of GB"),
    (
        ("run", "--memory-gb", "0.001"),
        "needs 3.7 MB for its weights in float32, and more to score; --memory-gb allows 1.0 MB",
    ),
    (
        ("run", "--memory-gb", "0.004"),
        "MB beside its weights for one candidate, and 0.3 MB are left: give fewer --tokens, --dtype",
    ),
    (("run", "--memory-gb", "15", "--model", "random:llama-3-8b"), "needs 32.1 GB for its weights in float32"),
    (("bench", "scorer", "--rounds", "0"), "--rounds 0: expected at least 1"),
    (("bench", "scorer", "--tokens", "0"), "--tokens 0: expected at least 1"),
    (("bench", "scorer", "--out", "."), "--out .: is a folder; give the name of a file"),
    (("bench", "scorer", "--out", "missing/file.json"), "the folder missing does not exist"),
    (("run", "--device", "abacus"), "unknown device 'abacus'"),
    (("run", "--model", "./nowhere"), "model './nowhere' is not a folder"),
    (("run", "--model", "responden"), "unknown model 'responden': expected respondent"),
    (("run", "--model", "some/gated-model"), "model 'some/gated-model' cannot be loaded"),
    (("run", "--model", "random:llama-3-9b"), "expected one of llama-3-8b"),
    (("run", "--model", "random:missing.json"), "no such file"),
    (("run", "--survey", "missing.toml"), "survey 'missing.toml' cannot be read"),
    (("run", "--targets", "missing.csv"), "targets 'missing.csv' cannot be read"),
    (("run", "--optimzer", "de"), "--optimizer"),
    (("score",), "give either --method NAME or --prompt DIR"),
    (("score", "--method", "naive", "--prompt", "x"), "one of the two"),
    (("score", "--method", "personna"), "expected one of persona"),
    (("score", "--method", "de"), "a tuned prompt is given with --prompt"),
    (("score", "--prompt", "nowhere"), "has no adapter_config.json"),
    (("leaderboard",), "RUN"),
    (("leaderboard", "nowhere"), "has no record.json"),
    (("leaderboard", "nowhere", "--format", "yaml"), "unknown format 'yaml'"),
    (("ls", "region"), "unknown listing 'region': expected one of regions,"),
    (("path", "task"), "unknown place 'task': expected one of tasks,"),
    (("respondent", "train", "--out", "."), "is not an empty folder"),
    (("respondent", "train", "--out", "new", "--steps", "-1"), "--steps -1: expected at least 3"),
    (("respondent", "train", "--out", "new", "--steps", "2"), "--steps 2: expected at least 3"),
    (("respondent", "train", "--out", "new", "--seed", "9" * 30), "expected at most"),
    (("respondent", "train", "--out", "occupied/x"), "cannot be written (Not a directory)"),
    (("run", "--budget", "9" * 30), "expected at most"),
    (("run", "--space", "subspace:" + "9" * 5000), "unknown space"),
    (("run", "--space", "subspace:1281"), "1280"),
    (("run", "--region", "USA", "--budget", "20", "--pool", "20"), "--pool 20"),
    (("run", "--device-map", "bogus"), "unknown device map 'bogus'"),
    (("run", "--device", "cuda:77"), "unknown device 'cuda:77'"),
    (("run", "--out", "occupied/x", "--region", "USA"), "run directory below 'occupied/x' cannot be made"),
    (("leaderboard", "x" * 5000), "cannot be read"),
    (("score", "--prompt", "x" * 5000), "tune it again"),
    (("ls", "runs", "--out", "x" * 5000), "cannot be read"),
    (("rnu",), "rnu"),
]


@pytest.mark.parametrize(("arguments", "reason"), CASES, ids=[" ".join(case[0])[:60] for case in CASES])
def test_one_line_exit_2_and_nothing_written(harness, arguments, reason, tmp_path):
    (tmp_path / "occupied").write_text("")
    done = harness(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("harness: error: ") and done.err.count("\n") == 1, done.err
    assert reason in done.err
    assert [path.name for path in Path().iterdir()] == ["occupied"]


def test_our_own_bugs_keep_their_traceback(harness, monkeypatch):
    from harness.cli import main
    from harness.tasks.hofstede_vsm import survey

    def broken(path=None):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(survey, "load_survey", broken)
    monkeypatch.setattr("sys.argv", ["harness", "score", "--method", "null"])
    with pytest.raises(ZeroDivisionError):
        main.run()


@pytest.mark.parametrize("arguments", [(), ("respondent",)])
def test_no_command_shows_the_help_and_no_empty_error(harness, arguments):
    done = harness(*arguments)
    assert "Usage: " in done.out + done.err
    assert "error" not in done.err


def test_control_characters_do_not_reach_the_terminal(harness):
    done = harness("run", "--device", "\x1b[31mred")
    assert done.code == 2 and "\x1b" not in done.err and "\\x1b[31mred" in done.err


def test_weights_that_answer_nothing_finite_leave_no_directory(harness, tmp_path):
    import shutil

    import torch
    from safetensors.torch import load_file, save_file

    from harness.models.loading import BUNDLED

    shutil.copytree(BUNDLED, tmp_path / "broken")
    tensors = load_file(BUNDLED / "model.safetensors")
    tensors["model.norm.weight"] = torch.full_like(tensors["model.norm.weight"], float("nan"))
    save_file(tensors, tmp_path / "broken" / "model.safetensors", metadata={"format": "pt"})
    done = harness("run", "--model", "./broken", "--region", "USA", "--budget", "4", "--out", "runs", "--quiet")
    assert done.code == 2 and "are not finite numbers" in done.err and done.err.count("\n") == 1
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_terminal_without_accents_still_lists_regions():
    import os
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "harness", "ls", "regions"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"T?rkiye" in done.stdout or b"T?rk" in done.stdout
