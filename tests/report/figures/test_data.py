"""What is drawn equals the record: values are read back from the artists."""

import re
import warnings
from itertools import pairwise
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.schema import DIMENSIONS
from harness.report.contest_statistics import values_at
from harness.report.figures import catalog, methods, radar, regions, runs, world
from harness.report.figures import lines as figure_lines
from harness.report.figures.canvas import NAME, STEPS, settled
from harness.report.leaderboard import build
from harness.tasks.hofstede_vsm.targets import load_regions as bundled


def results(record, method):
    return next(one for one in record.methods if one.method == method).results


def mean_errors(record, method):
    found = {}
    for one in results(record, method):
        found.setdefault(one.region, []).append(one.mae)
    return {code: fmean(values) for code, values in found.items()}


def draw(function, *arguments):
    with settled():
        return function(*arguments)


@pytest.fixture(scope="module")
def record(made):
    return made(6, 2, 3)


def test_the_radar_shows_targets_and_answers(record, lines):
    with settled():
        dial = radar.Dial(lines(record), lines(record).best)
    low, high = dial.rings[0], dial.rings[-1]
    for code in dial.regions:
        drawn = dial.turn(code, "radar")
        found = {line.get_color(): line.get_xydata() for line in drawn.figure.axes[0].lines}
        assert len(found) == 4
        own = [one for one in results(record, "de") if one.region == code]
        naive = next(one for one in results(record, "naive") if one.region == code)
        expected = (
            record.targets.scores[code],
            naive.indices,
            next(one for one in results(record, "icl") if one.region == code).indices,
            {name: fmean(one.indices[name] for one in own) for name in DIMENSIONS},
        )
        for points, values in zip(found.values(), expected, strict=True):
            read = low + np.hypot(*points.T)[:6] * (high - low)
            assert read == pytest.approx([values[name] for name in DIMENSIONS])
        assert f"naive {naive.mae:.1f}" in drawn.alt
        assert f"PDI {record.targets.scores[code]['pdi']:.0f} (" in drawn.alt


def test_a_missing_score_leaves_a_gap_that_is_said(record, lines):
    scores = {code: {**own, "uai": None} for code, own in record.targets.scores.items()}
    partial = record.model_copy(update={"targets": record.targets.model_copy(update={"scores": scores})})
    drawn = draw(radar.radar, lines(partial))
    target = drawn.figure.axes[0].lines[0].get_xydata()
    assert np.isnan(target).any(axis=1).tolist() == [name == "uai" for name in (*DIMENSIONS, "pdi")]
    assert "No published score: UAI." in drawn.alt
    (filled,) = [one for one in drawn.figure.axes[0].patches if one.get_alpha() == 0.2]
    # Four of the six triangles remain.
    assert len(filled.get_path().vertices) == 4 * 4


def test_the_range_of_the_radar_holds_all_regions(real, lines):
    with settled():
        dial = radar.Dial(lines(real), lines(real).best)
    values = [*(score for own in real.targets.scores.values() for score in own.values())]
    for name in ("naive", "icl", "de"):
        values += [value for one in results(real, name) for value in one.indices.values()]
    assert dial.rings[0] <= min(values)
    assert max(values) <= dial.rings[-1]


def test_tiles_hold_the_errors(real, lines):
    drawn = draw(world.world, lines(real))
    errors = mean_errors(real, "de")
    texts = [text.get_text() for text in drawn.figure.axes[0].texts]
    found = {code: number for code, number in pairwise(texts) if code in errors}
    assert found == {code: f"{error:.1f}" for code, error in errors.items()}
    worst = max(errors, key=errors.get)
    assert f"highest {worst} {errors[worst]:.1f}" in drawn.alt
    assert f"mean {fmean(errors.values()):.1f}" in drawn.alt


def test_tiles_have_the_colour_of_their_error(real, lines):
    drawn = draw(world.world, lines(real))
    errors = mean_errors(real, "de")
    scale = world.scaled(list(errors.values()))
    from matplotlib.colors import to_hex

    painted = {}
    for patch in drawn.figure.axes[0].patches:
        for corner in patch.get_path().vertices[::5]:
            painted.setdefault(tuple(corner), to_hex(patch.get_facecolor()))
    for code, error in errors.items():
        column, row, _ = world.places()[code]
        assert painted[column, row] == STEPS[scale.step(error)]


def test_every_bundled_region_has_a_place_of_its_own():
    found = world.places()
    assert found.keys() == {region.code for region in bundled().rows}
    assert len({(column, row) for column, row, _ in found.values()}) == len(found)
    assert max(column for column, _, _ in found.values()) < world.COLUMNS
    kinds = {region.code: region.kind for region in bundled().rows}
    assert {code: kind for code, (_, _, kind) in found.items()} == kinds


def test_neighbours_lie_as_on_a_map():
    west, north = ({code: place[axis] for code, place in world.places().items()} for axis in (0, 1))
    for one, other in (("USA", "GBR"), ("PRT", "ESP"), ("FRA", "DEU"), ("DEU", "POL"), ("IND", "CHN"), ("CHN", "JPN")):
        assert west[one] < west[other]
    for one, other in (("SWE", "ITA"), ("CAN", "USA"), ("USA", "MEX"), ("COL", "PER"), ("DNK", "DEU"), ("THA", "SGP")):
        assert north[one] < north[other]


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=30))
def test_steps_of_colour_hold_all_values_in_order(values):
    scale = world.scaled(values)
    assert scale.edges[0] <= min(values) + 1e-9
    assert max(values) <= scale.edges[-1] + 1e-9
    assert 2 <= len(scale.edges) <= len(STEPS) + 1
    for value in values:
        place = scale.place(value)
        assert scale.edges[place] - 1e-9 <= value <= scale.edges[place + 1] + 1e-9
        assert value < scale.edges[place + 1] or place == len(scale.edges) - 2
    steps = [scale.step(value) for value in sorted(values)]
    assert steps == sorted(steps)
    assert {scale.colour(place) for place in range(len(scale.edges) - 1)} <= set(range(len(STEPS)))


@given(st.sets(st.text(max_size=6), min_size=1, max_size=200))
def test_regions_without_a_place_stand_below_and_apart(codes):
    spots, rest = world.placed(dict.fromkeys(codes, 1.0))
    assert len(set(spots.values())) == len(spots) == len(codes) - rest


def test_regions_are_sorted_and_hold_the_errors(record, lines):
    drawn = draw(regions.regions, lines(record))
    (axes,) = drawn.figure.axes
    codes = [label.get_text() for label in axes.get_yticklabels()]
    tuned = mean_errors(record, "de")
    assert codes == sorted(tuned, key=tuned.get)
    dots = {one.get_label(): one.get_offsets() for one in axes.collections if one.get_label() in ("naive", "icl", "de")}
    for method, offsets in dots.items():
        errors = mean_errors(record, method)
        assert np.asarray(offsets[:, 0]) == pytest.approx([errors[code] for code in codes])
        assert offsets[:, 1].tolist() == list(range(len(codes)))
    assert f"median {median(tuned.values()):.1f}" in drawn.alt


def test_more_regions_than_can_be_read_are_counted(made, lines):
    short = made(4)
    many = short.model_copy(
        update={
            "methods": tuple(
                one.model_copy(
                    update={
                        "results": tuple(
                            result.model_copy(update={"region": f"{result.region}{number}", "mae": result.mae + number})
                            for number in range(40)
                            for result in one.results
                        )
                    }
                )
                for one in short.methods
            )
        }
    )
    drawn = draw(regions.regions, lines(many))
    assert drawn.title == f"Error by region, the {regions.MOST} largest"
    assert len(drawn.figure.axes[0].get_yticklabels()) == regions.MOST
    (note,) = [
        text.get_text() for text in draw(world.world, lines(many)).figure.axes[0].texts if "more" in text.get_text()
    ]
    assert f"{160 - world.MOST} more are not shown" in note


def test_curves_are_medians_and_quartiles(record, lines):
    drawn = draw(runs.convergence, lines(record))
    (axes,) = drawn.figure.axes
    found = {line.get_label(): line for line in axes.lines}
    for method, band in zip(("de", "cma"), axes.collections, strict=True):
        x, y = found[f"_{method}"].get_data()
        values = np.array([values_at(one.curve, np.asarray(x, dtype=float)) for one in results(record, method)])
        begun = np.isfinite(values).all(axis=0)
        assert np.asarray(y)[begun] == pytest.approx(np.median(values[:, begun], axis=0))
        assert np.isnan(np.asarray(y)[~begun]).all()
        low, high = np.quantile(values[:, -1], (0.25, 0.75))
        last = band.get_paths()[0].vertices
        assert {round(v, 6) for at, v in last if at == x[-1]} >= {round(low, 6), round(high, 6)}
        assert f"{method} from {np.asarray(y)[begun][0]:.1f} to {y[-1]:.1f}" in drawn.alt
    levels = sorted(line.get_ydata()[0] for line in axes.lines if not line.get_label().startswith(("_de", "_cma")))
    expected = [median(one.mae_tuned for one in results(record, name)) for name in ("null", "icl")]
    assert levels == pytest.approx(sorted(expected))


def test_shares_of_targets_are_those_of_the_curves(record, lines):
    drawn = draw(runs.targets_reached, lines(record))
    (axes,) = drawn.figure.axes
    for method in ("de", "cma"):
        (line,) = [one for one in axes.lines if one.get_label() == f"_{method}"]
        ends = np.array([one.curve[-1][1] for one in results(record, method)])
        share = np.mean([ends <= target for target in runs.TARGETS])
        assert line.get_ydata()[-1] == pytest.approx(share)
        assert f"{method} {share:.0%}" in drawn.alt


def test_methods_stand_at_their_errors_with_their_intervals(record, shown):
    named, board = shown(record)
    (drawn,) = catalog.tried(named, board, names=["methods"])
    (axes,) = drawn.figure.axes
    heights = dict(zip((text.get_text() for text in axes.get_yticklabels()), axes.get_yticks(), strict=True))
    points = {line.get_ydata()[0]: line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1}
    spans = {line.get_ydata()[0]: list(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2}
    assert heights.keys() == {row.method for row in board.rows} | {"tuned", "baselines", "null rows"}
    for row in board.rows:
        height = heights[row.method]
        assert points[height] == pytest.approx(row.mae)
        assert spans[height] == pytest.approx([row.mae_low, row.mae_high])


def test_gaps_are_those_of_the_regions(record, lines):
    drawn = draw(methods.gaps, lines(record))
    for axes, dimension in zip(drawn.figure.axes, DIMENSIONS, strict=True):
        names = [label.get_text() for label in drawn.figure.axes[0].get_yticklabels()]
        for name, dots in zip(names, axes.collections, strict=True):
            found = {}
            for one in results(record, name):
                found.setdefault(one.region, []).append(one.order_gap[dimension])
            assert np.asarray(dots.get_offsets()[:, 0]) == pytest.approx([fmean(values) for values in found.values()])
    assert set(names) == {"de", "cma", "icl", "persona", "naive"}


def test_equal_names_are_told_apart_by_run_or_model(record, made, lines):
    other = made(6, 2, 3).model_copy(update={"spec": {**record.spec, "budget": 3}})
    labels = [line.label for line in lines(record, other).all]
    assert len(set(labels)) == len(labels)
    assert {"de, run0", "de, run1", "cma, run1", "icl", "null"} <= set(labels)
    named = record.model_copy(update={"model": record.model.model_copy(update={"name": "gpt"})})
    labels = [line.label for line in lines(record, named).all]
    assert {"de, respondent", "de, gpt"} <= set(labels)


def test_the_method_with_most_regions_is_the_one_shown(made, lines, shown):
    single = made(1, ("random",), codes=["XYZ"]).model_copy(update={"spec": {"budget": 3}})
    both = made(6), single
    assert lines(*both).best.label == "de"
    drawn = {code: one.alt for code, one in catalog.radars(*shown(*both))}
    assert list(drawn)[-1] == "XYZ"
    assert "those of random in brackets" in drawn["XYZ"]
    assert "those of de in brackets" in drawn["ARG"]


EXTREMES = {
    "zero": {"mae": 0.0, "mae_tuned": 0.0, "curve": ((0.0, 0.0),), "evaluations": 0.0},
    "huge": {"mae": 1e6, "mae_tuned": 1e6, "curve": ((1.0, 1e6), (1e12, 1e6)), "evaluations": 1e12},
    "tiny": {"mae": 1e-9, "mae_tuned": 1e-9, "curve": ((0.5, 1e-9),), "evaluations": 0.5},
    "far": {"indices": dict.fromkeys(DIMENSIONS, -1e6), "order_gap": dict.fromkeys(DIMENSIONS, 1e6)},
}


@pytest.mark.parametrize("case", EXTREMES)
def test_numbers_at_their_limits_are_drawn(case, made, shown):
    plain = made(3, 2)
    changed = tuple(
        method.model_copy(update={"results": tuple(one.model_copy(update=EXTREMES[case]) for one in method.results)})
        for method in plain.methods
    )
    for drawn in catalog.of_runs(*shown(plain.model_copy(update={"methods": changed}))):
        assert not re.search(r"\b(nan|inf)\b", catalog.inline_svg(drawn))


def test_runs_of_one_folder_name_are_told_apart(record, made):
    other = made(6, 2, 3).model_copy(update={"spec": {**record.spec, "budget": 3}})
    for paths in (("a/run", "b/run"), (f"{'x' * 60}1{'x' * 60}", f"{'x' * 60}2{'x' * 60}")):
        named = dict(zip(paths, (record, other), strict=True))
        labels = [line.label for line in figure_lines.lines(named, build(named)).all]
        assert len(set(labels)) == len(labels)
        assert max(map(len, labels)) <= NAME


def test_runs_of_one_folder_name_have_radars_of_their_own(made):
    other = made(3, ("de",), codes=["ABC", "DEF", "GHI"])
    named = {"a/run": made(3), "b/run": other.model_copy(update={"spec": {**other.spec, "budget": 3}})}
    drawn = {code: one.alt for code, one in catalog.radars(named, build(named))}
    assert len(drawn) == 6 and "naive" in drawn["GHI"]


def test_a_run_without_scores_takes_no_radar_from_another_one(made, shown):
    bare = made(4).model_copy(update={"targets": None, "spec": {"budget": 3}})
    drawn = dict(catalog.radars(*shown(bare, made(2, ("cma",), codes=["ABC", "DEF"]))))
    assert list(drawn) == ["ABC", "DEF"]


def test_long_names_leave_room_for_the_plot(made, tmp_path):
    one = made(3, ("W" * 100, "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 100))
    one = one.model_copy(update={"model": one.model.model_copy(update={"name": "m" * 100})})
    other = one.model_copy(update={"model": one.model.model_copy(update={"name": "n" * 100})})
    records = {"r" * 100: one, "s" * 100: other}
    drawn = list(catalog.of_runs(records, build(records)))
    assert len(drawn) > 5
    for one in drawn:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            catalog.write([one], tmp_path)
        assert (one.name, [str(each.message) for each in heard]) == (one.name, [])
