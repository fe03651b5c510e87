"""Figures as parts of a page: well-formed, without script, style or references elsewhere, in colours of the page."""

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from harness.report.contest import analyse
from harness.report.figures import catalog
from harness.report.figures.canvas import DARK, DARK_FROM, LIGHT, ON_DARK, ON_LIGHT, SERIES, STEPS, canvas, settled

TAGS = {"svg", "title", "desc", "g", "path", "text", "tspan", "use", "defs", "clipPath", "rect"}
HOSTILE = (
    "<script>window.touched=1;alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</title></desc></svg><svg onload=alert(1)>",
    "<!-- x --> ]]> --!><![CDATA[",
    "&lt;b&gt; &amp; &#60; &copy",
    "url(#x) url(http://127.0.0.1:9/x.svg) var(--x, red)",
    "fill: red; background: url(http://127.0.0.1:9/)",
    "lines\nand\r\n\u2028ends",
    "\x1b[31mred\x9b\x00",
    "a\u202egpj.exe\u2066\u200f",
    r"$\frac{1}{0}$ $\undefined{ $x_$",
    "[bold]x[/bold] {{ 7 * 7 }} %s {0}",
    "<b>" * 300,
)


@pytest.fixture(scope="module")
def figures(made, shown, three):
    """Every figure, of runs and of a contest."""
    return [*catalog.of_runs(*shown(made(4, 2, 2))), *catalog.of_contest(analyse(three))]


def check(svg, name):
    root = ElementTree.fromstring(svg)
    ids = [element.get("id") for element in root.iter() if element.get("id") is not None]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(rf"{name}-\d+", one) for one in ids)
    for element in root.iter():
        assert element.tag in TAGS
        assert not {key for key in element.attrib if key.startswith("on") or key in ("style", "class", "xmlns")}
        for key, value in element.attrib.items():
            links = [value] if key == "href" else re.findall(r"url\(([^)]*)\)", value)
            assert all(link.removeprefix("#") in ids for link in links)
            if key in ("fill", "stroke"):
                assert value == "none" or re.fullmatch(r"var\(--figure-[a-z0-9-]+, #[0-9a-f]{6}\)", value)
    return root


def test_figures_are_well_formed_and_refer_to_nothing_else(figures):
    for drawn in figures:
        root = check(catalog.inline_svg(drawn), drawn.name)
        assert root.get("role") == "img"
        assert root.get("width") == "100%"
        assert root.get("height") is None
        title, desc = root[:2]
        assert (title.tag, title.text) == ("title", drawn.title)
        assert (desc.tag, desc.text) == ("desc", drawn.alt)
        assert re.search(r"\d\.\d|\d%", drawn.alt)


def test_all_text_is_text_in_the_font_of_the_page(figures):
    for drawn in figures:
        svg = catalog.inline_svg(drawn)
        assert "font-family" not in svg
        root = ElementTree.fromstring(svg)
        words = {"".join(element.itertext()) for element in root.iter("text")}
        assert any("index points" in word or "share of" in word for word in words), drawn.name
        # The page has the heading; the file has it again.
        assert drawn.title not in words


def test_a_figure_is_the_same_again_and_keeps_its_heading(figures, tmp_path):
    drawn = figures[0]
    first = catalog.inline_svg(drawn)
    assert catalog.inline_svg(drawn) == first
    heading = [text for text in drawn.figure.texts if drawn.title in text.get_text()]
    assert [text.get_visible() for text in heading] == [True]
    assert "other-0" in catalog.inline_svg(replace(drawn, name="other"))


def test_a_file_is_whole_and_on_white(figures, tmp_path):
    files = catalog.write(figures[:1], tmp_path)
    (svg,) = [path.read_text(encoding="utf-8") for path in files if path.suffix == ".svg"]
    ElementTree.fromstring(svg)
    assert svg.startswith("<?xml")
    assert "fill: #ffffff" in svg
    assert "var(" not in svg
    assert figures[0].alt in svg
    assert "<dc:date>" not in svg


def test_radars_are_small_and_their_frame_is_the_same(real, shown):
    found = {code: catalog.inline_svg(drawn) for code, drawn in catalog.radars(*shown(real))}
    assert list(found) == [result.region for result in real.methods[0].results]
    assert max(map(len, found.values())) < 25_000
    assert len(set(found.values())) == len(found)
    boxes = {ElementTree.fromstring(svg).get("viewBox") for svg in found.values()}
    assert len(boxes) == 1
    for place, svg in enumerate(found.values()):
        check(svg, f"radar-{place}")


def test_hostile_names_are_text(made, shown, tmp_path):
    codes = HOSTILE[:6]
    record = made(6, HOSTILE[6:8], codes=codes)
    record = record.model_copy(update={"model": record.model.model_copy(update={"name": HOSTILE[0]})})
    for drawn in catalog.of_runs(*shown(record)):
        check(catalog.inline_svg(drawn), drawn.name)
        assert drawn.title.isprintable()
        assert drawn.alt.isprintable()
        for path in catalog.write([drawn], tmp_path):
            if path.suffix == ".svg":
                root = ElementTree.parse(path).getroot()
                tags = {element.tag.rpartition("}")[2] for element in root.iter()}
                assert not tags & {"script", "image", "img", "a", "foreignObject"}
    assert {path.parent for path in tmp_path.rglob("*")} == {tmp_path}


def test_hostile_names_of_a_contest_are_text(contest):
    curves = {text.replace("\x00", ""): [[(10, 9.0 - place)]] * 4 for place, text in enumerate(("a", "b"))}
    planted = contest(curves)
    labels = dict(zip(planted.spec.labels, HOSTILE[:2], strict=True))
    analysis = analyse(planted)
    named = replace(
        analysis,
        title=HOSTILE[2],
        model=HOSTILE[7],
        finals=tuple(replace(row, label=labels.get(row.label, row.label)) for row in analysis.finals),
        courses=tuple(replace(one, label=labels[one.label]) for one in analysis.courses),
    )
    for drawn in catalog.of_contest(named):
        check(catalog.inline_svg(drawn), drawn.name)
        assert (drawn.title + drawn.alt).isprintable()


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Source: WCAG 2.2, relative luminance and contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_told_from_the_page_and_from_each_other():
    assert len(set(LIGHT.values())) == len(LIGHT)
    assert "#000000" not in LIGHT.values()
    text = {"figure-ink", "figure-soft", *(f"figure-{number}" for number in range(1, len(SERIES) + 1))}
    assert min(contrast(LIGHT[name], LIGHT["figure-paper"]) for name in text) >= 4.5
    assert min(contrast(DARK[name], DARK["figure-paper"]) for name in text) >= 4.5
    assert DARK.keys() <= LIGHT.keys()


def test_tiles_darken_step_by_step_and_their_text_is_read():
    shades = [luminance(colour) for colour in STEPS]
    assert shades == sorted(shades, reverse=True)
    assert all(high / low > 1.2 for high, low in pairwise(shades))
    for place, colour in enumerate(STEPS):
        assert contrast(colour, ON_DARK if place >= DARK_FROM else ON_LIGHT) >= 4.5


def test_a_colour_of_no_palette_is_found():
    with settled():
        figure = canvas()
        figure.subplots().plot([0, 1], [0, 1], color="#123456")
    with pytest.raises(AssertionError):
        check(catalog.inline_svg(catalog.Drawn("x", "x", "x", figure)), "x")
