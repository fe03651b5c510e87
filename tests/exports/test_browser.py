"""What a browser makes of exports: nothing in a name is run, loaded or hidden. How they look was looked at."""

import io
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from markdown_it import MarkdownIt

from harness.records.run_directory import RunDirectory
from harness.report.leaderboard import build
from harness.report.literal import literal
from harness.report.markdown import markdown
from harness.report.page import page

QUIET = {"dialogs": [], "messages": [], "requests": []}
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "section", "div", "footer", "h1", "h2", "h3", "h4"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "p", "ul", "li", "dl", "dt", "dd"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "tabindex", "scope"}
SCAN = """() => {
    const found = {tags: new Set(), attributes: new Set()};
    for (const one of document.querySelectorAll("*")) {
        found.tags.add(one.localName);
        for (const name of one.getAttributeNames()) found.attributes.add(name);
    }
    return [[...found.tags], [...found.attributes]];
}"""


def shown(text):
    """As a browser shows it, which makes one space of several."""
    return " ".join(literal(text).split(" ")).strip()


def assert_inert(opened, heard, tags, attributes):
    assert heard == QUIET
    found = opened.evaluate(SCAN)
    assert set(found[0]) <= tags and set(found[1]) <= attributes
    assert opened.evaluate("window.touched") is None


def assert_drawn(screenshot):
    pixels = matplotlib.image.imread(io.BytesIO(screenshot))
    assert np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0).shape[0] > 20


@pytest.fixture(scope="module")
def normal():
    path = Path(__file__).parents[2] / "results" / "respondent-de"
    records = {"results/respondent-de": RunDirectory(path).read_record()}
    return page(build(records), records)


@pytest.fixture(scope="module")
def everything(planted, hostile):
    """A leaderboard with every hostile name as a method and a region, and all of them together everywhere else."""
    records = {"/".join(hostile.values()): planted(*hostile.values())}
    return build(records), records


def test_a_page_of_hostile_names_runs_and_loads_nothing(visit, everything, hostile):
    opened, heard = visit(page(*everything, dimensions=True))
    assert_inert(opened, heard, TAGS, ATTRIBUTES)
    visible = opened.inner_text("body")
    assert [name for name, text in hostile.items() if shown(text)[:1000] not in visible] == []
    assert hostile["script"] in opened.title()
    assert_fits(opened)


def test_the_policy_of_the_page_stops_a_script_that_stands_in_it(visit, planted):
    """Were a name ever printed as it is."""
    html = page(build({"one": planted("x")}), {"one": planted("x")})
    planted_script = "<script>window.touched=1</script><img src=http://127.0.0.1:9/x onerror='window.touched=1'>"
    opened, heard = visit(html.replace("<main>", f"<main>{planted_script}"))
    assert opened.evaluate("window.touched") is None
    assert len(heard["messages"]) >= 3 and heard["dialogs"] == []
    assert all("Content Security Policy" in text for text in heard["messages"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_its_window(visit, normal, scheme):
    opened, heard = visit(normal, scheme=scheme)
    assert heard == QUIET
    assert "3.94" in opened.inner_text("table >> nth=0")
    dark = opened.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    assert_fits(opened)


def assert_fits(opened):
    for width in (1200, 375):
        opened.set_viewport_size({"width": width, "height": 800})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert_drawn(opened.screenshot())


def test_markdown_of_hostile_names_becomes_nothing_but_its_tables(visit, everything, hostile):
    text = markdown(everything[0], regions=True, dimensions=True)
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    opened, heard = visit(f"<!DOCTYPE html><meta charset=utf-8><title>x</title>{html}")
    tags = {"html", "head", "meta", "title", "body", "h2", "h3", "ul", "li", "p", "span", "strong"}
    tags |= {"table", "thead", "tbody", "tr", "th", "td"}
    assert_inert(opened, heard, tags, {"charset", "style"})
    visible = opened.inner_text("body")
    assert [name for name, text in hostile.items() if shown(text)[:1000] not in visible] == []
    assert_drawn(opened.screenshot())
