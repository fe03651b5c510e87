import pytest

from harness.tuning.pace import ENOUGH, SHARE, Pace


class Machine:
    """A clock that work moves on; `slow` is by how much everything takes longer."""

    def __init__(self):
        self.now, self.slow, self.loops = 0.0, 1.0, 0

    def clock(self):
        return self.now

    def spend(self, seconds):
        self.now += self.slow * seconds

    def calibrate(self):
        self.loops += 1
        self.spend(0.01)
        return self.slow * 0.01


@pytest.fixture
def machine():
    return Machine()


def work(machine, pace, rounds=200, answering=0.02, between=0.001, candidates=4):
    for number in range(rounds):
        # Another load every few rounds.
        machine.slow = 1.0 + (number // 20) % 3
        with pace.answering(candidates):
            machine.spend(answering * candidates)
        machine.spend(between * candidates)
    return pace.facts()


def test_loops_per_candidate_do_not_depend_on_the_load(machine):
    facts = work(machine, Pace(machine.calibrate, machine.clock))
    assert facts["answering_loops"] == pytest.approx(2.0, rel=0.05)
    assert facts["searching_loops"] == pytest.approx(0.1, rel=0.3)
    assert 0.01 <= facts["calibration"] <= 0.03


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_slower_scorer_shows(machine, factor):
    facts = work(machine, Pace(machine.calibrate, machine.clock), answering=factor * 0.02)
    assert facts["answering_loops"] == pytest.approx(2.0 * factor, rel=0.05)


def test_a_slower_search_shows_apart(machine):
    facts = work(machine, Pace(machine.calibrate, machine.clock), between=0.01)
    assert facts["answering_loops"] == pytest.approx(2.0, rel=0.05)
    assert facts["searching_loops"] == pytest.approx(1.0, rel=0.1)


def test_calibration_takes_no_more_than_its_share(machine):
    work(machine, Pace(machine.calibrate, machine.clock))
    at_first = 3 + ENOUGH
    assert at_first < machine.loops <= at_first + SHARE / 5 * machine.now / 0.01


def test_without_answers_there_are_no_facts(machine):
    assert Pace(machine.calibrate, machine.clock).facts() == {}


def test_a_run_that_ends_before_the_first_slice_is_full_is_timed_all_the_same(machine):
    pace = Pace(machine.calibrate, machine.clock)
    with pace.answering(3):
        machine.spend(0.06)
    assert pace.facts()["answering_loops"] == pytest.approx(2.0)


def test_an_answer_that_fails_is_not_timed(machine):
    pace = Pace(machine.calibrate, machine.clock)
    with pytest.raises(ValueError), pace.answering(3):
        raise ValueError
    assert pace.facts() == {}
