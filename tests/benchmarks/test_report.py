"""The report of a run over all regions: how long it takes to make, and to open in a browser."""

import os
import shutil
from pathlib import Path

import pytest

from harness.records.run_directory import RunDirectory
from harness.report.document import document

RUN = Path(__file__).parents[2] / "results" / "respondent-de"


@pytest.fixture(scope="module")
def records():
    return {"results/respondent-de": RunDirectory(RUN).read_record()}


def test_making_it(benchmark, records):
    html = benchmark.pedantic(document, (records, {}), rounds=3, warmup_rounds=1)
    benchmark.extra_info["megabytes"] = round(len(html.encode()) / 1e6, 2)


def test_opening_it(benchmark, records, tmp_path):
    """Until everything is drawn and the script has run; under 2 s is what is promised."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium here: 'apt-get install chromium' brings it, and .ci/run installs it")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here: install the extra 'test'")
    file = tmp_path / "report.html"
    file.write_text(document(records, {}), encoding="utf-8")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path, env={**os.environ, "HOME": os.environ.get("HOME", "/tmp")}
        )
        page = browser.new_page()

        def opened():
            page.goto(file.as_uri())
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

        benchmark.pedantic(opened, rounds=5, warmup_rounds=1)
        browser.close()
