"""How long, how much, and what is wrong, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness.records.benchmark import Spread
from harness.records.readiness import Estimate, Finding, Portion, Readiness
from harness.report.readiness import (
    duration,
    estimate_lines,
    estimate_table,
    findings_table,
    money,
    problem_lines,
    span,
    waiting_line,
)


def spread(median, low, high):
    return Spread(median=median, low=low, high=high)


ESTIMATE = Estimate(
    evaluations=9752,
    seconds_per_evaluation=spread(0.0347, 0.0312, 0.0401),
    candidates=8,
    rounds=5,
    portions=(
        Portion(part="set-up", times=1, evaluations=0, seconds=Spread.of([2.0])),
        Portion(part="tuning", times=9750, evaluations=9750, seconds=spread(0.0347, 0.0312, 0.0401)),
        Portion(part="naive", times=1, evaluations=2, seconds=spread(1.5, 1.25, 61.0)),
    ),
    seconds=spread(341.9, 270.0, 490.0),
    price_per_hour=2.5,
    cost=spread(0.2374, 0.1875, 0.3403),
)
FINDINGS = (
    Finding(check="survey", state="ok", text="mine [red]not markup[/], 24 items"),
    Finding(check="regions", state="problem", text="unknown region 'XXX'"),
    Finding(check="regions", state="remark", text="ALB has no published pdi, idv, mas, uai: scored on the others"),
    Finding(check="model", state="problem", text="no model"),
    Finding(check="scorer", state="not checked", text="waits for model"),
    Finding(check="search", state="not checked", text="waits for scorer"),
    Finding(check="search", state="not checked", text="waits for model"),
)
WIDE = """\
run de-core-1
check     state         found
─────────────────────────────────────────────────────────────────────────────────────
survey    ok            mine [red]not markup[/], 24 items
regions   problem       unknown region 'XXX'
regions   remark        ALB has no published pdi, idv, mas, uai: scored on the others
model     problem       no model
scorer    not checked   waits for model
search    not checked   waits for scorer
search    not checked   waits for model
"""
NARROW = """\
run de-core-1
check     state         found
────────────────────────────────────────────────────────────────────────────────
survey    ok            mine [red]not markup[/], 24 items
regions   problem       unknown region 'XXX'
regions   remark        ALB has no published pdi, idv, mas, uai: scored on the
                        others
model     problem       no model
scorer    not checked   waits for model
search    not checked   waits for scorer
search    not checked   waits for model
"""
PARTS = """\
estimate
part     times   evaluations              ms each         time
──────────────────────────────────────────────────────────────
set-up       1             -    2000 [2000, 2000]        2.0 s
tuning    9750          9750    34.7 [31.2, 40.1]   5 min 38 s
naive        1             2   1500 [1250, 61000]        1.5 s
"""


def shown(table, width):
    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


@pytest.mark.parametrize(("width", "text"), [(80, NARROW), (140, WIDE)])
def test_findings(width, text):
    result = Readiness(ready=False, run="de-core-1", findings=FINDINGS)
    assert shown(findings_table(result), width) == text


def test_problems_are_numbered_and_what_waits_is_named_once():
    result = Readiness(ready=False, run=None, findings=FINDINGS)
    assert list(problem_lines(result)) == [
        "1 of 2, regions: unknown region 'XXX'",
        "2 of 2, model: no model",
    ]
    assert waiting_line(result) == "not checked until those are mended: scorer, search"
    ready = Readiness(ready=True, run=None, findings=FINDINGS[:1])
    assert list(problem_lines(ready)) == [] and waiting_line(ready) == ""


@pytest.mark.parametrize("width", [80, 140])
def test_an_estimate(width):
    assert shown(estimate_table(ESTIMATE), width) == PARTS
    assert list(estimate_lines(ESTIMATE, 0.1)) == [
        "at most 9752 evaluations; while tuning 34.7 [31.2, 40.1] ms for each, measured on 8 candidates together in 5 "
        "rounds",
        "estimated time 4 min 30 s to 8 min 10 s, cost about 0.19 to 0.34 at 2.5 an hour",
        "the range is wider than the trial's; another load of the machine is not in it, and a search ends before its "
        "budget at a tuned error of 0.1",
    ]
    plain = ESTIMATE.model_copy(update={"price_per_hour": None, "cost": None})
    assert list(estimate_lines(plain, 0.1))[1] == "estimated time 4 min 30 s to 8 min 10 s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.0, "0.0 s"), (0.04, "0.0 s"), (9.94, "9.9 s"), (10.2, "10 s"), (59.4, "59 s"), (59.6, "1 min")),
        *((61, "1 min 1 s"), (599, "9 min 59 s"), (601, "10 min"), (3599.7, "1 h"), (3700, "1 h 2 min")),
        *((36_000, "10 h"), (86_399, "1 d"), (100_000, "1 d 4 h"), (31 * 86_400, "31 d")),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@given(st.floats(0, 1e8))
def test_a_duration_says_about_what_it_was_given(seconds):
    units = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
    words = duration(seconds).split()
    said = sum(float(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert said == pytest.approx(seconds, rel=0.1, abs=0.051)


def test_spans_and_amounts():
    assert span(spread(2.0, 2.01, 2.02)) == "2.0 s"
    assert (money(12.345), money(0.004), money(0.0)) == ("12.35", "0.004", "0")
