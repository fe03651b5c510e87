"""What stands out, against errors of which it can be seen whether one method is shown to be the best."""

import pytest

from harness.report.leaderboard import build, key, to_plain

CODES = tuple(f"R{place}" for place in range(8))


@pytest.fixture
def rows(result):
    def build_rows(*errors, seed=None):
        return [result(code, error, seed) for code, error in zip(CODES, errors, strict=False)]

    return build_rows


def best(board):
    return {name[1]: measures for name, measures in board.best.items()}


def test_the_lowest_row_stands_out_where_its_intervals_say_so(record, rows):
    board = build({"one": record(null=rows(*[20.0] * 8), icl=rows(*range(10, 18)), de=rows(*range(1, 9)))})
    assert best(board) == {"de": ("mae",)}


def test_a_row_that_is_lowest_on_average_alone_does_not(record, rows):
    """de has the lower mean by one lucky region; the interval of its difference from icl holds 0."""
    board = build({"one": record(icl=rows(*[10.0] * 8), de=rows(1.0, *[10.5] * 7))})
    assert board.rows[0].method == "de" and best(board) == {}


def test_one_row_that_is_not_told_from_the_first_is_enough_also_where_another_is_nearer_on_average(record, rows):
    """The runner-up by the mean is beaten in every region; the third varies too much to be told from the first."""
    board = build(
        {
            "one": record(
                de=rows(*[5.0] * 8), cma=rows(*[5.5, 5.6] * 4), pso=rows(0.1, 18, 0.1, 18, 0.1, 18, 0.1, 18.0),
            )
        }
    )  # fmt: skip
    assert [row.method for row in board.rows] == ["de", "cma", "pso"] and best(board) == {}


def test_a_null_row_is_to_be_beaten_and_never_stands_out(record, rows):
    board = build({"one": record(world_mean=rows(*range(1, 9)), naive=rows(*range(11, 19)))})
    assert best(board) == {}
    near = build({"one": record(world_mean=rows(*[9.0, 9.6] * 4), naive=rows(*[9.2] * 8), de=rows(*[9.1] * 8))})
    assert best(near) == {}


def test_the_reference_neither_stands_out_nor_is_in_the_way(record, rows):
    run = record(gradient=rows(*[0.5] * 8), de=rows(*[3.0, 3.1] * 4), persona=rows(*[9.0, 9.2] * 4))
    first, *others = run.methods
    run = run.model_copy(update={"methods": (first.model_copy(update={"group": "reference"}), *others)})
    board = build({"one": run})
    assert board.rows[0].method == "gradient" and best(board) == {"de": ("mae",)}


@pytest.mark.parametrize("change", [{"spec": {"response": "greedy"}}, {}])
def test_rows_that_do_not_compare_have_no_best(change, record, rows):
    one = record(null=rows(*[20.0] * 8), de=rows(*range(1, 9)))
    other = record("other", icl=rows(*range(11, 19 if change else 16)))
    board = build({"one": one, "two": other.model_copy(update=change)})
    assert not board.comparable and best(board) == {} and board.ranks == {}
    assert {row["rank"] for row in to_plain(board)["rows"]} == {None}


def test_a_row_by_itself_is_not_the_best(record, rows):
    assert best(build({"one": record(de=rows(*range(8)))})) == {}


def test_the_other_questionnaire_has_a_best_of_its_own(record, rows):
    def other(found, *errors):
        return [row.model_copy(update={"mae_instrument": error}) for row, error in zip(found, errors, strict=True)]

    de, icl = rows(*range(1, 9)), rows(*range(11, 19))
    board = build({"one": record(de=other(de, *range(21, 29)), icl=other(icl, *range(1, 9)))})
    assert best(board) == {"de": ("mae",), "icl": ("mae_instrument",)}


def test_in_a_region_the_seeds_say_it(record, result):
    """In R0 three seeds of de agree, in R1 they do not; icl has no seeds."""
    seeds = {"R0": (3.0, 3.1, 3.2), "R1": (1.0, 9.5, 4.0)}
    de = [result(code, error, seed) for code, errors in seeds.items() for seed, error in enumerate(errors)]
    icl = [result(code, 9.0) for code in seeds]
    board = build({"one": record(de=de, icl=icl)})
    assert board.best_regions == {("R0", key(board.rows[0]))} and board.rows[0].method == "de"
    marked = [row for row in to_plain(board)["regions"] if row["shown_best"]]
    assert [(row["region"], row["method"]) for row in marked] == [("R0", "de")]
    alone = build({"one": record(de=[row for row in de if row.seed == 0], icl=icl)})
    assert alone.best_regions == frozenset()


def test_of_equal_rows_none_is_the_best(record, rows):
    assert best(build({"one": record(de=rows(*range(8)), cma=rows(*range(8)), icl=rows(*range(9, 17)))})) == {}
