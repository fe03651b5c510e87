from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.tasks.hofstede_vsm.answers import expected_answers, item_means, option_mass
from harness.tasks.hofstede_vsm.indices import Array
from harness.tasks.hofstede_vsm.prompts import SPLITS, Order, Prompt, Split, survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey

log_probabilities = arrays(np.float64, (3, 4, 5), elements=st.floats(-60.0, 0.0))
BOTH: tuple[Order, ...] = ("forward", "reversed")
PROMPTS = tuple(Prompt(item, order, "") for order in BOTH for item in range(1, 25))


def sure(option: int) -> Array:
    """All probability on the option listed as number 1 to 5, but for a trace."""
    logs = np.full(5, -700.0)
    logs[option - 1] = 0.0
    return logs


@pytest.mark.parametrize("option", [1, 2, 3, 4, 5])
def test_a_sure_answer(option: int) -> None:
    logs = np.stack([sure(option)] * 2)
    assert expected_answers(logs, np.array([False, True])).tolist() == [option, 6 - option]


def test_expected_answer_by_hand() -> None:
    logs = np.log([[0.1, 0.2, 0.3, 0.0625, 0.3375]])
    # 0.1 + 0.4 + 0.9 + 0.25 + 1.6875 = 3.3375
    assert expected_answers(logs, np.array([False])) == pytest.approx(3.3375)
    assert expected_answers(logs, np.array([True])) == pytest.approx(2.6625)


@given(log_probabilities, st.floats(-300.0, 0.0))
def test_only_the_share_among_the_options_counts(logs: Array, lost: float) -> None:
    backwards = np.array([False, True, False, True])
    np.testing.assert_allclose(expected_answers(logs + lost, backwards), expected_answers(logs, backwards), atol=1e-9)


@given(log_probabilities)
def test_expected_answers_against_a_plain_loop(logs: Array) -> None:
    backwards = [True, False, False, True]
    found = expected_answers(logs, np.array(backwards))
    for index in np.ndindex(3, 4):
        weights = [float(np.exp(x)) for x in logs[index]]
        mean = sum(number * weight for number, weight in enumerate(weights, start=1)) / sum(weights)
        assert found[index] == pytest.approx(6 - mean if backwards[index[1]] else mean)
        assert 1.0 - 1e-12 <= found[index] <= 5.0 + 1e-12


@given(log_probabilities)
def test_reversing_twice_changes_nothing(logs: Array) -> None:
    straight, backwards = np.zeros(4, dtype=bool), np.ones(4, dtype=bool)
    np.testing.assert_allclose(
        expected_answers(logs[..., ::-1], backwards), expected_answers(logs, straight), atol=1e-9
    )


def test_tiny_probabilities_do_not_vanish() -> None:
    logs = np.array([[-5000.0, -5000.0, -9000.0, -9000.0, -9000.0]])
    assert expected_answers(logs, np.array([False])) == pytest.approx(1.5)


@pytest.mark.parametrize("hole", [np.nan, -np.inf, np.inf])
@pytest.mark.parametrize("place", range(5))
def test_no_finite_answer_is_nan_and_no_number(hole: float, place: int) -> None:
    logs = np.zeros((2, 5))
    logs[1, place] = hole
    found = expected_answers(logs, np.array([True, True]))
    assert found[0] == 3.0
    assert np.isnan(found[1])


@pytest.mark.parametrize("hole", [np.nan, -np.inf, np.inf])
def test_nothing_finite_at_all(hole: float) -> None:
    assert np.isnan(expected_answers(np.full((2, 3, 5), hole), np.zeros(3, dtype=bool))).all()


@pytest.mark.parametrize("options", [1, 4, 6])
def test_another_number_of_options_is_refused(options: int) -> None:
    with pytest.raises(ValueError):
        expected_answers(np.zeros((2, options)), np.zeros(2, dtype=bool))


@given(arrays(np.float64, (2, 48, 5), elements=st.floats(-30.0, 0.0)), st.permutations(range(48)))
def test_item_means_against_a_plain_loop(logs: Array, order: list[int]) -> None:
    prompts = [PROMPTS[i] for i in order]
    found = item_means(logs, prompts)
    assert found.shape == (2, 24)
    answers = expected_answers(logs, np.array([prompt.order == "reversed" for prompt in prompts]))
    for candidate in range(2):
        for item in range(1, 25):
            own = [answers[candidate, n] for n, prompt in enumerate(prompts) if prompt.item == item]
            assert len(own) == 2
            assert found[candidate, item - 1] == pytest.approx(sum(own) / 2)


@pytest.mark.parametrize("split", SPLITS)
def test_following_the_order_instead_of_the_content_gives_three(split: Split) -> None:
    prompts = survey_prompts(load_survey(), split)
    first_listed = np.stack([sure(1)] * 48)
    assert item_means(first_listed, prompts).tolist() == [3.0] * 24


def test_the_same_meaning_in_both_orders_is_the_same_answer() -> None:
    logs = np.stack([sure(2 if prompt.order == "forward" else 4) for prompt in PROMPTS])
    assert item_means(logs, PROMPTS).tolist() == [2.0] * 24


def test_items_asked_unequally_often() -> None:
    prompts = [*PROMPTS[:24], Prompt(7, "forward", ""), Prompt(7, "reversed", "")]
    logs = np.stack([sure(1)] * 26)
    assert item_means(logs, prompts)[6] == pytest.approx((1 + 1 + 5) / 3)


@pytest.mark.parametrize("hole", [np.nan, -np.inf, np.inf])
def test_one_failed_prompt_fails_its_item_alone(hole: float) -> None:
    logs = np.zeros((2, 48, 5))
    logs[1, 24 + 6, 2] = hole
    found = item_means(logs, PROMPTS)
    assert np.argwhere(np.isnan(found)).tolist() == [[1, 6]]


def test_a_missing_item_is_refused() -> None:
    prompts = [prompt for prompt in PROMPTS if prompt.item not in (3, 24)]
    with pytest.raises(ValueError, match=r"items \[3, 24\] are not asked: a partial survey has no indices"):
        item_means(np.zeros((44, 5)), prompts)


@pytest.mark.parametrize("shape", [(47, 5), (49, 5), (1, 5), (2, 1, 5), (48,), (48, 4), (48, 6), (0, 5)])
def test_log_probabilities_that_do_not_fit_the_prompts_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"log-probabilities of shape .*: expected \(\.\.\., 48, 5\)"):
        item_means(np.zeros(shape), PROMPTS)


def test_option_mass() -> None:
    logs = np.log(np.array([[[0.2] * 5, [0.1] * 5], [[0.05] * 5, [0.15, 0.05, 0.02, 0.02, 0.01]]]))
    assert option_mass(logs) == pytest.approx([0.75, 0.25])
    assert option_mass(np.full((1, 2, 5), -np.inf)).tolist() == [0.0]
    assert np.isnan(option_mass(np.array([[[np.nan, 0, 0, 0, 0]]]))).all()


@given(arrays(np.float64, (3, 4, 6), elements=st.floats(-20.0, 20.0)))
def test_option_mass_is_the_share_of_the_vocabulary(logits: Array) -> None:
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(option_mass(np.log(shares[..., :5])), 1.0 - shares[..., 5].mean(axis=-1), atol=1e-9)
