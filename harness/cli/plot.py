"""`harness plot`: the figures of runs and contests as PNG and SVG."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, output
from harness.cli.finished import read_finished
from harness.errors import RunError, UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.records.contest import Contest
    from harness.records.schema import Record
    from harness.report.figures.drawn import Drawn, Left


def plot(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Directories of finished runs, see 'harness ls runs', and of contests."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the files; made if it is not there.")],
    figure: Annotated[
        str | None, typer.Option("--figure", help="Names with commas between them; by default every figure.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", help="Of the radar; by default where the best tuned method's error is largest."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Draw the figures of finished runs and contests, each as PNG and as SVG."""
    output.quiet_figures()
    from harness.report.figures.catalog import Left, write

    _check_folder(out)
    names = _chosen(figure)
    records, contests = read_finished(runs)
    _check_region(region, names, records)
    wanted = list(chain(_of_runs(records, names, region), _of_contests(list(contests.values()), names)))
    found = [one for one in wanted if not isinstance(one, Left)]
    left = [one for one in wanted if isinstance(one, Left)]
    if not found:
        raise RunError(f"nothing to draw: {'; '.join(f'{one.name}: {one.reason}' for one in left)}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"--out {out}: cannot be made ({error.strerror}); give another folder") from error
    files = {one.name: write([one], out) for one in found}
    if as_json:
        typer.echo(output.printable(_plain(found, files, left)))
        return
    _show(found, files, left, out)


def _check_folder(out: Path) -> None:
    """Refuses what cannot be a folder before anything is read.

    Raises:
        RunError: it is a file or the like.
    """
    try:
        strange = out.exists() and not out.is_dir()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"--out {str(out)[:200]}: cannot be made ({reason}); give another folder") from error
    if strange:
        raise RunError(f"--out {out}: is a file; give a folder")


def _chosen(figure: str | None) -> tuple[str, ...] | None:
    """The names of the figures that were asked for, each once, None for all of them.

    Raises:
        UsageError: there is none of that name.
    """
    from harness.report.figures.catalog import OF_CONTEST, OF_RUNS

    if figure is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in figure.split(",")))
    for name in names:
        if name not in (*OF_RUNS, *OF_CONTEST):
            raise unknown_choice("figure", name, (*OF_RUNS, *OF_CONTEST), "give --figure some of them, or leave it out")
    return names


def _check_region(region: str | None, names: tuple[str, ...] | None, records: dict[str, Record]) -> None:
    """Refuses a region that nothing would show.

    Raises:
        UsageError: no radar is drawn.
    """
    from harness.report.figures.catalog import RADAR

    if region is not None and not records:
        raise UsageError(f"--region {region}: a contest has no radar; give a run too, or leave --region out")
    if region is not None and names is not None and RADAR not in names:
        raise UsageError(
            f"--region {region}: only the radar shows one region; add it to --figure, or leave --region out"
        )


def _of_runs(records: dict[str, Record], names: tuple[str, ...] | None, region: str | None) -> Iterator[Drawn | Left]:
    from harness.report.figures.catalog import OF_RUNS, Left, tried
    from harness.report.leaderboard import build

    chosen = [name for name in OF_RUNS if names is None or name in names]
    if records:
        yield from tried(records, build(records), region, chosen)
    elif names is not None:
        yield from (Left(name, "is of runs, and none was given") for name in chosen)


def _of_contests(contests: Sequence[Contest], names: tuple[str, ...] | None) -> Iterator[Drawn | Left]:
    """The figures of each contest, those of a second one under a name of its own."""
    from harness.report.contest import analyse
    from harness.report.figures.catalog import OF_CONTEST, Left, of_contest

    chosen = [name for name in OF_CONTEST if names is None or name in names]
    for number, contest in enumerate(contests, start=1):
        for drawn in of_contest(analyse(contest), chosen) if chosen else ():
            own = drawn.name if number == 1 else drawn.name.replace("contest", f"contest-{number}", 1)
            yield replace(drawn, name=own)
    if not contests and names is not None:
        yield from (Left(name, "is of contests, and none was given") for name in chosen)


def _plain(found: Sequence[Drawn], files: dict[str, list[Path]], left: Sequence[Left]) -> str:
    figures = [
        {"name": one.name, "title": one.title, "alt": one.alt, "files": [str(path) for path in files[one.name]]}
        for one in found
    ]
    return json.dumps(
        {"figures": figures, "left": [{"name": one.name, "reason": one.reason} for one in left]}, indent=1
    )


def _show(found: Sequence[Drawn], files: dict[str, list[Path]], left: Sequence[Left], out: Path) -> None:
    from rich.console import Console

    from harness.report.terminal import listing

    console = Console()
    rows: list[list[str | tuple[str, ...]]] = [
        [tuple(path.name for path in files[one.name]), one.title] for one in found
    ]
    output.show(console, listing(["file", "shows"], rows, "figures"))
    for one in left:
        output.tell(console, f"{one.name} is left out: {one.reason}", soft_wrap=True)
    output.tell(console, f"{sum(map(len, files.values()))} files in {out}", soft_wrap=True)
