"""What regions show each other: everything once, failed candidates never, nothing that all have seen is kept."""

import numpy as np

from harness.tuning.cells import Cell, Incumbent
from harness.tuning.groups import Batch, Exchange


def cells(count):
    return tuple(Cell(None, None, Incumbent()) for _ in range(count))


def batch(number, failed=()):
    losses = np.full((2, 3), float(number))
    losses[list(failed)] = np.nan
    return Batch(np.full((2, 4), float(number)), losses, np.full((2, 6), float(number)))


def test_each_cell_sees_what_the_others_found_once():
    one, two, three = everyone = cells(3)
    exchange = Exchange()
    exchange.batches += [(one, batch(1)), (two, batch(2))]
    assert exchange.unseen(one, 0).vectors[:, 0].tolist() == [2, 2]
    assert exchange.unseen(three, 2).vectors[:, 0].tolist() == [1, 1, 2, 2]
    assert exchange.unseen(three, 2) is None
    exchange.forget(everyone)
    assert len(exchange.batches) == 2  # the second has not looked
    assert exchange.unseen(two, 1).vectors[:, 0].tolist() == [1, 1]
    exchange.forget(everyone)
    assert exchange.batches == [] and exchange.dropped == 2
    exchange.batches.append((two, batch(3)))
    assert exchange.unseen(one, 0).vectors[:, 0].tolist() == [3, 3]


def test_failed_candidates_are_not_shown():
    one, two = cells(2)
    exchange = Exchange([(one, batch(1, failed=[0]))])
    shown = exchange.unseen(two, 1)
    assert shown.losses.shape == (1, 3) and np.isfinite(shown.losses).all()


def test_a_region_that_rests_holds_nothing_back():
    one, two = everyone = cells(2)
    exchange = Exchange([(one, batch(1))])
    two.done = True
    exchange.unseen(one, 0)
    exchange.forget(everyone)
    assert exchange.batches == []


def test_what_further_samples_said_stands_though_the_candidate_is_asked_again():
    held = Incumbent(2)
    u, v, w = (np.full(3, float(one)) for one in (1, 2, 3))
    held.offer(np.stack([u, v]), np.array([2.0, 1.5]), 1.0)
    held.revise(v, 5.0, 2.0)
    # The better one takes its place, and what it looked like at first does not bring it back.
    held.offer(np.stack([w, v]), np.array([1.0, 1.5]), 3.0)
    assert [loss for loss, _ in held.finalists] == [1.0, 2.0]


def test_finalists_are_sorted_distinct_and_few():
    incumbent = Incumbent(most=2)
    rows = np.arange(4.0)[:, None]
    incumbent.offer(rows, np.array([3.0, np.nan, 2.0, 5.0]), 10.0)
    assert [loss for loss, _ in incumbent.finalists] == [2.0, 3.0]
    incumbent.offer(rows[[2, 3]], np.array([2.0, 2.5]), 20.0)
    assert [(loss, float(vector[0])) for loss, vector in incumbent.finalists] == [(2.0, 2.0), (2.5, 3.0)]
    assert incumbent.curve == [(10.0, 2.0)] and incumbent.loss == 2.0
