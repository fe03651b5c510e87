"""Workers in tables and sentences; the texts in tests/golden were read before they were kept."""

from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness.cli import output
from harness.records.execution import ExecutionFacts, WorkerFacts
from harness.report import sheets
from harness.report.document import document
from harness.report.execution import (
    NAME,
    SHORT,
    TABLED,
    advice,
    at_work,
    crowd,
    losses,
    machines,
    summary,
    workers_sheet,
)
from harness.report.leaderboard import build, to_plain
from harness.report.markdown import markdown, section
from harness.report.notes import TIMES
from harness.report.origin import provenance
from harness.report.page import page
from harness.report.terminal import SheetView, runs_table

GOLDEN = Path(__file__).parents[1] / "golden"
HOSTILE = "\x1b[31m</td>|[bold]\u202e*x*"


def render(what, width):
    console = Console(file=StringIO(), width=width, color_system=None)
    if isinstance(what, str):
        output.tell(console, what)
    else:
        output.show(console, what)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


@pytest.fixture
def crews(staffed):
    """Three workers of which one is lost; many; names that try to do something; none."""
    named = {"name": HOSTILE, "node": HOSTILE, "device": HOSTILE, "lost": HOSTILE}
    hostile = staffed(2, 2)
    return {
        "three": staffed(3, 2, {1: "the node died"}),
        "many": staffed(64, 8, {16: "out of memory", 20: "the node died"}, resubmitted=1),
        "hostile": hostile.model_copy(
            update={"workers": (hostile.workers[0].model_copy(update=named), *hostile.workers[1:])}
        ),
        "none": ExecutionFacts(executor="ray", wanted=0, workers=(), seconds=0.0, candidates=0, driver=0.0),
    }


@pytest.fixture
def board(record, result, crews):
    """Three workers answered one run, and nobody else the other."""
    timings = {"tuning": 10.0, "evaluations_per_second": 24.3}
    run = record(de=[result("USA", 3.5, 0, 100.0)], null=[result("USA", 14.2, evaluations=0)])
    alone = run.model_copy(update={"timings": timings, "spec": {"budget": 50}})
    return {"runs/alone": alone, "runs/ray": run.model_copy(update={"timings": timings, "execution": crews["three"]})}


@pytest.mark.parametrize("width", [80, 140])
def test_workers_look_as_they_did(width, crews, board):
    table = build(board)
    parts = {"times": [runs_table(table), sheets.cost_legend(table)]}
    for name, facts in crews.items():
        tabled = (
            [SheetView(workers_sheet(facts, SHORT if width == 80 else NAME))] if len(facts.workers) in TABLED else []
        )
        parts[name] = [*tabled, summary(facts), at_work(facts), crowd(facts), *losses(facts, 1)]
    shown = {name: "\n".join(render(what, width) for what in part) for name, part in parts.items()}
    assert all(len(line) <= width for name, text in shown.items() if name != "hostile" for line in text.splitlines())
    found = "\n".join(f"== {name}\n{text}" for name, text in shown.items())
    assert found == (GOLDEN / f"workers-{width}.txt").read_text(encoding="utf-8")


def test_the_lowest_is_one_that_is_still_there(staffed):
    facts = staffed(20, 2, {3: "gone"})
    idle = facts.workers[3].model_copy(update={"busy": 0.0})
    slow = facts.workers[7].model_copy(update={"busy": 1.0})
    crew = (*facts.workers[:3], idle, *facts.workers[4:7], slow, *facts.workers[8:])
    assert "lowest w8 10 %" in crowd(facts.model_copy(update={"workers": crew}))


def test_workers_that_had_little_to_do_are_followed_by_advice(staffed):
    facts = staffed(4, 2)
    assert facts.utilisation > 0.75 and advice(facts, True) == ""
    idle = facts.model_copy(update={"workers": tuple(one.model_copy(update={"busy": 1.0}) for one in facts.workers)})
    assert advice(idle, True).startswith(
        "workers had too little to do at once: --block, --no-share, more optimizers or seeds give"
    )
    assert "--no-share" not in advice(idle, False)
    assert advice(idle.model_copy(update={"workers": idle.workers[:1]}), True) == ""


def test_machines_of_one_kind_are_told_once(staffed):
    facts = staffed(5, 2)
    other = facts.workers[4].model_copy(update={"machine": {"system": "Linux aarch64"}, "node": "10.0.0.9"})
    facts = facts.model_copy(update={"workers": (*facts.workers[:4], other)})
    assert list(machines(facts)) == [
        ("system Linux x86_64, cores 8, 2 threads each", 4, 2),
        ("system Linux aarch64, 2 threads each", 1, 1),
    ]


def test_times_of_workers_are_never_shown_without_what_they_are(board):
    """Wherever seconds of runs stand; and nothing is said of workers where there were none."""
    table = build(board)
    assert to_plain(table)["notes"][-1] == f"workers answered runs/ray (workers: 3): {TIMES}"
    assert TIMES in markdown(table, runs=True) and TIMES in sheets.cost_legend(table)
    assert TIMES in document(board, {}) and TIMES in page(table, board)
    assert dict(provenance(board["runs/ray"]))["their times"] == TIMES
    alone = {"runs/alone": board["runs/alone"]}
    table = build(alone)
    assert sheets.runs_sheet(table).headings == ("run", "seeds", "regions", "evaluations", "seconds", "evals/s")
    texts = [*to_plain(table)["notes"], sheets.cost_legend(table), document(alone, {}), page(table, alone)]
    assert not any("workers" in text for text in texts)


def test_the_report_has_a_row_for_each_worker_and_says_who_was_lost(board):
    shown = document(board, {})
    section_of = shown[shown.index("<summary>runs/ray</summary>") :]
    for text in (
        "<dd>3 on 2 nodes (ray), busy 92 %, 24.3 candidates/s of all together",
        "<dd>system Linux x86_64, cores 8, 2 threads each (3 workers on 2 nodes)</dd>",
        "<dt>lost</dt>\n<dd>w2 on 10.0.0.2 was lost after 4 s: the node died</dd>",
        'aria-label="Workers, a table"',
        '<td class="text">w3</td>',
    ):
        assert text in section_of
    assert "Workers, a table" not in shown[: shown.index("<summary>runs/ray</summary>")]


def test_names_of_workers_are_text_in_markdown_and_html(crews, board):
    sheet = workers_sheet(crews["hostile"])
    assert "</td>" not in section(sheet, "##") and "\x1b" not in section(sheet, "##")
    run = board["runs/ray"].model_copy(update={"execution": crews["hostile"]})
    for shown in (document({"runs/ray": run}, {}), page(build({"runs/ray": run}), {"runs/ray": run})):
        assert "\\x1b[31m&lt;/td&gt;|[bold]\\u202e*x*" in shown
        assert "\x1b" not in shown and "\u202e" not in shown


counts = st.integers(0, 10**12)
seconds = st.floats(0, 1e12)
text = st.text(max_size=60)
workers = st.builds(
    WorkerFacts, name=text, node=text, device=text, candidates=counts, busy=seconds, present=seconds, lost=text
)


@given(
    facts=st.builds(
        ExecutionFacts,
        executor=st.just("ray"),
        workers=st.lists(workers, max_size=4).map(tuple),
        seconds=seconds,
        candidates=counts,
        driver=seconds,
        retried=counts,
        resubmitted=counts,
    )
)
def test_whatever_a_record_says_of_workers_can_be_shown(facts):
    sheet = workers_sheet(facts)
    assert len(sheet.rows) == len(facts.workers)
    assert all(len(row) == len(sheet.headings) for row in sheet.rows)
    told = [summary(facts), at_work(facts), crowd(facts)]
    assert len(list(losses(facts))) == sum(bool(one.lost) for one in facts.workers)
    assert all(f" on {len({one.node for one in facts.workers})} node" in one for one in told)
