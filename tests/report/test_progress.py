"""Progress as a terminal shows it, and as a log holds it."""

import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from harness.report import progress
from harness.report.progress import Bars, Lines, Silent

GOLDEN = Path(__file__).parents[1] / "golden"
TOKENS = re.compile(r"\x1b\[(\??\d*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


@dataclass(frozen=True)
class Step:
    evaluations: int
    optimizer: str = "de"
    seed: int = 0
    region: str = "USA"
    generation: int = 3
    best: float = 9.25
    kept: int = 0
    regions_done: int = 0


def screen(written, width):
    """What a terminal shows after all that was written to it: a cursor that goes up, lines that are erased."""
    lines, row, column = [""], 0, 0
    for number, letter, control, text in TOKENS.findall(written):
        if control:
            row, column = row + (control == "\n"), 0
            lines += [""] * (row + 1 - len(lines))
        elif text:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
            assert column <= width, "a line that wraps by itself is one more than rich counts"
        elif letter == "A":
            row -= int(number or 1)
            assert row >= 0
        elif letter == "K":
            assert number == "2"
            lines[row] = ""
        else:
            assert letter in "mlh", (number, letter)
    return "\n".join(line.rstrip() for line in lines).rstrip()


@pytest.fixture
def terminal():
    """Bars on a terminal whose clock stands still unless it is moved, and what it shows."""

    def build(width, height=40):
        clock = SimpleNamespace(now=0.0)
        console = Console(
            file=StringIO(),
            width=width,
            height=height,
            force_terminal=True,
            color_system=None,
            legacy_windows=False,
            get_time=lambda: clock.now,
        )
        bars = Bars(console, 2)

        def shown():
            # As it does by itself four times a second; here it must not be waited for.
            bars._bars.refresh()
            return screen(console.file.getvalue(), width)

        return bars, clock, shown

    return build


def tune(bars, clock):
    bars.phase("baselines", 2)
    bars.step()
    bars.step()
    bars.phase("tuning", 100)
    for step in (20, 40):
        clock.now += 2.0
        bars.tuning(Step(step))


@pytest.mark.parametrize("width", [80, 140])
def test_workers_stand_below_the_bars_while_they_tune(width, terminal, staffed):
    crews = {
        "one that is lost": staffed(3, 2, {1: "the node died, or so it seems: nothing was heard of it for 30 s"}),
        "many": staffed(64, 8, {16: "out of memory", 20: "the node died"}, resubmitted=1),
        "names": staffed(1, 1).model_copy(
            update={
                "workers": (
                    staffed(1, 1)
                    .workers[0]
                    .model_copy(
                        update={
                            "name": "\x1b[31m[red]",
                            "node": "n\u202e" * 30,
                            "device": "\U0001f600" * 9,
                            "lost": "\n\n",
                        }
                    ),
                )
            }
        ),
        "none yet": staffed(0, 1),
    }
    found = []
    for name, facts in crews.items():
        bars, clock, shown = terminal(width)
        with bars:
            tune(bars, clock)
            bars.workers(facts)
            found += [f"== {name}", shown()]
    text = "\n".join(found) + "\n"
    assert text == (GOLDEN / f"progress-{width}.txt").read_text(encoding="utf-8")


def test_bars_stay_where_they_are_and_workers_go_when_tuning_is_over(terminal, staffed):
    bars, clock, shown = terminal(80)
    with bars:
        bars.phase("baselines", 2)
        bars.workers(staffed(2, 1))
        assert "w1" not in shown(), "what baselines ask is no part of the figures"
    bars, clock, shown = terminal(80)
    with bars:
        tune(bars, clock)
        before = shown().splitlines()
        for number in (2, 3, 8, 9, 1):
            bars.workers(staffed(number, 1))
            now = shown().splitlines()
            assert now[:2] == before and len(now) == 2 + (number + 1 if number <= 8 else 1)
        bars.phase("held-out", 4)
        bars.workers(staffed(2, 1))
        after = shown().splitlines()
        assert after[:2] == before and len(after) == 3 and after[2].startswith("held-out")


def test_workers_are_gone_from_the_terminal_when_a_run_stops(terminal, staffed):
    bars, clock, shown = terminal(80)
    with bars:
        tune(bars, clock)
        bars.workers(staffed(2, 1))
        assert "w2" in shown()
    assert "w2" not in shown()


def test_a_low_terminal_has_one_line_for_all_workers(terminal, staffed):
    bars, clock, shown = terminal(140, height=6)
    with bars:
        tune(bars, clock)
        bars.workers(staffed(3, 2))
        lines = shown().splitlines()
        assert len(lines) == 6 and lines[3].startswith("w1")
    bars, clock, shown = terminal(140, height=5)
    with bars:
        tune(bars, clock)
        bars.workers(staffed(3, 2))
        lines = shown().splitlines()
        assert len(lines) == 3 and lines[2].startswith("3 workers on 2 nodes: busy 91 %")


@pytest.fixture
def log(monkeypatch):
    """Lines of a run of 60 evaluations in a log, whose clock is moved by hand."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    file = StringIO()
    return Lines(Console(file=file, width=80), 1), clock, lambda: file.getvalue().splitlines()


def test_a_log_tells_of_workers_beside_tuning_and_not_oftener(log, staffed):
    lines, clock, written = log
    lines.phase("baselines", 1)
    lines.workers(staffed(2, 1))
    lines.step()
    lines.phase("tuning", 60)
    for second in range(1, 61):
        clock.now = float(second)
        for _ in range(4):
            lines.workers(staffed(4, 2, {2: "gone\x1b"} if second > 20 else None))
        lines.tuning(Step(second, regions_done=second // 60))
    lines.phase("held-out", 1)
    lines.step()
    told = [line for line in written() if line.startswith("workers")]
    assert told == ["workers: 4 on 2 nodes, busy 90 %, 32.6 candidates/s"] + [
        "workers: 4 on 2 nodes, busy 90 %, 32.6 candidates/s, 1 of them lost, 1 task retried"
    ] * (len(told) - 1)
    places = [place for place, line in enumerate(written()) if line.startswith("workers")]
    assert [written()[place - 1].split(" ")[1] for place in places] == ["15/60", "30/60", "45/60", "60/60"]


def test_a_log_of_a_run_without_workers_says_nothing_of_them(log):
    lines, clock, written = log
    lines.phase("tuning", 60)
    clock.now = 20.0
    lines.tuning(Step(20))
    assert len(written()) == 2 and not any("workers" in line for line in written())


def test_silence_is_silent(staffed):
    file = StringIO()
    with Silent(Console(file=file)) as watcher:
        watcher.phase("tuning", 1)
        watcher.workers(staffed(2, 1))
    assert file.getvalue() == ""


def test_numbers_stay_whole_where_the_terminal_is_narrow(terminal):
    bars, clock, shown = terminal(60)
    with bars:
        bars.phase("tuning", 29250)
        clock.now += 2.0
        bars.tuning(Step(13140, optimizer="spsa"))
        clock.now += 2.0
        bars.tuning(Step(13640, optimizer="spsa"))
        assert shown() == "tuning    13640/29250 250.0/s 01:03 left, best 9.25, region…"


def test_a_search_that_ends_early_is_shown_as_ended(terminal):
    bars, clock, shown = terminal(80)
    with bars:
        tune(bars, clock)
        bars.tuning(Step(60, regions_done=2))
        assert shown().splitlines()[-1] == "tuning       60/60  00:00 best 9.25, regions 2/2, de generation 3"
    file = StringIO()
    lines = Lines(Console(file=file), 2)
    lines.phase("tuning", 100)
    for _ in range(2):
        lines.tuning(Step(60, regions_done=2))
    (line,) = file.getvalue().splitlines()[1:]
    assert line.startswith("tuning: 60/100 evaluations") and line.endswith("evaluations/s")
