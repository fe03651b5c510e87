"""A run beside its baseline, for the terminal, for a page of Markdown and for a reader of JUnit's XML."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, log10
from statistics import fmean
from typing import Final
from xml.etree import ElementTree

from harness.records.repeatability import AREAS, Finding, Repeated, Verdict
from harness.report.literal import literal
from harness.report.markdown import escaped, listed, section
from harness.report.sheets import Sheet

LARGE: Final = 1e9
FOUR_DIGITS: Final = 1e4
STATUS: Final = {
    "same": "ok",
    "better": "better",
    "worse": "WORSE",
    "missing": "MISSING",
    "elsewhere": "not judged",
}


def verdict_sheet(verdict: Verdict) -> Sheet:
    """One row for each metric; what fails the run stands out."""
    rows = []
    for finding in verdict.findings:
        shown = STATUS[finding.status] + ("" if finding.gated else " (not gated)")
        edge = f"{'>=' if finding.metric.higher_is_better else '<='} {number(_edge(finding), finding.limit)}"
        mean = number(finding.mean, finding.limit)
        cells = (finding.metric.area, finding.metric.label, _value(finding), mean, edge, shown)
        rows.append(cells)
    failed = frozenset((place, 5) for place, finding in enumerate(verdict.findings) if finding.failed)
    headings = ("area", "metric", "run", "baseline", "allowed", "verdict")
    return Sheet("Against the baseline", headings, tuple(rows), left=(0, 1, 5), strong=failed)


def summary(verdict: Verdict) -> str:
    """The verdict in a sentence, which names what failed."""
    failed = [f"{one.metric.label} {one.status}" for one in verdict.findings if one.failed]
    if not failed:
        gated = sum(one.gated and one.status != "elsewhere" for one in verdict.findings)
        return f"no regression: {gated} metrics judged"
    return f"REGRESSION: {', '.join(failed)}"


def notes(verdict: Verdict) -> Iterator[str]:
    """What must be known to read a verdict."""
    yield (
        "allowed: the baseline's mean and its repeatability limit, 2.8 standard deviations of repeated runs (ISO "
        "5725), or what the machine's arithmetic may change where these are all the same"
    )
    units = dict.fromkeys((one.metric.name, one.metric.unit) for one in verdict.findings)
    yield "; ".join(f"{name}: {unit}" for name, unit in units)
    better = [one.metric.label for one in verdict.findings if one.status == "better"]
    if better:
        advice = "; where that is meant, a new baseline keeps it" if verdict.passed else ""
        yield f"better than the limit: {', '.join(better)}{advice}"
    yield from verdict.notes


def markdown(verdict: Verdict) -> str:
    """The verdict as Markdown, such as for the summary of a CI job."""
    lines = [f"**{escaped(summary(verdict))}**", f"Run {escaped(verdict.run)}, baseline {escaped(verdict.baseline)}."]
    return "\n\n".join([*lines, section(verdict_sheet(verdict), "###"), listed(notes(verdict))])


def junit(verdict: Verdict) -> str:
    """The verdict as JUnit's XML: a suite for each area, a case for each metric, a failure for what failed."""
    root = ElementTree.Element("testsuites", name="vsm-harness regression gate")
    for area in AREAS:
        own = [one for one in verdict.findings if one.metric.area == area]
        counts = (len(own), sum(one.failed for one in own), sum(map(_skipped, own)))
        tests, failures, skipped = map(str, counts)
        suite = ElementTree.SubElement(
            root, "testsuite", name=area, tests=tests, failures=failures, errors="0", skipped=skipped
        )
        for one in own:
            _case(suite, one)
        ElementTree.SubElement(suite, "system-out").text = "\n".join(map(literal, verdict.notes))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=suite.get("name", ""), name=literal(finding.metric.label)
    )
    edge, mean = (number(value, finding.limit) for value in (_edge(finding), finding.mean))
    said = f"{_value(finding)}, allowed {edge}, baseline {mean} {finding.metric.unit}"
    if finding.failed:
        ElementTree.SubElement(case, "failure", type=finding.status, message=literal(f"{finding.status}: {said}"))
    elif _skipped(finding):
        reason = "taken on another machine" if finding.gated else f"not gated: {STATUS[finding.status]}"
        ElementTree.SubElement(case, "skipped", message=reason)
    ElementTree.SubElement(case, "system-out").text = literal(said)


def repeated_sheet(measures: tuple[Repeated, ...], limits: tuple[float, ...]) -> Sheet:
    """What repeated runs gave.

    Args:
        measures: of a baseline.
        limits: of each.
    """
    rows = []
    for one, limit in zip(measures, limits, strict=True):
        run, low, high = (number(value, limit) for value in (one.values[0], min(one.values), max(one.values)))
        mean = abs(fmean(one.values))
        share = f"{100 * limit / mean:.2g} %" if mean else "-"
        rows.append((one.metric.area, one.metric.label, run, low, high, f"{limit:.2g}", share))
    headings = ("area", "metric", "run", "lowest", "highest", "limit", "of mean")
    return Sheet("Repeatability", headings, tuple(rows), left=(0, 1))


def number(value: float, limit: float = 0.0) -> str:
    """As many digits as a limit makes matter; four where it is zero, and no exponent for what is of a usual size."""
    if abs(value) >= LARGE:
        return f"{value:.4g}"
    if limit <= 0:
        return f"{value:.4g}" if abs(value) < FOUR_DIGITS else f"{value:.0f}"
    return f"{value:.{min(9, max(0, 1 - floor(log10(limit))))}f}"


def _edge(finding: Finding) -> float:
    higher = finding.metric.higher_is_better
    return finding.mean - finding.limit if higher else finding.mean + finding.limit


def _value(finding: Finding) -> str:
    return "-" if finding.value is None else number(finding.value, finding.limit)


def _skipped(finding: Finding) -> bool:
    return finding.status == "elsewhere" or not finding.gated
