"""Flags and paths that say what cannot be: one line, exit 2, nothing written. Files are in test_bad_files.py.

Every command and every flag stands in one of these tables, which a test holds to the commands themselves.
"""

from pathlib import Path

import numpy as np
import pytest
import typer

from harness.cli import main

RUN = str(Path(__file__).parents[2] / "results" / "respondent-de")
"""A finished run."""
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
    (("run", "--block", "9", "--no-share"), "--block 9 with --no-share: "),
    (("run", "--block", "0"), "--block 0: expected at least 1"),
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
    (("report", "nowhere", "--out", "x.html"), "run 'nowhere' has no record.json"),
    (("report", "nowhere", "--out", "no/x.html", "--title", "x"), "the folder no does not exist"),
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
    (("run", "--preset", "cii"), "unknown preset 'cii': expected one of ci, quick, full; see 'harness ls presets'"),
    (("run", "--preset", ""), "unknown preset ''"),
    (("run", "--config", "missing.toml"), "config 'missing.toml' cannot be read (No such file or directory)"),
    (("run", "--config", "small.csv"), "config 'small.csv' row 1 is not TOML"),
    (("run", "--config", "x" * 5000), "cannot be read (File name too long)"),
    (("run", "--config", "\udcff"), "cannot be read"),
    (("run", "--preset", "ci", "--budget", "0"), "--budget 0: expected at least 1"),
    (("config", "shwo"), "shwo"),
    (("config", "show", "--preset", "cii"), "unknown preset 'cii'"),
    (("config", "show", "--config", "missing.toml"), "config 'missing.toml' cannot be read"),
    (("config", "show", "--survey", "missing.toml"), "survey 'missing.toml' cannot be read"),
    (("config", "show", "--targets", "missing.csv"), "targets 'missing.csv' cannot be read"),
    (("config", "show", "--out", "x"), "--out"),
    (("config", "show", "nowhere"), "'nowhere' has no spec.json of a run: give the directory of one"),
    (("config", "show", "occupied"), "'occupied' has no spec.json of a run"),
    (("config", "show", "x" * 5000), "cannot be read"),
    (("config", "show", "nowhere", "--preset", "ci"), "RUN and preset ci: a run has settings of its own"),
    (("config", "show", "--device-map", "auto", "--device", "cpu", "--model", "x", "--tokens", "0"), "--tokens 0"),
]
SETTINGS = ("--device-map", "--device", "--model", "--tokens")
"""Flags of a run that are refused once there is a model, and `harness config show` loads none."""

MODEL = [
    (("--model", "./nowhere"), "model './nowhere' is not a folder"),
    (("--model", "responden"), "unknown model 'responden': expected respondent"),
    (("--model", "random:llama-3-9b"), "expected one of llama-3-8b"),
    (("--model", "random:missing.json"), "no such file"),
    (("--model", "occupied"), "model 'occupied' is not a folder"),
    (("--model", ""), "model '' is not a folder"),
    (("--model", "\udcff"), "model"),
    (("--model", "x" * 5000), "is not a folder"),
    (("--dtype", "int8"), "unknown dtype 'int8': expected one of"),
    (("--device", "abacus"), "unknown device 'abacus': expected auto or"),
    (("--device", "cuda:99"), "unknown device 'cuda:99'"),
    (("--device-map", "bogus"), "unknown device map 'bogus': expected one of"),
    (("--memory-gb", "0"), "--memory-gb 0: expected a positive number of GB"),
    (("--memory-gb", "nan"), "--memory-gb nan: expected a positive number of GB"),
    (("--memory-gb", "much"), "(got 'much')"),
    (("--memory-gb", "0.001"), "--memory-gb allows 1.0 MB"),
]
"""What every command with a model refuses alike."""
ASKING = {
    "run": ("run", "--region", "USA"),
    "score": ("score", "--method", "naive"),
    "labels": ("check", "labels"),
    "text-agreement": ("check", "text-agreement"),
    "transfer": ("check", "transfer", "--benchmark", "cdeval", "--file", "occupied.csv"),
    "side-effects": ("side-effects", "--prompt", "tuned"),
    "scorer": ("bench", "scorer"),
    "optimizers": ("bench", "optimizers"),
}
SURVEYED = {name: command for name, command in ASKING.items() if name != "side-effects"}
TARGETED = {name: command for name, command in SURVEYED.items() if name != "scorer"}
SUBJECTS = [
    (("--method", "personna"), "unknown method 'personna': expected one of persona"),
    (("--method", "naive", "--prompt", "tuned"), "both --method and --prompt: give one of the two"),
    (("--method", "persona"), "--method persona names a region: give one with --region"),
    (("--region", "nowhere"), "unknown region 'nowhere'"),
    (("--region", "USA,CHN"), "--region USA,CHN: 2 regions, expected one"),
    (("--region", ","), "no region given"),
    (("--shots", "25"), "25 demonstrations"),
    (("--shots", "-1"), "-1 demonstrations"),
    (("--prompt", "nowhere"), "prompt 'nowhere' has no adapter_config.json"),
    (("--prompt", "occupied"), "prompt 'occupied' has no adapter_config.json"),
    (("--out", "."), "--out .: is a folder"),
    (("--out", "no/where.json"), "the folder no does not exist"),
    (("--out", "occupied/x.json"), "the folder occupied does not exist"),
    (("--out", "x" * 5000), "cannot be written (File name too long)"),
]
"""What every check of a subject refuses alike."""
CHECKS = {name: ASKING[name] for name in ("labels", "text-agreement", "transfer")}
CONTEST = [
    (("--optimizer", "dee"), "unknown optimizer 'dee': expected one of de"),
    (("--optimizer", ","), "no optimizer given"),
    (("--region", "nowhere"), "unknown region 'nowhere'"),
    (("--seeds", "0"), "--seeds 0: expected at least 1"),
    (("--seeds", "99999"), "seeds"),
    (("--first-seed", "-1"), "--first-seed -1"),
    (("--budget", "0"), "--budget 0"),
    (("--budget", "9" * 30), "expected at most"),
    (("--set", "F"), "expected NAME=VALUE"),
    (("--set", "nothing=1"), "unknown de parameter 'nothing'"),
    (("--set", "F=9"), "F is '9'"),
    (("--start", "zero"), "unknown start 'zero'"),
    (("--space", "sub:3"), "unknown space 'sub:3'"),
    (("--space", "subspace:0"), "unknown space 'subspace:0'"),
    (("--tokens", "0"), "--tokens 0"),
    (("--pool", "-1"), "--pool -1"),
    (("--study", "missing.toml"), "study 'missing.toml' cannot be read"),
    (("--scorer", "pack"), "unknown scorer 'pack'"),
    (("--micro-batch", "-1"), "--micro-batch -1"),
    (("--workers", "1000"), "--workers 1000"),
    (("--targets", "missing.csv"), "targets 'missing.csv' cannot be read"),
    (("--out", "occupied"), "occupied"),
    (("--out", "x" * 5000), "cannot be read (File name too long)"),
]
MORE = [
    (("run", "--executor", "rya"), "unknown executor 'rya': expected one of ray, local; give --executor one of them"),
    (("run", "--ray-address", "auto"), "--ray-address is for workers of a Ray cluster: give --executor ray too"),
    (("run", "--executor", "ray", "--ray-address", "head"), "the Ray address 'head' has no port: expected HOST:PORT"),
    (("run", "--executor", "ray", "--ray-address", "ray://head:1"), "is one of Ray Client"),
    (("run", "--executor", "ray", "--ray-address", "a" * 64 + ":1"), "label too long"),
    (("run", "--executor", "ray", "--workers", "-1"), "--workers -1: expected at least 0"),
    (("run", "--executor", "ray", "--cpus-per-worker", "0"), "--cpus-per-worker 0: expected at least 1"),
    (("run", "--executor", "ray", "--gpus-per-worker", "1.5"), "--gpus-per-worker 1.5: expected a whole number from 0"),
    (("run", "--executor", "ray", "--gpus-per-worker", "-1"), "--gpus-per-worker -1: expected a whole number from 0"),
    (("run", "--executor", "ray", "--gpus-per-worker", "nan"), "--gpus-per-worker nan: expected a whole number from 0"),
    (("run", "--executor", "ray", "--gpus-per-worker", "inf"), "--gpus-per-worker inf: expected a whole number from 0"),
    (("run", "--executor", "ray", "--device", "cpu", "--gpus-per-worker", "1"), "with a model on the CPU"),
    (("run", "--executor", "ray", "--device", "cuda:1"), "--device cuda:1 with --executor ray"),
    (("run", "--cpus-per-worker", "2"), "--cpus-per-worker is for workers of a Ray cluster"),
    (("run", "--gpus-per-worker", "0"), "--gpus-per-worker is for workers of a Ray cluster"),
    (("resume", "nowhere", "--executor", "rya"), "unknown executor 'rya'"),
    (("resume", "nowhere", "--executor", "ray"), "'nowhere' has no spec.json of a run"),
    (("resume", "nowhere", "--ray-address", "local"), "--ray-address is for workers of a Ray cluster"),
    (("resume", "nowhere", "--workers", "2"), "--workers is for workers of a Ray cluster"),
    (("resume", "nowhere", "--cpus-per-worker", "2"), "--cpus-per-worker is for workers of a Ray cluster"),
    (("resume", "nowhere", "--gpus-per-worker", "1"), "--gpus-per-worker is for workers of a Ray cluster"),
    (("bench", "executor", "--parts", "laod"), "unknown part 'laod': expected one of load,"),
    (("bench", "executor", "--parts", ","), "--parts ',': expected some of scaling, overhead, load"),
    (("bench", "executor", "--workers", "0"), "--workers '0': expected whole numbers of 1 to 64"),
    (("bench", "executor", "--rounds", "0"), "--rounds 0: expected at least 1"),
    (("bench", "executor", "--candidates", "15"), "--candidates 15: expected at least 16"),
    (("bench", "executor", "--dimensions", "65"), "--dimensions 65: expected multiples of 64, such as 128"),
    (("bench", "executor", "--load-workers", "513"), "--load-workers 513: expected at most 512"),
    (("bench", "executor", "--load-candidates", "64"), "--load-candidates 64: expected at least 65"),
    (("bench", "executor", "--latency", "nan"), "--latency nan: expected seconds above 0, at most 3600"),
    (("bench", "executor", "--ray-address", "head"), "the Ray address 'head' has no port"),
    (("bench", "executor", "--out", "."), "--out .: is a folder"),
    (("score", "--method", "naive", "--region", "nowhere"), "unknown region 'nowhere'"),
    (("score", "--method", "naive", "--shots", "30"), "30 demonstrations"),
    (("score", "--method", "naive", "--seed", "-1"), "--seed -1: expected at least 0"),
    (("score", "--method", "naive", "--respondents", "7"), "expected an even number"),
    (("score", "--method", "naive", "--instrument", "other"), "unknown instrument 'other'"),
    (("score", "--prompt", "occupied"), "has no adapter_config.json"),
    (("score", "--method", ""), "unknown method ''"),
    (("score", "--method", "naive", "extra"), "extra"),
    (("check", "labels", "--targets", "small.csv"), "--targets small.csv without a region to compare with"),
    (("check", "text-agreement", "--max-new-tokens", "0"), "--max-new-tokens 0: expected at least 1"),
    (("check", "text-agreement", "--max-new-tokens", "5000"), "--max-new-tokens 5000: expected at most 4096"),
    (("check", "text-agreement", "--show", "-1"), "--show -1: expected at least 0"),
    (("check", "transfer"), "Missing option '--benchmark'"),
    (("check", "transfer", "--benchmark", "cdeval"), "Missing option '--file'"),
    (
        ("check", "transfer", "--benchmark", "cdevil", "--file", "x"),
        "unknown benchmark 'cdevil': expected one of cdeval",
    ),
    (("check", "transfer", "--benchmark", "cdeval", "--file", "x"), "cdeval file 'x' cannot be read"),
    (("check", "transfer", "--benchmark", "globalopinionqa", "--file", "x"), "globalopinionqa file 'x' cannot be read"),
    (("check", "transfer", "--benchmark", "worldvaluesbench", "--file", "x"), "question_metadata.json' cannot be read"),
    (
        ("check", "transfer", "--benchmark", "worldvaluesbench", "--file", "x", "--metadata", "occupied"),
        "worldvaluesbench file 'occupied' is no JSON",
    ),
    (("check", "transfer", "--benchmark", "cdeval", "--file", "x", "--metadata", "y"), "belong to worldvaluesbench"),
    (
        ("check", "transfer", "--benchmark", "cdeval", "--file", "x", "--demographics", "y"),
        "belong to worldvaluesbench",
    ),
    ((*ASKING["transfer"], "--limit", "-1"), "--limit -1: expected at least 0"),
    ((*ASKING["transfer"], "--seed", "-1"), "--seed -1: expected at least 0"),
    ((*ASKING["transfer"], "--country", "Japan"), "--country Japan: nobody answered cdeval"),
    (("side-effects",), "Missing option '--prompt'"),
    (("side-effects", "--prompt", "nowhere"), "prompt 'nowhere' has no adapter_config.json"),
    ((*ASKING["side-effects"], "--tasks", ","), "--tasks ',': no task given"),
    ((*ASKING["side-effects"], "--include-path", "missing"), "missing"),
    ((*ASKING["side-effects"], "--include-path", "occupied"), "occupied"),
    ((*ASKING["side-effects"], "--num-fewshot", "-1"), "--num-fewshot -1: expected at least 0"),
    ((*ASKING["side-effects"], "--num-fewshot", "1001"), "--num-fewshot 1001: expected at most 1000"),
    ((*ASKING["side-effects"], "--limit", "0"), "--limit 0: expected at least 1"),
    ((*ASKING["side-effects"], "--batch-size", "0"), "--batch-size 0: expected at least 1"),
    ((*ASKING["side-effects"], "--out", "."), "--out .: is a folder"),
    (("check", "sensitivity", "occupied"), "run 'occupied' has no record.json"),
    (("check", "sensitivity", "--optimizer", "dee"), "unknown optimizer 'dee'"),
    (("check", "sensitivity", "--region", "nowhere"), "unknown region 'nowhere'"),
    (("check", "sensitivity", "--model", "./nowhere"), "is not a folder"),
    (("check", "sensitivity", "--survey", "missing.toml"), "survey 'missing.toml' cannot be read"),
    (("check", "sensitivity", "--targets", "missing.csv"), "targets 'missing.csv' cannot be read"),
    (("check", "sensitivity", "--runs", "occupied/x", "--region", "USA"), "run directory below 'occupied/x' cannot be"),
    (("bench", "wrappers", "--functions", "25"), "--functions '25': expected whole numbers of 1 to 24"),
    (("bench", "wrappers", "--functions", "one"), "--functions 'one'"),
    (("bench", "wrappers", "--dimensions", "4"), "--dimensions '4': expected whole numbers of 2, 3, 5"),
    (("bench", "wrappers", "--dimensions", ""), "--dimensions ''"),
    (("bench", "wrappers", "--instances", "0"), "--instances 0: expected at least 1"),
    (("bench", "wrappers", "--budget", "0"), "--budget 0: expected at least 1"),
    (("bench", "wrappers", "--seed", "-1"), "--seed -1: expected at least 0"),
    (("bench", "wrappers", "--out", "."), "--out .: is a folder"),
    (("bench", "asks", "--dimensions", "1"), "--dimensions '1': expected whole numbers of 2 to 10000000"),
    (("bench", "asks", "--optimizer", "dee"), "unknown optimizer 'dee'"),
    (("bench", "asks", "--out", "no/where"), "the folder no does not exist"),
    (("bench", "scorer", "--quiet", "--tokens", "2000000000"), "give fewer virtual tokens"),
    (("bench", "scorer", "--scorer", "pack"), "unknown scorer 'pack'"),
    (("bench", "scorer", "--micro-batch", "999"), "--micro-batch 999"),
    (("bench", "scorer", "--workers", "-1"), "--workers -1"),
    (("bench", "score"), "score"),
    (("check", "label"), "label"),
    (("ls",), "Missing argument 'what'"),
    (("ls", "regions", "--targets", "missing.csv"), "targets 'missing.csv' cannot be read"),
    (("ls", "regions", "--targets", "occupied"), "expected the columns code,name"),
    (("path",), "Missing argument 'place'"),
    (("path", "../tasks"), "unknown place '../tasks'"),
    (("respondent", "train"), "Missing option '--out'"),
    (("respondent", "train", "--out", "occupied"), "cannot be written (File exists)"),
    (("respondent", "train", "--out", "x" * 5000), "cannot be written (File name too long)"),
    (("respondent", "train", "--out", "new", "--seed", "-1"), "--seed -1: expected at least 0"),
    (("leaderboard", "occupied"), "run 'occupied' has no record.json"),
    (("leaderboard", "."), "run '.' has no record.json"),
    (("leaderboard", "tuned", "--format", ""), "unknown format ''"),
    (("leaderboard", "\udcff"), "has no record.json"),
    (("run", "--tokens", "2000000000"), "give fewer virtual tokens"),
    (("run", "--region", "USA", "--tokens", "9" * 30), "expected at most"),
    (("run", "--region", ""), "no region given"),
    (("run", "--region", "\udcff"), "unknown region"),
    (("run", "--region", "U\x00S"), "unknown region"),
    (("run", "--survey", "occupied"), "survey 'occupied' name: Field required"),
    (("run", "--targets", "occupied"), "expected the columns code,name"),
    (("run", "--survey", "\udcff"), "cannot be read"),
    (("run", "--finalists", "10000"), "--finalists 10000: expected at most"),
    (("run", "--block", "1001"), "--block 1001: expected at most"),
    (("run", "--seeds", "9" * 30), "expected at most"),
    (("run", "--shots", "-1"), "--shots -1: expected at least 0"),
    (("run", "--box", "nan"), "--box nan"),
    (("run", "--box", "inf"), "--box inf"),
    (("run", "--rest", "inf"), "--rest inf"),
    (("run", "--penalty", "-1"), "--penalty -1"),
    (("run", "--wordings", "0"), "--wordings 0"),
    (("run", "--respondents", "9" * 30), "expected at most"),
    (("run", "--region", "USA", "--out", "x" * 5000), "cannot be made (File name too long)"),
    (("run", "positional"), "positional"),
    (("run", "--set", "de.F=0.5=3"), "F is '0.5=3'"),
    (("run", "--set", "\udcff=1"), "unusable settings of optimizer 'de'"),
    (("--versoin",), "--versoin"),
    (("resume", "nowhere"), "'nowhere' has no spec.json of a run: give the directory of one"),
    (("resume", "occupied"), "'occupied' has no spec.json of a run"),
    (("resume", "x" * 5000), "cannot be read"),
    (("resume",), "Missing argument 'RUN'"),
    (("resume", "nowhere", "--survey", "missing.toml"), "'nowhere' has no spec.json"),
    (("resume", "nowhere", "--targets", "missing.csv"), "'nowhere' has no spec.json"),
    (("resume", "tuned"), "'tuned' has no spec.json of a run"),
    (("leaderboard", "nowhere", "--out", "x.html"), "--out x.html: a table is for the terminal"),
    (("leaderboard", "nowhere", "--format", "csv", "--out", "no/where.csv"), "--out no/where.csv"),
    (("leaderboard", RUN, "--sort", "x"), "unknown column 'x': expected one of mae,"),
    (("leaderboard", RUN, "--region", "XXX"), "unknown region 'XXX'"),
    (("leaderboard", RUN, "--group", "x"), "unknown group 'x'"),
    (("leaderboard", RUN, "--dimension", "x"), "unknown dimension 'x'"),
    (("leaderboard", RUN, "--method", "x"), "unknown method 'x'"),
    (("leaderboard", RUN, "--model", "x"), "unknown model 'x'"),
    (("plot", RUN, "--out", "occupied"), "--out occupied: is a file; give a folder"),
    (("plot", RUN, "--out", "figures", "--figure", "x"), "unknown figure 'x': expected one of radar,"),
    (("plot", RUN, "--out", "figures", "--region", "XXX"), "unknown region 'XXX'"),
    (("baseline",), "Missing argument 'RUN'"),
    (("baseline", "nowhere", "--out", "new.json"), "run 'nowhere' has no record.json"),
    (("baseline", "nowhere"), "Missing option '--out'"),
    (("baseline", "nowhere", "--out", "no/where.json"), "--out no/where.json: the folder no does not exist"),
    (("baseline", "nowhere", "--out", "new.json", "--repeats", "1"), "--repeats 1: expected at least 2"),
    (("baseline", "nowhere", "--out", "new.json", "--repeats", "5000"), "--repeats 5000: expected at most 1000"),
    (("baseline", "nowhere", "--out", "new.json", "--survey", "missing.toml"), "run 'nowhere' has no record.json"),
    (("baseline", "nowhere", "--out", "new.json", "--targets", "missing.csv"), "run 'nowhere' has no record.json"),
    (("compare", "nowhere"), "Missing option '--baseline'"),
    (("compare", "--baseline", "missing.json"), "Missing argument 'RUN'"),
    (("compare", "nowhere", "--baseline", "missing.json"), "'missing.json' does not exist: expected the output of"),
    (("compare", "nowhere", "--baseline", "occupied"), "file 'occupied' cannot be read"),
    (
        ("compare", "nowhere", "--baseline", "occupied", "--gate", "speeed"),
        "unknown area 'speeed': expected one of speed",
    ),
    (
        ("compare", "nowhere", "--baseline", "occupied", "--gate", ","),
        "--gate ',': expected some of quality, cost, speed",
    ),
    (
        ("compare", "nowhere", "--baseline", "occupied", "--junit", "no/a.xml"),
        "--junit no/a.xml: the folder no does not",
    ),
    (("compare", "nowhere", "--baseline", "occupied", "--markdown", "."), "--markdown .: is a folder"),
    (("schema", "recrod"), "unknown schema 'recrod': expected one of record,"),
    (("schema", "--out", "no/where.json"), "--out no/where.json: the folder no does not exist"),
]
VALIDATE = [
    (("validate", "--trial", "0"), "--trial 0: expected at least 1"),
    (("validate", "--tokens", "0"), "--tokens 0"),
    (("validate", "--trial", "257"), "--trial 257: expected at most 256"),
    (("validate", "--price-per-hour", "-1"), "--price-per-hour -1: expected a number from 0"),
    (("validate", "--price-per-hour", "nan"), "--price-per-hour nan: expected a number from 0"),
    (("validate", "--survey", "missing.toml"), "survey 'missing.toml' cannot be read"),
    (("validate", "--targets", "missing.csv"), "targets 'missing.csv' cannot be read"),
    (("validate", "--out", "occupied"), "occupied"),
]
"""In lines of their own, since all problems are listed."""


def expanded():
    """Every case: the arguments, and what stands in the line."""
    yield from CASES
    yield from MORE
    for command in ASKING.values():
        yield from (((*command, *flags), reason) for flags, reason in MODEL)
    for command in SURVEYED.values():
        yield (*command, "--survey", "missing.toml"), "survey 'missing.toml' cannot be read (No such file or directory)"
    for command in TARGETED.values():
        yield (*command, "--targets", "missing.csv"), "targets 'missing.csv' cannot be read (No such file or directory)"
    for command in CHECKS.values():
        yield from (((*command, *flags), reason) for flags, reason in SUBJECTS)
    yield from (((*ASKING["optimizers"], *flags), reason) for flags, reason in CONTEST)
    # What a run refuses without its model, the look at its settings refuses in the same words; one case of each flag.
    seen = {}
    for words, reason in CASES:
        if words[0] == "run" and len(words) == 3 and words[1] not in (*SETTINGS, "--out", "--memory-gb", "--space"):
            seen.setdefault(words[1], (("config", "show", *words[1:]), reason))
    yield from seen.values()
    yield ("config", "show", "--space", "sub:3"), "unknown space 'sub:3'"
    yield ("config", "show", "--memory-gb", "0"), "--memory-gb 0: expected a positive number of GB"


ALL = list(expanded())
STAFFING = ("--executor", "--ray-address", "--cpus-per-worker", "--gpus-per-worker")
"""Who answers is not looked at before a run."""
# What a run refuses, a look at it before refuses too: one case of each flag.
VALIDATE += {
    case[0][1]: (("validate", *case[0][1:]), case[1])
    for case in ALL
    if case[0][0] == "run"
    and len(case[0]) == 3
    and len(case[0][2]) < 100
    and "tokens" not in case[0][1]
    and case[0][1] not in STAFFING
}.values()


def commands(group=None, before=()):
    """Every command by its words, with its parameters."""
    group = typer.main.get_command(main.app) if group is None else group
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*before, name))
        else:
            yield (*before, name), one.params


FLAGS = [
    (words, flag, one)
    for words, parameters in commands()
    for one in parameters
    for flag in one.opts
    if flag.startswith("--") and flag != "--help"
]


NUMBERS = ("--memory-gb", "--num-fewshot", "--limit", "--seeds", "--first-seed", "--budget", "--tokens", "--pool")
"""Flags that take a number and have no default of that kind."""


@pytest.fixture
def folder(tmp_path, lm):
    """A working folder with an empty file, a small table, questions and a tuned prompt."""
    from harness.models.adapter import save_adapter

    (tmp_path / "occupied").write_text("")
    (tmp_path / "small.csv").write_text("code,name,kind,pdi,idv,mas,uai,lto,ivr\nAAA,Here,country,1,2,3,4,5,6\n")
    (tmp_path / "occupied.csv").write_text("Domain,Dimension,Question,Option 1,Option 2\nwork,PDI,What?,This.,That.\n")
    save_adapter(tmp_path / "tuned", np.zeros((3, lm.width), np.float32), lm)
    return tmp_path


def named(case):
    return " ".join(part.encode("ascii", "backslashreplace").decode() for part in case[0])[:70].replace("\x00", "NUL")


@pytest.mark.parametrize("case", ALL, ids=named)
def test_one_line_exit_2_and_nothing_written(refused, quick, folder, case):
    refused(*case[0], says=case[1])


@pytest.mark.parametrize("case", VALIDATE, ids=named)
def test_validate_says_it_too_and_writes_nothing(harness, quick, folder, case):
    before = sorted(str(path) for path in folder.rglob("*"))
    # Which layout is faster is measured unless it is said.
    usual = {"--trial": "1", "--scorer": "packed"}
    done = harness(*case[0], *(word for flag, value in usual.items() if flag not in case[0] for word in (flag, value)))
    assert done.code == 2 and done.out == "", (done.out, done.err)
    lines = done.err.splitlines()
    assert all(line.startswith(("harness: error: ", "harness: not checked")) and line.isprintable() for line in lines)
    reasons = (case[1],) if isinstance(case[1], str) else case[1]
    assert all(any(reason in line for line in lines) for reason in reasons), done.err
    assert sorted(str(path) for path in folder.rglob("*")) == before


def test_there_are_at_least_three_hundred_different_ones():
    assert len({case[0] for case in ALL}) >= 300


def test_every_flag_of_every_command_stands_in_a_table():
    tried = {
        (words, flag)
        for words, flag, _ in FLAGS
        for case in ALL + VALIDATE
        if case[0][: len(words)] == words and flag in case[0]
    }
    never = {(words, flag) for words, flag, one in FLAGS if not one.is_flag} - tried
    assert never == set()


@pytest.mark.parametrize(("words", "flag", "one"), FLAGS, ids=[f"{' '.join(words)} {flag}" for words, flag, _ in FLAGS])
def test_a_flag_that_lacks_its_value_or_has_a_wrong_one(refused, words, flag, one):
    if one.is_flag:
        refused(*words, f"{flag}=maybe", says=flag)
    else:
        refused(*words, flag, says=flag)
        if type(one.default) in (int, float) or flag in NUMBERS:
            refused(*words, flag, "many", says=(flag, "many"))


def test_our_own_bugs_keep_their_traceback(harness, monkeypatch):
    from harness.cli import main
    from harness.tasks.hofstede_vsm import survey

    def broken(path=None):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(survey, "load_survey", broken)
    monkeypatch.setattr("sys.argv", ["harness", "score", "--method", "null"])
    with pytest.raises(ZeroDivisionError):
        main.run()


@pytest.mark.parametrize("arguments", [(), ("respondent",), ("config",)])
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
