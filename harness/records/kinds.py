"""Every kind of document that carries a schema version, with the steps from its older ones."""

from __future__ import annotations

from typing import Any, Final

from harness.records.benchmark import ScorerBenchmark
from harness.records.contest import Contest
from harness.records.executors import ExecutorBenchmark
from harness.records.labels import LabelsCheck
from harness.records.migrations import contest_1_to_2, first_version, record_1_to_2, record_2_to_3
from harness.records.repeatability import Baseline, Verdict
from harness.records.schema import Record
from harness.records.side_effects import SideEffects
from harness.records.text_agreement import TextAgreement
from harness.records.transfer import Transfer
from harness.records.versions import BEFORE, Kind
from harness.records.wrappers import AsksBenchmark, WrappersBenchmark

RECORD: Final = Kind("record", Record, "record.json of harness run", {1: record_1_to_2, 2: record_2_to_3})
CONTEST: Final = Kind("contest", Contest, "contest.json of harness bench optimizers", {1: contest_1_to_2})
LABELS: Final = Kind("labels", LabelsCheck, "the output of harness check labels", {BEFORE: first_version})
TEXT_AGREEMENT: Final = Kind(
    "text-agreement", TextAgreement, "the output of harness check text-agreement", {BEFORE: first_version}
)
TRANSFER: Final = Kind("transfer", Transfer, "the output of harness check transfer", {BEFORE: first_version})
SIDE_EFFECTS: Final = Kind("side-effects", SideEffects, "the output of harness side-effects", {BEFORE: first_version})
BENCH_SCORER: Final = Kind(
    "bench-scorer", ScorerBenchmark, "the output of harness bench scorer", {BEFORE: first_version}
)
BENCH_WRAPPERS: Final = Kind(
    "bench-wrappers", WrappersBenchmark, "the output of harness bench wrappers", {BEFORE: first_version}
)
BENCH_ASKS: Final = Kind("bench-asks", AsksBenchmark, "the output of harness bench asks", {BEFORE: first_version})
BENCH_EXECUTOR: Final = Kind("bench-executor", ExecutorBenchmark, "the output of harness bench executor", {})
BASELINE: Final = Kind("baseline", Baseline, "the output of harness baseline", {})
VERDICT: Final = Kind("verdict", Verdict, "the output of harness compare --json", {})
KINDS: Final[dict[str, Kind[Any]]] = {
    kind.name: kind
    for kind in (
        RECORD,
        CONTEST,
        LABELS,
        TEXT_AGREEMENT,
        TRANSFER,
        SIDE_EFFECTS,
        BENCH_SCORER,
        BENCH_WRAPPERS,
        BENCH_ASKS,
        BENCH_EXECUTOR,
        BASELINE,
        VERDICT,
    )
}
