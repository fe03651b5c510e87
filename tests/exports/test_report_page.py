"""The report in a browser: it sorts, filters and switches, can be read by anybody, and asks for nothing."""

import io
import re
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from harness.records.contest_directory import read_contest
from harness.records.run_directory import RunDirectory
from harness.report.document import document
from harness.report.leaderboard import build

RESULTS = Path(__file__).parents[2] / "results"
QUIET = {"dialogs": [], "messages": [], "requests": []}
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
ROWS = "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))"
SHOWN = "table => [...table.tBodies[0].rows].filter(row => row.checkVisibility()).map(row => row.cells[1].textContent)"
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)


@pytest.fixture(scope="module")
def records():
    return {"results/respondent-de": RunDirectory(RESULTS / "respondent-de").read_record()}


@pytest.fixture(scope="module")
def board(records):
    return build(records)


@pytest.fixture(scope="module")
def html(records):
    """The page of the committed run of all regions, and of a contest."""
    contest = read_contest(RESULTS / "benchmarks" / "studies" / "de" / "contest.json")
    return document(records, {"results/benchmarks/studies/de": contest})


def number(text):
    found = NUMBER.search(text)
    return float(found.group()) if found else None


def expected(rows, column, direction):
    """Sorted by a column of numbers, those without one last in any case."""
    known = [row for row in rows if number(row[column]) is not None]
    return [
        *sorted(known, key=lambda row: direction * number(row[column])),
        *(row for row in rows if number(row[column]) is None),
    ]


CLICKS = """table => [...table.querySelectorAll("thead th")].flatMap(heading => [1, 2].map(() => {
    heading.querySelector("button").click();
    return {
        rows: [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent.trim())),
        states: [...table.querySelectorAll("thead th")].map(one => one.getAttribute("aria-sort")),
        text: heading.classList.contains("text"),
    };
}))"""


def test_every_column_sorts_both_ways(visit, html):
    opened, heard = visit(html)
    for where in ("#leaderboard-table", "#regions-table", "section:has(> #leaderboard) .sorts >> nth=1"):
        table = opened.locator(f"{where} >> table")
        before = table.evaluate(ROWS)
        for step, found in enumerate(table.evaluate(CLICKS)):
            column, direction = step // 2, -1 if step % 2 else 1
            rows = found["rows"]
            assert sorted(rows) == sorted(before)
            if found["text"]:
                names = [row[column].casefold() for row in rows]
                assert names == sorted(names, reverse=direction < 0)
            else:
                assert rows == expected(before, column, direction)
            state = "ascending" if direction > 0 else "descending"
            assert found["states"] == [state if place == column else None for place, _ in enumerate(before[0])]
            before = rows
    assert heard == QUIET


def test_sorting_goes_by_the_numbers_of_the_record(visit, html, board):
    opened, _ = visit(html)
    opened.locator("#leaderboard-table th", has_text="mae").get_by_role("button").click()
    names = [row[1].rstrip("\N{DAGGER}") for row in opened.locator("#leaderboard-table table").evaluate(ROWS)]
    assert names == [row.method for row in sorted(board.rows, key=lambda row: row.mae)]
    opened.locator("#regions-table th", has_text=re.compile("^de$")).get_by_role("button").click()
    codes = [row[0][-4:-1] for row in opened.locator("#regions-table table").evaluate(ROWS)]
    errors = {row.region: row.mae for row in board.regions if row.method == "de"}
    assert [f"{errors[code]:.1f}" for code in codes] == [f"{error:.1f}" for error in sorted(errors.values())]


def test_filters_leave_what_was_asked_for_and_count_it(visit, html, board):
    opened, heard = visit(html)
    form = opened.locator("form[data-table=leaderboard-table]")
    table, count = opened.locator("#leaderboard-table table"), form.locator("output")
    everything = {row.method for row in board.rows}

    def left():
        return {name.rstrip("\N{DAGGER}") for name in table.evaluate(SHOWN)}

    assert left() == everything and count.inner_text() == "8 of 8 methods"
    form.get_by_label("Search").fill("PROMPT")
    assert left() == {"random-prompt"} and count.inner_text() == "1 of 8 methods"
    form.get_by_role("button", name="Show all").click()
    opened.wait_for_timeout(50)
    assert left() == everything
    form.get_by_label("Group").select_option("null")
    assert left() == {row.method for row in board.rows if row.group == "null"}
    form.get_by_label("Method").select_option(label="icl")
    assert left() == set() and count.inner_text() == "0 of 8 methods"
    form.get_by_label("Group").select_option("")
    assert left() == {"icl"}
    regions = opened.locator("form[data-table=regions-table]")
    regions.get_by_label("Search regions").fill("japan")
    assert regions.locator("output").inner_text() == "1 of 65 regions"
    assert heard == QUIET


def test_a_region_is_chosen_with_its_radar_numbers_and_text(visit, html, records, board):
    opened, heard = visit(html)
    scores = records["results/respondent-de"].targets.scores
    seen = set()
    for code in ("JPN", "USA", "AFW"):
        choice = opened.get_by_label("Region", exact=True)
        label = next(text for text in choice.locator("option").all_inner_texts() if code in text)
        choice.select_option(label=label)
        views = opened.locator(".view:visible")
        assert views.count() == 1 and code in views.locator("h3").inner_text()
        rows = {row[0]: row[1:] for row in views.locator("table").evaluate(ROWS)}
        assert rows["published"][:6] == [f"{score:.0f}" for score in scores[code].values()]
        own = next(row for row in board.regions if (row.region, row.method) == (code, "de"))
        assert rows["de"] == [*(f"{index:.0f}" for index in own.indices.values()), f"{own.mae:.1f}"]
        told = views.locator("svg desc").text_content()
        assert code in told and f"{own.mae:.1f}" in told
        seen.add(views.locator("svg").inner_html())
    assert len(seen) == 3 and heard == QUIET


def test_a_region_of_the_table_is_a_link_to_its_radar(visit, html):
    opened, heard = visit(html)
    # The second time the address does not change.
    for name in ("Brazil (BRA)", "Japan (JPN)", "Japan (JPN)"):
        opened.get_by_role("link", name=name).click()
        assert opened.locator(".view:visible h3").inner_text() == name
        assert opened.locator("#chooser option:checked").inner_text().strip() == name
        assert opened.evaluate("document.activeElement.className") == "view chosen"
    assert heard == QUIET


def test_everything_can_be_done_with_the_keyboard(visit, html):
    opened, _ = visit(html)
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "main"
    for _ in range(4):
        opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "Show all"
    opened.keyboard.press("Tab")
    button = "document.activeElement.closest('th')"
    assert opened.evaluate(f"{button}.cellIndex") == 0
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for key, state in (("Enter", "ascending"), ("Space", "descending")):
        opened.keyboard.press(key)
        assert opened.evaluate(f"{button}.getAttribute('aria-sort')") == state
    opened.focus("#chooser")
    before = opened.locator(".view:visible h3").inner_text()
    opened.keyboard.press("ArrowDown")
    assert opened.locator(".view:visible h3").inner_text() != before


OUTSIDE = """() => [...document.querySelectorAll("body *")]
    .filter(one => !one.closest(".wide, .plot, svg, .skip") && one.checkVisibility())
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("size", SIZES)
def test_it_is_drawn_and_fits(visit, html, size):
    width, height = SIZES[size]
    opened, heard = visit(html, width, height)
    grounds = set()
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.evaluate(OUTSIDE) == []
        grounds.add(opened.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert colours(opened.screenshot()) > 50
        assert colours(opened.locator(".radar svg:visible").screenshot()) > 30
    assert len(grounds) == 2 and heard == QUIET


def colours(screenshot):
    pixels = matplotlib.image.imread(io.BytesIO(screenshot))
    return np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0).shape[0]


def test_a_box_that_scrolls_says_so_and_is_reached_with_the_keyboard(visit, html):
    for width, scrolls in ((390, True), (1280, False)):
        opened, _ = visit(html, width)
        box = opened.locator("#leaderboard-table")
        assert (box.get_attribute("tabindex") == "0") == scrolls
        told = opened.evaluate("getComputedStyle(document.getElementById('leaderboard-table'), '::before').content")
        assert ("sideways" in told) == scrolls


FAULTS = """() => {
    const faults = [], all = selector => [...document.querySelectorAll(selector)];
    const ids = all("[id]").map(one => one.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id ${id} twice`);
    for (const one of all("[aria-labelledby]")) {
        if (!document.getElementById(one.getAttribute("aria-labelledby"))) faults.push("a label that is not there");
    }
    for (const one of all("a[href]")) {
        const hash = one.getAttribute("href");
        if (!/^#[a-z0-9-]+$/.test(hash) || !document.getElementById(hash.slice(1))) faults.push(`link ${hash}`);
    }
    for (const one of all("input, select")) if (!one.labels.length) faults.push(`no label: ${one.outerHTML}`);
    for (const one of all("button, a, summary, th, option")) if (!one.textContent.trim()) faults.push("no name");
    for (const one of all("th")) if (one.scope !== "col") faults.push("a heading of nothing");
    for (const one of all("svg:not([aria-hidden])")) {
        const [title, text] = [one.querySelector("title"), one.querySelector("desc")];
        if (one.getAttribute("role") !== "img" || !title?.textContent || !/\\d/.test(text?.textContent)) {
            faults.push("a figure without words");
        }
    }
    let last = 0;
    for (const one of all("h1, h2, h3, h4, h5, h6")) {
        const level = Number(one.localName[1]);
        if (level > last + 1) faults.push(`${one.textContent} skips a level`);
        last = level;
    }
    for (const tag of ["h1", "main", "body > header", "nav", "body > footer", "html[lang]"]) {
        if (all(tag).length !== 1) faults.push(`${all(tag).length} of ${tag}`);
    }
    return faults;
}"""
PALE = """() => {
    const parts = text => text.match(/[\\d.]+/g).map(Number);
    const light = rgb => rgb.slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
    const ground = one => {
        for (; one; one = one.parentElement) {
            const found = parts(getComputedStyle(one).backgroundColor);
            if (found.length === 3 || found[3] > 0) return found;
        }
        return [255, 255, 255];
    };
    const pale = new Set();
    for (const one of document.querySelectorAll("body *:not(svg, svg *, script, option)")) {
        if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
        const [a, b] = [light(parts(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) pale.add(`${one.localName}.${one.className}`);
    }
    return [...pale];
}"""


def test_what_is_there_has_names_order_and_contrast(visit, html):
    opened, _ = visit(html)
    assert opened.evaluate(FAULTS) == []
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        assert opened.evaluate(PALE) == []
    # As a screen reader hears it.
    heard = opened.locator("body").aria_snapshot()
    for part in ("- banner:", '- navigation "Contents"', "- main", "- contentinfo", '- heading "Summary" [level=2]'):
        assert part in heard
    assert '- region "Leaderboard"' in heard and '- combobox "Group"' in heard and '- img "' in heard


def test_on_paper_everything_is_open_and_no_control_is_left(visit, html):
    opened, _ = visit(html)
    assert len(re.findall(rb"/Type\s*/Page\b", opened.pdf())) > 5
    opened.emulate_media(media="print")
    assert opened.locator("form:visible, nav:visible, .skip:visible").count() == 0
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.locator("details:not([open])").count() == 0
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.locator("details[open]").count() == 0


def test_without_a_script_everything_is_there_to_read(visit, html, board):
    opened, heard = visit(html, scripts=False)
    assert heard == QUIET
    assert opened.locator("form:visible, th button").count() == 0
    views = opened.locator(".view:visible")
    assert views.count() == 65
    for text, row in zip(views.all_inner_texts(), (row for row in board.regions if row.method == "de"), strict=True):
        assert row.region in text and f"{row.mae:.1f}" in text
    assert opened.locator("#leaderboard-table").inner_text().count("\n") >= 8
    assert opened.locator("#regions-table tbody tr:visible").count() == 65


def test_a_contest_stands_with_its_figures_and_tables(visit, html):
    opened, _ = visit(html)
    section = opened.locator("section:has(> #contests)")
    assert section.locator("figure").count() == 3 and section.locator("table").count() >= 4
    assert "21 entrants searched" in opened.locator("section:has(> #summary)").inner_text()


def test_models_are_told_apart_and_filtered(visit, records):
    (record,) = records.values()
    methods = tuple(one.model_copy(update={"results": one.results[:2]}) for one in record.methods)
    one = record.model_copy(update={"methods": methods})
    other = one.model_copy(update={"model": one.model.model_copy(update={"name": "./other", "digest": "0"})})
    opened, heard = visit(document({"runs/one": one, "runs/other": other}, {}))
    form = opened.locator("form[data-table=leaderboard-table]")
    form.get_by_label("Model").select_option(label="./other")
    assert form.locator("output").inner_text() == "8 of 16 methods"
    assert opened.locator("section:has(> #summary) h3").all_inner_texts()[:2] == ["./other", "respondent"]
    assert opened.evaluate(FAULTS) == [] and heard == QUIET
