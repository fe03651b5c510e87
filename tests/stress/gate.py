"""Runs the gate on unchanged runs, which must all pass, and on planted regressions, which must all fail.

    python -m tests.stress.gate --baseline results/baselines/respondent-ci.json --repeats 20

Unchanged are runs of the preset ci with the baseline's seed, each in a process of its own. Planted are a weaker setting
of DE and a scorer that takes 30 % longer for each candidate. With --seeds the unchanged runs have other seeds too: what
a change of the code that draws other random numbers looks like to the gate. Prints a line for each run, and leaves with
1 if one is judged otherwise than it should be.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.records.repeatability import Verdict

WEAKER = ("--set", "variant=rand/1/bin")
SLOWER = """
import sys, time
from harness.models.scorer import Scorer
from harness.__main__ import main

score = Scorer.score

def slower(self, *arguments):
    began = time.perf_counter()
    found = score(self, *arguments)
    until = time.perf_counter() + {part} * (time.perf_counter() - began)
    while time.perf_counter() < until:
        pass
    return found

Scorer.score = slower
sys.argv[0] = "harness"
main()
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=0, help="Unchanged runs with other seeds, from 100.")
    parser.add_argument("--planted", type=int, default=1, help="Runs of each planted regression.")
    parser.add_argument("--slower", type=float, default=0.3)
    given = parser.parse_args()
    slower = ("-c", SLOWER.format(part=given.slower))
    plain = ("-m", "harness")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        cases = [(f"unchanged {number}", plain, (), True) for number in range(given.repeats)]
        cases += [(f"seed {100 + n}", plain, ("--first-seed", str(100 + n)), True) for n in range(given.seeds)]
        for number in range(given.planted):
            cases += [(f"weaker DE {number}", plain, WEAKER, False), (f"slower scorer {number}", slower, (), False)]
        for name, program, flags, passes in cases:
            out = Path(folder) / name.replace(" ", "-")
            verdict, code = judged(program, flags, given.baseline, out)
            right = verdict.passed == passes and code == (0 if passes else 1)
            wrong += not right
            print(f"{name:20} {described(verdict)}{'' if right else '   <- NOT AS IT SHOULD BE'}", flush=True)
    print(f"{len(cases)} runs, {wrong} judged otherwise than they should be")
    return 1 if wrong else 0


def judged(program: tuple[str, ...], flags: tuple[str, ...], baseline: Path, out: Path) -> tuple[Verdict, int]:
    """A run of the preset, and what the gate says of it."""
    run = [sys.executable, *program, "run", "--preset", "ci", *flags, "--out", str(out), "--quiet"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    gate = [sys.executable, "-m", "harness", "compare", "--baseline", str(baseline), str(out), "--json"]
    done = subprocess.run(gate, capture_output=True, text=True)
    return Verdict.model_validate_json(done.stdout), done.returncode


def described(verdict: Verdict) -> str:
    """The result, what failed, and the two numbers that scatter most."""
    shown = {one.metric.label: one for one in verdict.findings}
    failed = [f"{one.metric.label} {one.status}" for one in verdict.findings if one.failed]
    numbers = [f"{name} {shown[name].value:.4g}" for name in ("de mae", "answering", "searching") if name in shown]
    return f"{'passed' if verdict.passed else 'FAILED: ' + ', '.join(failed)} ({', '.join(numbers)})"


if __name__ == "__main__":
    sys.exit(main())
