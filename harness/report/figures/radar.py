"""The six dimensions of one region as a radar: the published target and the answers under several methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from numpy.typing import NDArray

from harness.records.schema import DIMENSIONS
from harness.report.figures.canvas import GRID, HEADING, INK, PAPER, SERIES, SOFT, canvas, drawn_name
from harness.report.figures.drawn import Drawn, NotDrawnError
from harness.report.figures.lines import Line, Lines
from harness.report.literal import shortened
from harness.report.rows import Row

Floats = NDArray[np.float64]
LABEL: Final = 17
"""Characters of a method's name below the radar."""
STEP: Final = 25.0
"""Index points between rings at least."""
RINGS: Final = 6
"""Rings at most."""
_ANGLES: Final = np.pi / 2 - np.arange(6) * np.pi / 3
# The middle of the side between the last dimension and the first, where few lines pass.
_BETWEEN: Final = np.cos(np.pi / 6) * np.array([np.cos(2 * np.pi / 3), np.sin(2 * np.pi / 3)])
_LOOKS: Final[tuple[dict[str, Any], ...]] = (
    {"color": INK, "linestyle": "-", "linewidth": 1.0},
    {"color": SERIES[1], "linestyle": (0, (1, 1.6)), "linewidth": 1.6, "marker": "s", "markersize": 3.5},
    {"color": SERIES[3], "linestyle": (0, (5, 2)), "linewidth": 1.4, "marker": "^", "markersize": 4},
    {"color": SERIES[0], "linestyle": "-", "linewidth": 2.0, "marker": "o", "markersize": 4},
)


def radar(shown: Lines, region: str | None = None) -> Drawn:
    """The radar of a region, by default of the one with the largest error of the best tuned method.

    Raises:
        NotDrawnError: no method was tuned, or the records hold no targets.
        UsageError: no run has the region.
    """
    if region is None:
        region = max(shown.best.regions, key=lambda code: shown.best.regions[code].mae)
    return Dial(shown, shown.best_in(region)).turn(region, "radar")


def radars(shown: Lines) -> Iterator[tuple[str, Drawn]]:
    """The radar of every region by its code; one figure shows all regions of a run, one after the other.

    Raises:
        NotDrawnError: no method was tuned.
    """
    dials: dict[Row, Dial] = {}
    for place, code in enumerate(shown.tuned_regions):
        line = shown.best_in(code)
        if not _known_any(line):
            continue
        if line.row not in dials:
            dials[line.row] = Dial(shown, line)
        yield code, dials[line.row].turn(code, f"radar-{place}")


class Dial:
    """A radar whose axes stay and whose polygons move, so that all regions of a run are drawn fast.

    Attributes:
        regions: that it can show.
    """

    def __init__(self, shown: Lines, best: Line) -> None:
        """Draws the axes with a range that holds all regions of a tuned method.

        Raises:
            NotDrawnError: the records hold no targets.
        """
        beside = (shown.beside(best, "naive"), shown.beside(best, "icl", "persona"))
        self._lines: tuple[Line, ...] = (*(line for line in beside if line is not None), best)
        self.regions = tuple(best.regions)
        if not _known_any(best):
            raise NotDrawnError("the records hold no published scores")
        self._subject = drawn_name(best.row.model)
        self.rings = _rings(np.concatenate([self._values(code) for code in self.regions]))
        self._figure = canvas((4.6, 4.9), layout="none")
        self._draw_frame()

    def turn(self, region: str, name: str) -> Drawn:
        """The same figure with the polygons of a region."""
        values = self._values(region)
        for artist, points in zip(self._polygons, map(self._at, values), strict=True):
            artist.set_data(*np.vstack([points, points[:1]]).T)
        for text, line in zip(self._texts, (None, *self._lines), strict=True):
            text.set_text(self._entry(line, region))
        self._fill.set_path(_filled(self._at(values[0])))
        code = drawn_name(region)
        title = f"{code}: published scores and answers"
        self._head.set_text(f"{title}\n{self._subject}")
        return Drawn(name, title, self._alt(code, region, values[0], values[-1]), self._figure)

    def _values(self, region: str) -> Floats:
        """(1 + M, 6) index points of the target and of M methods, the tuned one last; NaN where there is none."""
        return np.stack([self._lines[-1].target(region), *(line.indices(region) for line in self._lines)])

    def _entry(self, line: Line | None, region: str) -> str:
        if line is None:
            return "published"
        error = f"error {line.regions[region].mae:.1f}" if region in line.regions else "not asked"
        return f"{shortened(line.label, LABEL)}: {error}"

    def _at(self, values: Floats) -> Floats:
        """(6, 2) places of six values."""
        radius = (values - self.rings[0]) / (self.rings[-1] - self.rings[0])
        return np.stack([radius * np.cos(_ANGLES), radius * np.sin(_ANGLES)], axis=1)

    def _draw_frame(self) -> None:
        figure = self._figure
        axes = figure.add_axes((0.02, 0.16, 0.96, 0.75), aspect="equal")
        axes.set(xlim=(-1.3, 1.3), ylim=(-1.14, 1.14))
        axes.set_axis_off()
        hexagon = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
        corners = np.vstack([hexagon, hexagon[:1]])
        rings = [Path(corners * size) for size in np.linspace(0, 1, len(self.rings))[1:]]
        spokes = [Path([(0.0, 0.0), corner]) for corner in hexagon]
        axes.add_patch(PathPatch(Path.make_compound_path(*rings, *spokes), fill=False, edgecolor=GRID, linewidth=0.8))
        for name, (x, y) in zip(DIMENSIONS, hexagon, strict=True):
            side = "center" if abs(x) < 0.1 else "left" if x > 0 else "right"
            axes.text(1.06 * x, 1.09 * y, name.upper(), ha=side, va="center", fontsize=10)
        self._fill = PathPatch(Path(np.zeros((1, 2))), facecolor=SOFT, alpha=0.2, linewidth=0)
        axes.add_patch(self._fill)
        self._polygons: list[Line2D] = []
        self._texts: list[Text] = []
        for place, line in enumerate((None, *self._lines)):
            look = _LOOKS[0] if line is None else _look(line, self._lines[-1])
            self._polygons += axes.plot([], [], **look)
            x, y = 0.03 + 0.48 * (place % 2), 0.122 - 0.04 * (place // 2)
            if line is None:
                figure.add_artist(Rectangle((x, y - 0.012), 0.08, 0.024, facecolor=SOFT, alpha=0.2, linewidth=0))
            figure.add_artist(Line2D([x, x + 0.04, x + 0.08], [y, y, y], **{**look, "markevery": [1]}))
            self._texts.append(figure.text(x + 0.1, y, "", va="center", fontsize=8.5))
        for value, size in zip(self.rings, np.linspace(0, 1, len(self.rings)), strict=True):
            x, y = size * _BETWEEN
            ground = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.4}
            axes.text(x, y, f"{value:g}", fontsize=7, color=SOFT, ha="center", va="center", zorder=5, bbox=ground)
        low, high = self.rings[0], self.rings[-1]
        seeds = ", means over seeds" * (self._lines[-1].row.seeds > 1)
        scale = f"index points, {low:g} in the centre to {high:g} at the edge for every region;"
        note = f"{scale}\nanswers to held-out wordings{seeds}"
        figure.text(0.03, 0.008, note, fontsize=7, color=SOFT, va="bottom", linespacing=1.3)
        self._head = figure.suptitle("", x=0.01, ha="left", fontsize=9)
        self._head.set_gid(HEADING)

    def _alt(self, code: str, region: str, target: Floats, tuned: Floats) -> str:
        told = [line for line in self._lines if region in line.regions]
        errors = ", ".join(f"{line.label} {line.regions[region].mae:.1f}" for line in told)
        pairs = zip(DIMENSIONS, target, tuned, strict=True)
        scores = [f"{name.upper()} {wanted:.0f} ({found:.0f})" for name, wanted, found in pairs if np.isfinite(wanted)]
        missing = [name.upper() for name, wanted in zip(DIMENSIONS, target, strict=True) if np.isnan(wanted)]
        gap = f" No published score: {', '.join(missing)}." if missing else ""
        return (
            f"{code}: mean absolute error {errors} index points. Published scores, those of {told[-1].label} in "
            f"brackets: {', '.join(scores) or 'none'}.{gap}"
        )


def _known_any(line: Line) -> bool:
    """Whether any of a method's regions has a published score."""
    return any(np.isfinite(line.target(code)).any() for code in line.regions)


def _look(line: Line, best: Line) -> dict[str, Any]:
    return _LOOKS[3] if line is best else _LOOKS[1] if line.row.method == "naive" else _LOOKS[2]


def _filled(points: Floats) -> Path:
    """Triangles from the centre to each two neighbours that are both known."""
    pairs = zip(points, np.roll(points, -1, axis=0), strict=True)
    triangles = [Path([(0.0, 0.0), one, other, (0.0, 0.0)], closed=True) for one, other in pairs if _known(one, other)]
    return Path.make_compound_path(*triangles) if triangles else Path(np.zeros((1, 2)))


def _known(*points: Floats) -> bool:
    return bool(np.isfinite(points).all())


def _rings(values: Floats) -> Floats:
    """Values of the rings, the centre first: round, evenly spaced and around all values, 0 and 100."""
    low, high = min(0.0, float(np.nanmin(values))), max(100.0, float(np.nanmax(values)))
    step = STEP
    while np.ceil(high / step) - np.floor(low / step) > RINGS:
        step *= 2
    return np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
