"""Figures as files: a PNG and an SVG of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from harness.records.files import writing
from harness.report.figures.canvas import FITS, FITTED, NAME, SETTINGS, settled
from harness.report.figures.drawn import Drawn
from harness.report.literal import shortened

DPI: Final = 160


def write(drawn: Iterable[Drawn], folder: Path) -> list[Path]:
    """Writes NAME.png and NAME.svg of each figure, in light colours on white.

    The same figure gives the same bytes with the same version of the plotting library.

    Raises:
        RunError: the folder cannot be written.
    """
    written = []
    for one in drawn:
        about = {"Title": one.title, "Description": one.alt}
        for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
            path = folder / f"{one.name}.{kind}"
            with settled(), writing(folder), _spelt(one.figure):
                one.figure.savefig(path, dpi=DPI, metadata={**about, **metadata}, facecolor="white")
            written.append(path)
    return written


@contextmanager
def _spelt(figure: Figure) -> Iterator[None]:
    """Spells out, for as long as a file is written, the characters for which the font has no picture."""
    axis_formats, texts = {}, {}
    # What stands at ticks is written anew at each drawing.
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        labels = [label.get_text() for label in axis.get_ticklabels()]
        if (spelt := [_drawable(label) for label in labels]) != labels:
            axis_formats[axis] = axis.get_major_formatter()
            axis.set_ticklabels(spelt)
    for text in figure.findobj(Text):
        before = text.get_text()
        if (after := _drawable(before)) != before:
            texts[text] = before, float(text.get_fontsize())
            text.set_text(after)
            if text.get_gid() == FITTED:
                text.set_fontsize(FITS / len(after))
    try:
        yield
    finally:
        for axis, form in axis_formats.items():
            axis.set_major_formatter(form)
        for text, (before, size) in texts.items():
            text.set_text(before)
            text.set_fontsize(size)


def _drawable(text: str) -> str:
    if text.isascii():
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    """What is spelt out takes no more room than a name may, so that something is left for the plot."""
    spelt = "".join(c if ord(c) in _pictures() else c.encode("unicode_escape").decode() for c in line)
    return shortened(spelt, max(NAME, len(line)))


@cache
def _pictures() -> frozenset[int]:
    """The characters that the font can show."""
    path = font_manager.findfont(str(SETTINGS["font.family"]))
    return frozenset(font_manager.get_font(path).get_charmap())
