"""Regions by error, placed roughly as on a map."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from harness.report.figures.canvas import (
    DARK_FROM,
    EMPTY,
    FITS,
    FITTED,
    HEAD,
    INK,
    ON_DARK,
    ON_LIGHT,
    SOFT,
    STEPS,
    canvas,
    drawn_name,
    head,
)
from harness.report.figures.drawn import Drawn
from harness.report.figures.lines import Lines

PLACES: Final = "places.csv"
COLUMNS: Final = 23
CODE: Final = 7
"""Characters of a code in a tile."""
SIDE: Final = 0.94
"""Of a tile, in columns."""
INCHES: Final = 0.33
"""Per column and row."""
MOST: Final = 6 * COLUMNS
"""Regions without a place that are drawn."""
EXTREMES: Final = 3
"""Regions named as the lowest and the highest."""
ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """Steps of colour: step i holds values from `edges[i]` to below `edges[i + 1]`, the last one its end too."""

    edges: tuple[float, ...]

    def place(self, value: float) -> int:
        """The step that holds a value."""
        return int(np.clip(np.searchsorted(self.edges, value, side="right") - 1, 0, len(self.edges) - 2))

    def step(self, value: float) -> int:
        """Place in `STEPS` of a value's colour."""
        return self.colour(self.place(value))

    def colour(self, place: int) -> int:
        """Place in `STEPS` of the colour of a step; few steps stand far apart."""
        steps = len(self.edges) - 1
        return round(place * (len(STEPS) - 1) / (steps - 1)) if steps > 1 else len(STEPS) // 2


def world(shown: Lines) -> Drawn:
    """Tiles of the best tuned method's error.

    Raises:
        NotDrawnError: no method was tuned.
    """
    best = shown.best
    errors = {code: row.mae for code, row in best.regions.items()}
    spots, rest = placed(errors)
    mapped = not errors.keys().isdisjoint(places())
    bottom = [row for _, row, _ in places().values()] if mapped else []
    rows = 1 + max(*bottom, *(row for _, row in spots.values()), 0)
    scale = scaled(list(errors.values()))
    title = f"Error of {best.label} by region"
    figure = canvas((INCHES * COLUMNS, INCHES * (rows + 2.2) + HEAD), layout="none")
    head(figure, title, shown.subject)
    axes = figure.add_axes((0.005, 0.0, 0.99, 1 - HEAD / figure.get_figheight()), aspect="equal")
    axes.set(xlim=(-0.02, COLUMNS), ylim=(rows + 2.2, -0.1))
    axes.set_axis_off()
    if mapped:
        _tiles(axes, [(column, row) for code, (column, row, _) in places().items() if code not in errors], EMPTY)
    for step, colour in enumerate(STEPS):
        _tiles(axes, [spot for code, spot in spots.items() if scale.step(errors[code]) == step], colour)
    _outline(axes, [(c, r) for code, (c, r, kind) in places().items() if kind == "aggregate" and code in errors])
    for code, (column, row) in spots.items():
        _write(axes, code, errors[code], column, row, ON_DARK if scale.step(errors[code]) >= DARK_FROM else ON_LIGHT)
    _bar(axes, scale, rows + 0.35, best.label)
    axes.text(0.5, rows + 1.75, "; ".join(_notes(errors, rest)), fontsize=7, color=SOFT, va="center")
    return Drawn("world", title, _alt(best.label, errors), figure)


@cache
def places() -> Mapping[str, tuple[int, int, str]]:
    """Column, row and kind of each region that has a place."""
    text = resources.files(__package__).joinpath(PLACES).read_text(encoding="utf-8")
    return {
        line["code"]: (int(line["column"]), int(line["row"]), line["kind"])
        for line in csv.DictReader(text.splitlines())
    }


def placed(codes: Mapping[str, float]) -> tuple[dict[str, tuple[int, int]], int]:
    """Column and row of each region, those without a place in rows below; and how many there were too many."""
    known = places()
    spots = {code: known[code][:2] for code in codes if code in known}
    others = [code for code in codes if code not in known]
    below = 2 + max(row for _, row, _ in known.values()) if spots else 0
    spots |= {code: (number % COLUMNS, below + number // COLUMNS) for number, code in enumerate(others[:MOST])}
    return spots, max(0, len(others) - MOST)


def scaled(values: Sequence[float]) -> Scale:
    """The finest round steps of which the palette has enough, around all values."""
    low, high = min(values), max(values)
    if high - low < 1e-6 * max(1.0, abs(high)):
        size = 10.0 ** np.floor(np.log10(max(1.0, abs(low))))
        return Scale((float(np.floor(low / size) * size), float((np.floor(low / size) + 1) * size)))
    size = 10.0 ** np.floor(np.log10((high - low) / len(STEPS)))
    for step in (factor * size for factor in ROUND):
        first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
        if last - first <= len(STEPS):
            break
    return Scale(tuple(float(edge) for edge in np.arange(first, last + 1) * step))


def _box(left: float, top: float, width: float = SIDE, height: float = SIDE) -> Path:
    right, bottom = left + width, top + height
    return Path([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], closed=True)


def _tiles(axes: Axes, spots: Sequence[tuple[int, int]], colour: str) -> None:
    if spots:
        shape = Path.make_compound_path(*(_box(*spot) for spot in spots))
        axes.add_patch(PathPatch(shape, facecolor=colour, linewidth=0))


def _outline(axes: Axes, spots: Sequence[tuple[int, int]]) -> None:
    """Marks the tiles that stand for many countries."""
    if spots:
        shape = Path.make_compound_path(*(_box(*spot) for spot in spots))
        axes.add_patch(PathPatch(shape, fill=False, edgecolor=INK, linewidth=1.0, linestyle=(0, (2, 1.5))))


def _write(axes: Axes, code: str, error: float, column: int, row: int, colour: str) -> None:
    name = drawn_name(code, CODE)
    size = min(7.0, FITS / max(1, len(name)))
    number = f"{error:.1f}" if error < 99.95 else f"{error:.0f}"
    centre = column + SIDE / 2
    axes.text(centre, row + 0.30, name, fontsize=size, color=colour, ha="center", va="center", gid=FITTED)
    axes.text(centre, row + 0.66, number, fontsize=6.5, color=colour, ha="center", va="center")


def _bar(axes: Axes, scale: Scale, top: float, label: str) -> None:
    """The steps of colour with their edges."""
    width = 1.5
    for place in range(len(scale.edges) - 1):
        shape = _box(0.5 + place * width, top, width, 0.45)
        axes.add_patch(PathPatch(shape, facecolor=STEPS[scale.colour(place)], linewidth=0))
    for place, edge in enumerate(scale.edges):
        axes.text(0.5 + place * width, top + 0.85, f"{edge:.4g}", fontsize=7, ha="center", va="center")
    end = 0.5 + (len(scale.edges) - 1) * width + 0.5
    axes.text(end, top + 0.22, f"error of {label}, index points", fontsize=7.5, va="center")


def _notes(errors: Mapping[str, float], rest: int) -> Iterator[str]:
    """How the tiles are read."""
    if errors.keys().isdisjoint(places()):
        yield "in the order of the run" + (f"; {rest} more are not shown" if rest else "")
        return
    yield "places are rough"
    if places().keys() - errors.keys():
        yield "pale: not in this run"
    if any(kind == "aggregate" and code in errors for code, (_, _, kind) in places().items()):
        yield "dashed: several countries together"
    if errors.keys() - places().keys():
        yield "lowest rows: without a place" + (f", {rest} more are not shown" if rest else "")


def _alt(label: str, errors: Mapping[str, float]) -> str:
    ordered = sorted(errors, key=lambda code: (errors[code], code))
    told = [f"{drawn_name(code, CODE)} {errors[code]:.1f}" for code in ordered]
    mean = sum(errors.values()) / len(errors)
    if len(told) <= 2 * EXTREMES:
        return f"Error of {label}, index points: {', '.join(told)}{f'; mean {mean:.1f}' if len(told) > 1 else ''}."
    low, high = ", ".join(told[:EXTREMES]), ", ".join(reversed(told[-EXTREMES:]))
    return f"Error of {label} in {len(told)} regions, index points: lowest {low}; highest {high}; mean {mean:.1f}."
