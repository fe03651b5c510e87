"""Kills runs at random moments and lets them go on, until their records stand; compares these with undisturbed ones.

    python -m tests.stress.kill --runs 50

Each run begins with the command of one of several kinds, in a folder of its own, and is killed with SIGKILL, SIGTERM or
SIGINT up to three times: a little after a line of the journal that is drawn from those to come, or while the program
still loads. It goes on by the same command or by `harness resume`. Passed is a run whose record and prompts equal those
of the undisturbed run of its kind, byte for byte, apart from the times in the record, and whose journal holds at its
end every line that it held at any kill, and no answer more than the undisturbed one's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.records.differences import first_difference

SMALL = ("--region", "USA,CHN", "--tokens", "3", "--quiet")
# Which layout is faster depends on the hour, and the last digits on the layout.
SMALL = (*SMALL, "--scorer", "packed")
KINDS = {
    "shared": ("--optimizer", "de,random", "--budget", "30"),
    "sampled": ("--response", "sample", "--respondents", "20", "--budget", "30", "--seeds", "2"),
    "alone": ("--no-share", "--aggregate", "worst", "--optimizer", "cma", "--budget", "25"),
    "subspace": ("--space", "subspace:8", "--start", "vocabulary", "--optimizer", "lshade,pso", "--budget", "20"),
    "reference": ("--optimizer", "gradient,de", "--budget", "12"),
}
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
EXPECTED = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
MOST_KILLS = 3
PATIENCE = 600.0


@dataclass
class Outcome:
    """What became of a run."""

    kind: str
    kills: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    kept: int = 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    given = parser.parse_args()
    rng = random.Random(given.seed)
    kinds = given.kinds.split(",")
    faults, kills, kept = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = {kind: reference(Path(folder) / "undisturbed" / kind, kind) for kind in kinds}
        for number in range(given.runs):
            outcome = disturbed(Path(folder) / str(number), kinds[number % len(kinds)], undisturbed, rng)
            kills += len(outcome.kills)
            kept += outcome.kept
            faults += bool(outcome.faults)
            said = "; ".join(outcome.faults) or f"identical, {outcome.kept} lines kept over kills"
            print(f"{number + 1:>3} {outcome.kind:<10} {' '.join(outcome.kills) or 'no kill':<48} {said}", flush=True)
    print(f"{given.runs} runs, {kills} kills, {kept} lines kept over kills, {faults} runs with faults")
    return 1 if faults else 0


@dataclass(frozen=True)
class Reference:
    """An undisturbed run: seconds before the journal's first line, seconds of a line, lines; what it left."""

    before: float
    line: float
    lines: int
    left: dict[str, bytes]
    answers: list[str]


def reference(folder: Path, kind: str) -> Reference:
    folder.mkdir(parents=True)
    began = time.monotonic()
    process = start(folder, kind)
    while not journal(folder) and process.poll() is None:
        time.sleep(0.02)
    first = time.monotonic()
    if process.wait(PATIENCE):
        raise SystemExit(f"the undisturbed run failed: {tail(folder)}")
    lines = len(whole(journal(folder)))
    each = (time.monotonic() - first) / lines
    return Reference(first - began, each, lines, left(folder), answers(journal(folder)))


def disturbed(folder: Path, kind: str, undisturbed: dict[str, Reference], rng: random.Random) -> Outcome:
    folder.mkdir(parents=True)
    known, outcome = undisturbed[kind], Outcome(kind)
    planned = rng.randint(1, MOST_KILLS)
    seen: list[bytes] = []
    while True:
        process = start(folder, kind, resume=bool(run(folder)) and rng.random() < 0.5)
        code = None
        if planned:
            planned -= 1
            one, loading = rng.choice(SIGNALS), rng.random() < 0.15
            line = 0 if loading else rng.randint(min(len(seen), known.lines), known.lines)
            while not loading and process.poll() is None and len(whole(journal(folder))) < line:
                time.sleep(0.005)
            try:
                code = process.wait(rng.uniform(0, known.before) if loading else rng.uniform(0, 2 * known.line))
            except subprocess.TimeoutExpired:
                process.send_signal(one)
                code = process.wait(PATIENCE)
                outcome.kills.append(f"{one.name}@{'loading' if loading else line}")
                # A signal before the command is ready, or after its last line, ends it as it ends any program.
                if code not in (EXPECTED[one], -one, 0, 130):
                    outcome.faults.append(f"exit {code} after {one.name}: {tail(folder)}")
        else:
            code = process.wait(PATIENCE)
        lines = whole(journal(folder))
        if lines[: len(seen)] != seen:
            outcome.faults.append("lines of the journal were lost")
        outcome.kept += len(lines) if code else 0
        seen = lines
        if code == 0:
            break
        if not planned and code and not outcome.kills:
            outcome.faults.append(f"exit {code}: {tail(folder)}")
        if len(outcome.kills) > 3 * MOST_KILLS or outcome.faults:
            return outcome
    outcome.faults += list(differences(folder, known))
    return outcome


def differences(folder: Path, known: Reference) -> Iterator[str]:
    found = left(folder)
    for name in sorted({*found, *known.left}):
        if found.get(name) == known.left.get(name):
            continue
        if name == "record.json" and name in found:
            how = first_difference(json.loads(known.left[name]), json.loads(found[name]))
            yield f"{name} differs: {how}"
        else:
            yield f"{name} differs"
    mine = answers(journal(folder))
    if mine != known.answers:
        place = next((i for i, (a, b) in enumerate(zip(mine, known.answers, strict=False)) if a != b), "length")
        yield f"the journal's answers differ at {place}: {mine[place][:200] if isinstance(place, int) else len(mine)}"


def start(folder: Path, kind: str, resume: bool = False) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "harness"]
    words += ["resume", str(run(folder)), "--quiet"] if resume else ["run", *SMALL, *KINDS[kind], "--out", str(folder)]
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(
            words, stdout=output, stderr=output, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        )


def run(folder: Path) -> Path | None:
    """The run's directory once it can be gone on with."""
    return next((path.parent for path in folder.glob("*/spec.json")), None)


def journal(folder: Path) -> bytes:
    path = next(iter(folder.glob("*/journal.jsonl")), None)
    return path.read_bytes() if path else b""


def whole(content: bytes) -> list[bytes]:
    """Lines that are complete."""
    return content.split(b"\n")[:-1]


def answers(content: bytes) -> list[str]:
    """What was asked and answered, without times and checksums."""
    entries = [json.loads(line) for line in whole(content)]
    for entry in entries:
        for name in ("check", "seconds"):
            entry.pop(name, None)
    return [json.dumps(entry) for entry in entries if "answers" in entry]


def left(folder: Path) -> dict[str, bytes]:
    """Record without times, specification and prompts, by name."""
    path = run(folder)
    if path is None or not (path / "record.json").is_file():
        return {}
    record = json.loads((path / "record.json").read_bytes())
    for name in ("started", "timings", "execution"):
        record.pop(name)
    files = {"record.json": json.dumps(record).encode(), "spec.json": (path / "spec.json").read_bytes()}
    found = {file.relative_to(path).as_posix(): file for file in (path / "adapters").rglob("*") if file.is_file()}
    return files | {name: file.read_bytes() for name, file in found.items()}


def tail(folder: Path) -> str:
    return (folder / "output.txt").read_text(errors="replace").strip()[-300:]


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.exit(main())
