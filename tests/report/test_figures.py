"""Plots: are they there, are they the same again, and do labels keep apart? How they look was looked at."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RunError
from harness.report.contest import analyse
from harness.report.figures import spread, write_figures

NAMES = {f"{name}.{kind}" for name in ("convergence", "targets", "errors") for kind in ("png", "svg")}


def test_every_plot_is_written_and_is_the_same_again(three, tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        assert {path.name for path in write_figures(analyse(three), folder)} == NAMES
    for name in NAMES:
        first, second = ((folder / name).read_bytes() for folder in folders)
        assert first == second, name
        assert first.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
        assert b"<dc:date>" not in first


def test_a_contest_of_one_cell_that_reaches_nothing_is_drawn_too(contest, tmp_path):
    analysis = analyse(contest({"$a_1$": [[(10, 30.0)]]}, regions=("USA",), seeds=(0,)))
    assert len(write_figures(analysis, tmp_path)) == len(NAMES)


def test_more_entrants_than_colours_are_drawn_without_bands(contest, tmp_path):
    curves = {f"entrant {number}": [[(10, 8.0 + number)]] * 4 for number in range(9)}
    write_figures(analyse(contest(curves)), tmp_path)
    assert (tmp_path / "convergence.svg").read_text().count("FillBetweenPolyCollection") == 0


def test_a_folder_that_is_not_there_is_one_line(three, tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        write_figures(analyse(three), tmp_path / "none")


@given(st.lists(st.floats(0.0, 1.0), max_size=12))
def test_labels_keep_apart_and_in_order(places):
    moved = spread(places, 0.05)
    order = sorted(range(len(places)), key=lambda place: places[place])
    gaps = [moved[high] - moved[low] for low, high in pairwise(order)]
    assert all(gap >= 0.05 - 1e-9 for gap in gaps)
    assert sum(moved) == pytest.approx(sum(places))


def test_labels_that_are_apart_stay_where_they_are():
    assert spread([0.9, 0.1, 0.5], 0.05) == [0.9, 0.1, 0.5]
