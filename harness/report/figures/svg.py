"""A figure as SVG that stands in an HTML page: no style sheet of its own, colours by CSS variables, text as text."""

from __future__ import annotations

import io
import re
import warnings
from typing import Final
from xml.etree import ElementTree

import matplotlib

from harness.report.figures.canvas import HEAD, HEADING, LIGHT, settled
from harness.report.figures.drawn import Drawn
from harness.report.literal import literal

POINTS: Final = 72
"""In an inch."""
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_LINK: Final = re.compile(r"url\(#([^)]*)\)")
_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_COLOURS: Final = {colour: f"var(--{name}, {colour})" for name, colour in LIGHT.items()}
_DROPPED: Final = ("metadata", "style")
_FONT: Final = re.compile(r"(?:(?P<style>italic) )?(?:(?P<weight>bold|\d+) )?(?P<size>[\d.]+px)")
_INHERITED: Final = ("fill", "stroke", "font", "text-anchor")
# What the library's own style sheet says of all elements.
_ROOT: Final = {"stroke-linejoin": "round", "stroke-linecap": "butt", "width": "100%", "role": "img"}


def inline_svg(drawn: Drawn) -> str:
    """The figure as an element for an HTML page, without its heading, which the page shows.

    It has no style sheet and no style attributes, so that the page's policy need not allow any; ids begin with the
    figure's name; the same figure gives the same text.
    """
    root = ElementTree.fromstring(_saved(drawn))
    found = ElementTree.Element("svg", {"viewBox": _view(root, drawn), **_ROOT})
    ids = {name: f"{drawn.name}-{number}" for number, name in enumerate(_linked(root))}
    for kind, text in (("title", drawn.title), ("desc", drawn.alt)):
        ElementTree.SubElement(found, kind).text = literal(text)
    found.extend(_plain(child, ids) for child in root if _tag(child) not in _DROPPED)
    return ElementTree.tostring(found, encoding="unicode")


def _view(root: ElementTree.Element, drawn: Drawn) -> str:
    """What is seen: all, without the room that a figure of fixed places keeps for its heading."""
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    # The library's own layout has given that room away.
    cut = 0.0 if drawn.figure.get_layout_engine() else POINTS * HEAD
    return f"{left:g} {top + cut:g} {width:g} {height - cut:g}"


def _saved(drawn: Drawn) -> str:
    file = io.StringIO()
    hidden = [text for text in drawn.figure.texts if text.get_gid() == HEADING]
    with settled(), matplotlib.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        # The browser has letters that the library's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        for text in hidden:
            text.set_visible(False)
            text.set_in_layout(False)
        drawn.figure.savefig(
            file,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
        for text in hidden:
            text.set_visible(True)
            text.set_in_layout(True)
    return file.getvalue()


def _linked(root: ElementTree.Element) -> list[str]:
    """The ids that something refers to, in their order."""
    links: dict[str, None] = {}
    for element in root.iter():
        for key, value in element.attrib.items():
            names = [value[1:]] if key == _HREF else _LINK.findall(value)
            links |= dict.fromkeys(names)
    return list(links)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _plain(element: ElementTree.Element, ids: dict[str, str]) -> ElementTree.Element:
    """The element and what is in it without namespaces, styles and ids that nothing refers to."""
    found = ElementTree.Element(_tag(element))
    for key, value in element.attrib.items():
        if key == "id":
            found.attrib |= {"id": ids[value]} if value in ids else {}
        elif key == _HREF:
            found.set("href", f"#{ids[value[1:]]}")
        elif key == "style":
            found.attrib |= _attributes(value)
        else:
            found.set(key, _LINK.sub(lambda link: f"url(#{ids[link[1]]})", value))
    for key in ("d", "transform", "x", "y"):
        if key in found.attrib:
            found.set(
                key, _NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), found.get(key, ""))
            )
    text = element.text
    found.text = text if text and text.strip() else None
    found.extend(_plain(child, ids) for child in element if _tag(child) not in _DROPPED)
    _share(found)
    return found


def _share(element: ElementTree.Element) -> None:
    """Says what holds for all parts of a group once."""
    if element.tag != "g" or len(element) < 2:
        return
    first, *rest = element
    for key, value in list(first.attrib.items()):
        if key.startswith(_INHERITED) and key not in element.attrib and all(one.get(key) == value for one in rest):
            element.set(key, value)
            for one in element:
                del one.attrib[key]


def _attributes(style: str) -> dict[str, str]:
    """A style as attributes of its own, without the family of the font."""
    found: dict[str, str] = {}
    for part in style.split(";"):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        if key == "font" and (font := _FONT.match(value)):
            found |= {f"font-{name}": given for name, given in font.groupdict().items() if given}
        elif key and key not in ("font", "font-family"):
            found[key] = _COLOURS.get(value.lower(), value)
    return found
