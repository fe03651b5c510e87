"""Tables of what workers gain: whole, at 80 columns."""

import io

from rich.console import Console

from harness.records.benchmark import Spread
from harness.records.executors import CurvePoint, ExecutorBenchmark, Load, OverheadRow, ScalingRow
from harness.records.schema import Provenance
from harness.report.executors import executor_notes, executor_tables

PROVENANCE = Provenance(
    versions={"numpy": "2.4.6"},
    git_revision=None,
    git_dirty=None,
    machine={"processor": "A processor", "cores": 2},
    threads=1,
)


def spread(median, room=0.0):
    return Spread(median=median, low=median - room, high=median + room)


def scaling(workers, rate, linear, alone):
    return ScalingRow(
        workers=workers,
        candidates_per_second=spread(rate, 1.0),
        of_linear=spread(linear, 0.125 if workers > 1 else 0.0),
        utilisation=spread(0.96),
        driver_ms=spread(1.25),
        alone=spread(alone, 0.25 if workers > 1 else 0.0),
    )


RESULT = ExecutorBenchmark(
    provenance=PROVENANCE,
    scaling=(scaling(1, 15.0, 1.0, 1.0), scaling(2, 27.0, 0.875, 1.75)),
    overhead=(OverheadRow(dimensions=81920, candidates=240, seam=spread(1.5, 0.25), search=spread(26.0, 1.0)),),
    load=Load(
        workers=64,
        candidates=9945,
        latency=0.5,
        spread=0.4,
        dimensions=64,
        searches=65,
        utilisation=0.961,
        seconds=87.4,
        driver_ms=1.75,
        bytes_per_candidate=412.6,
        curve=(
            CurvePoint(candidates=4990, driver_ms=1.7, memory_mb=520.4, utilisation=0.97),
            CurvePoint(candidates=9940, driver_ms=1.8, memory_mb=522.6, utilisation=0.961),
        ),
    ),
)
WHOLE = """\
what workers gain
workers   per second           of linear           no driver   busy   driver
      1           15.0                1.00                1.00    96%         1.2
      2           27.0   0.88 [0.75, 1.00]   0.88 [0.75, 1.00]    96%         1.2
what a candidate costs the driver
dimensions            seam, ms               search, ms
    81,920   1.50 [1.25, 1.75]   26.00 [25.00, 27.00]
the driver of 64 workers
candidates   driver ms   memory MB    busy
     4,990        1.70         520   97.0%
     9,940        1.80         523   96.1%
"""


def printed(*shown):
    console = Console(width=80, record=True, file=io.StringIO())
    for one in shown:
        console.print(one)
    return console.export_text()


def test_the_tables():
    lines = [line for line in printed(*executor_tables(RESULT)).splitlines() if set(line.strip()) - {"─"}]
    assert [line.split() for line in lines] == [line.split() for line in WHOLE.splitlines()]


def test_the_notes():
    notes = list(executor_notes(RESULT))
    assert len(notes) == 4
    assert (
        "64 simulated workers, 9,945 candidates of 64 numbers in 65 searches by de; a candidate takes 0.5 s, "
        "log-normal with 0.4: 96.1% busy over 87 s, driver 1.75 ms per candidate, 413 bytes more for each candidate in "
        "the second half"
    ) in notes
    assert notes[-1] == "A processor, 2 cores, numpy 2.4.6"


def test_parts_that_were_not_measured_are_not_shown():
    part = RESULT.model_copy(update={"scaling": (), "load": None})
    assert len(executor_tables(part)) == 1 and len(list(executor_notes(part))) == 2
