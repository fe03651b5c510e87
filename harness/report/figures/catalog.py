"""Every figure by its name: of runs, of a contest, and where they go.

In a page, colours are CSS variables with the light colour as what holds without them: `--figure-ink` (text and axes),
`--figure-soft` (what stands back), `--figure-grid`, `--figure-paper` (ground of hollow marks), `--figure-empty` (tiles
without a value), `--figure-1` to `--figure-7` (methods), `--figure-map-1` to `--figure-map-8` (low to high), and
`--figure-on-light`, `--figure-on-dark` (text on those). `DARK` has values for a dark page; the variables that it leaves
out stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from harness.records.schema import Record
from harness.report.contest import Analysis
from harness.report.figures import contest, methods, radar, regions, runs, world
from harness.report.figures.canvas import DARK, LIGHT, settled
from harness.report.figures.drawn import Drawn, Left, NotDrawnError
from harness.report.figures.files import write
from harness.report.figures.lines import Lines, lines
from harness.report.figures.svg import inline_svg
from harness.report.leaderboard import Leaderboard

__all__ = [
    "DARK",
    "LIGHT",
    "OF_CONTEST",
    "OF_RUNS",
    "Drawn",
    "Left",
    "inline_svg",
    "of_contest",
    "of_runs",
    "radars",
    "tried",
    "write",
]
RADAR: Final = "radar"
_RUNS: Final[dict[str, Callable[[Lines], Drawn]]] = {
    "methods": methods.forest,
    "world": world.world,
    "regions": regions.regions,
    "convergence": runs.convergence,
    "ecdf": runs.targets_reached,
    "gaps": methods.gaps,
}
OF_RUNS: Final = (RADAR, *_RUNS)
"""Names of the figures of runs."""
OF_CONTEST: Final = tuple(contest.FIGURES)
"""Names of the figures of a contest."""


def of_runs(records: Mapping[str, Record], board: Leaderboard, region: str | None = None) -> Iterator[Drawn]:
    """Every figure that can be drawn of runs; see `tried`."""
    yield from (one for one in tried(records, board, region) if isinstance(one, Drawn))


def tried(
    records: Mapping[str, Record], board: Leaderboard, region: str | None = None, names: Iterable[str] = OF_RUNS
) -> Iterator[Drawn | Left]:
    """Every figure of runs, or why it cannot be drawn.

    Args:
        records: by the name of their run.
        board: the leaderboard that was built from them.
        region: of the radar; by default the one with the largest error of the best tuned method.
        names: of `OF_RUNS`.

    Raises:
        UsageError: no run has the region.
    """
    all_lines = lines(records, board)
    for name in names:
        try:
            with settled():
                found = radar.radar(all_lines, region) if name == RADAR else _RUNS[name](all_lines)
        except NotDrawnError as reason:
            yield Left(name, str(reason))
        else:
            yield found


def of_contest(analysis: Analysis, names: Iterable[str] = OF_CONTEST) -> Iterator[Drawn]:
    """The figures of a contest, those of `OF_CONTEST` that are named."""
    for draw in (contest.FIGURES[name] for name in names):
        with settled():
            found = draw(analysis)
        yield found


def radars(records: Mapping[str, Record], board: Leaderboard) -> Iterator[tuple[str, Drawn]]:
    """The radar of every region with its code, none where there is no tuned method.

    They share figures, each of which shows the region that came last: use one before the next.
    """
    found = radar.radars(lines(records, board))
    while True:
        try:
            with settled():
                drawn = next(found)
        except (StopIteration, NotDrawnError):
            return
        yield drawn
