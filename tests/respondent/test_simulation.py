"""The generative model does what its card says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.respondent.simulation import (
    BIAS_SD,
    DEMONSTRATION_SD,
    EXPRESSION,
    HIGHEST_MEAN,
    LOWEST_MEAN,
    ORDER_SD,
    UNNAMED_SD,
    WEST,
    Simulation,
)
from harness.tasks.hofstede_vsm.demonstrations import implied_index
from harness.tasks.hofstede_vsm.indices import indices
from harness.tasks.hofstede_vsm.targets import load_regions

TABLE = load_regions()
SIMULATED = Simulation.draw(TABLE, np.random.default_rng([0, 1]))
JAPAN = TABLE["JPN"]


def test_the_same_seed_draws_the_same_people():
    again = Simulation.draw(TABLE, np.random.default_rng([0, 1]))
    assert np.array_equal(again.base, SIMULATED.base) and np.array_equal(
        again.personas["JPN"], SIMULATED.personas["JPN"]
    )
    other = Simulation.draw(TABLE, np.random.default_rng([1, 1]))
    assert not np.array_equal(other.base, SIMULATED.base)


def test_nobody_named_is_the_western_mix():
    assert sum(WEST.values()) == pytest.approx(1.0)
    mix = np.sum([share * np.array(TABLE[code].scores) for code, share in WEST.items()], axis=0)
    np.testing.assert_allclose(SIMULATED.scores(None), mix)


def test_a_region_is_expressed_part_of_the_way_with_a_fixed_error():
    west = SIMULATED.scores(None)
    gaps = [
        SIMULATED.scores(region) - (west + EXPRESSION * (np.array(region.scores) - west)) for region in TABLE.complete
    ]
    assert np.std(gaps) == pytest.approx(BIAS_SD, rel=0.15)
    assert abs(np.mean(gaps)) < 1.5
    assert np.array_equal(SIMULATED.scores(JAPAN), SIMULATED.scores(JAPAN))


@pytest.mark.parametrize(("region", "sd"), [(None, UNNAMED_SD), (JAPAN, BIAS_SD)])
def test_demonstrations_move_their_own_dimension_by_the_share_stated(region, sd):
    before = SIMULATED.scores(region)
    after = SIMULATED.scores(region, [(7, 5)])
    wanted = before[0] + sd**2 / (sd**2 + DEMONSTRATION_SD**2) * (implied_index(0, {7: 5}) - before[0])
    assert after[0] == pytest.approx(wanted)
    np.testing.assert_array_equal(after[1:], before[1:])


@given(st.lists(st.floats(25, 75), min_size=6, max_size=6))
def test_item_means_have_the_indices_they_stand_for(values):
    means = SIMULATED.item_means(np.array(values))
    assert means.min() > LOWEST_MEAN and means.max() < HIGHEST_MEAN
    np.testing.assert_allclose(indices(means), values, atol=1e-9)


def test_extreme_scores_stay_on_the_scale():
    means = SIMULATED.item_means(np.full(6, 250.0))
    assert means.min() >= LOWEST_MEAN and means.max() <= HIGHEST_MEAN


@given(st.floats(2.0, 4.0), st.integers(1, 24), st.booleans())
def test_options_have_about_the_mean_they_stand_for(mean, item, backwards):
    means = np.full(24, mean)
    (chances,) = SIMULATED.option_probabilities(means, [item], [backwards])
    assert chances.sum() == pytest.approx(1.0) and (chances > 0).all()
    listed = chances @ np.arange(1, 6)
    own = 6 - listed if backwards else listed
    # Cutting a normal at the ends of the scale pulls its mean inwards; order moves it a little.
    assert own == pytest.approx(mean, abs=0.22)


def test_order_moves_an_item_up_forward_and_down_backwards():
    means, items = np.full(24, 3.0), list(range(1, 25))
    forward = SIMULATED.option_probabilities(means, items, [False] * 24) @ np.arange(1, 6)
    backward = 6 - SIMULATED.option_probabilities(means, items, [True] * 24) @ np.arange(1, 6)
    np.testing.assert_allclose((forward - backward) / 2, SIMULATED.order, atol=0.01)
    assert SIMULATED.order.std() == pytest.approx(ORDER_SD, rel=0.4)
