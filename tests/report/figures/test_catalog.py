"""Every figure at every size: nothing warns, nothing is cut off, nothing covers other text, nothing is left out."""

from itertools import combinations

import pytest
from matplotlib.text import Text

from harness.errors import RunError, UsageError
from harness.report.contest import analyse
from harness.report.figures import catalog
from harness.report.figures.canvas import settled

SIZES = ((1, 1, 1), (4, 6, 3), (65, 1, 1))


def unseen(figure):
    """Text at ticks beyond the limits of their axis, which is never drawn."""
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def boxes(figure):
    """The places of all text that is seen, in pixels, by what it says."""
    figure.draw_without_rendering()
    hidden = {id(text) for text in unseen(figure)}
    found = []
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and id(text) not in hidden:
            # Without the line that leads from a name to its end.
            box = Text.get_window_extent(text)
            found.append((text.get_text(), box.x0, box.y0, box.x1, box.y1))
    return list(dict.fromkeys(found))


def covered(one, other):
    return min(one[3], other[3]) - max(one[1], other[1]) > 1 and min(one[4], other[4]) - max(one[2], other[2]) > 1


def check_text(drawn):
    with settled():
        found = boxes(drawn.figure)
    width, height = drawn.figure.bbox.width, drawn.figure.bbox.height
    assert [box for box in found if box[1] < -1 or box[2] < -1 or box[3] > width + 1 or box[4] > height + 1] == []
    assert [(one[0], other[0]) for one, other in combinations(found, 2) if covered(one, other)] == []


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_figure_is_drawn_or_said_to_be_left_out(size, made, shown):
    found = list(catalog.tried(*shown(made(*size))))
    left = [one.name for one in found if isinstance(one, catalog.Left)]
    assert [one.name for one in found] == list(catalog.OF_RUNS)
    assert left == (["ecdf"] if size[1] < 2 else [])
    drawn = [one for one in found if one.name not in left]
    for one in drawn:
        assert "\n" not in one.title + one.alt
        check_text(one)
        assert len(catalog.inline_svg(one)) < 200_000


def test_regions_without_a_place_and_names_that_no_font_has_are_drawn(made, shown, tmp_path):
    codes = ["\u4e2d\u56fd", "$a_1$", "R\u202eN\n", "a very long name of a region that somebody gave"]
    record = made(4, ("\u65e5\u672c", "b" * 100), codes=codes)
    for one in catalog.of_runs(*shown(record)):
        catalog.write([one], tmp_path)
        svg = catalog.inline_svg(one)
        if one.name in ("world", "regions"):
            assert "\u4e2d\u56fd" in svg
        assert "\u202e" not in svg
    assert "\u4e2d" not in (tmp_path / "regions.svg").read_text(encoding="utf-8").partition("</metadata>")[2]


def test_figures_of_a_contest_are_drawn(three, tmp_path):
    found = list(catalog.of_contest(analyse(three)))
    assert tuple(one.name for one in found) == catalog.OF_CONTEST
    for one in found:
        check_text(one)


def test_a_contest_of_many_entrants_keeps_their_names_apart(contest):
    curves = {f"entrant {number}": [[(10, 8.0 + number / 10)]] * 4 for number in range(15)}
    for one in catalog.of_contest(analyse(contest(curves))):
        check_text(one)


def test_what_cannot_be_drawn_is_named_with_the_reason(made, shown, record, result):
    without = record(null=[result("USA", 18.0)], naive=[result("USA", 30.0)])
    left = {one.name: one.reason for one in catalog.tried(*shown(without)) if isinstance(one, catalog.Left)}
    assert left.keys() == set(catalog.OF_RUNS) - {"methods"}
    assert left["radar"] == left["world"] == left["convergence"] == "no method was tuned"
    assert left["gaps"] == "no method was asked in both orders of the options"
    untold = record(de=[result("USA", 3.0, seed=0)], null=[result("USA", 18.0)])
    left = {one.name: one.reason for one in catalog.tried(*shown(untold)) if isinstance(one, catalog.Left)}
    assert left["radar"] == "the records hold no published scores"
    assert left["convergence"] == "no run recorded how the error fell"
    assert list(catalog.radars(*shown(untold))) == []


def test_the_radar_is_that_of_the_region_asked_for(made, shown):
    arguments = shown(made(4))
    drawn = {code: one.alt for code, one in catalog.radars(*arguments)}
    for code, alt in drawn.items():
        (one,) = catalog.tried(*arguments, region=code, names=["radar"])
        assert one.alt == alt
        assert one.title.startswith(f"{code}:")
    with pytest.raises(UsageError, match="unknown region 'AGR': expected one of ARG"):
        list(catalog.of_runs(*arguments, region="AGR"))


def test_by_default_the_radar_shows_the_largest_error(real, shown):
    (one,) = catalog.tried(*shown(real), names=["radar"])
    errors = {row.region: row.mae for method in real.methods if method.method == "de" for row in method.results}
    assert one.title.startswith(f"{max(errors, key=errors.get)}:")


def test_the_same_record_gives_the_same_bytes(made, shown, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        files = catalog.write(catalog.of_runs(*shown(made(2, 2))), tmp_path / folder)
    assert [path.name for path in files] == [f"{name}.{kind}" for name in catalog.OF_RUNS for kind in ("png", "svg")]
    for path in (tmp_path / "one").iterdir():
        assert path.stat().st_size > 3000
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_folder_that_is_not_there_is_one_line(made, shown, tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        catalog.write(catalog.of_runs(*shown(made(1))), tmp_path / "none")


def test_drawing_leaves_the_plotting_library_as_it_was(made, shown):
    import matplotlib

    before = dict(matplotlib.rcParams)
    for one in catalog.of_runs(*shown(made(1))):
        catalog.inline_svg(one)
        assert dict(matplotlib.rcParams) == before
