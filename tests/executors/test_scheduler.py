"""The scheduler over workers on a virtual clock: what comes out does not depend on who was slow, failed or vanished."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ModelError, RunError
from harness.executors.limits import Hooks, Limits
from harness.executors.local import Local
from harness.executors.pool import Lost
from harness.executors.scheduler import Scheduler


@pytest.fixture
def crew(kit):
    """Makes a scheduler over a fake pool, and the pool; `remarks` are what it told."""

    def make(behave, workers=2, limits=None, **rest):
        names = ("told", "same", "describe", "watch")
        hooks = {name: rest.pop(name) for name in names if name in rest}
        pool = kit.FakePool(behave, **rest)
        remarks = []
        hooks.setdefault("told", remarks.append)
        scheduler = Scheduler(pool, workers, limits, Hooks(clock=pool.clock, **hooks))
        scheduler.remarks = remarks
        return scheduler, pool

    return make


@pytest.fixture
def paced(kit):
    """Has five jobs done, so that something is expected of others; their values are from 100 on."""

    def make(scheduler):
        for ticket in range(100, 105):
            scheduler.submit(ticket, kit.Squares((ticket,)))
        kit.collected(scheduler, 5)

    return make


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    workers=st.integers(1, 6),
    grain=st.integers(1, 9),
    seed=st.integers(0, 10**6),
)
def test_what_jobs_give_does_not_depend_on_what_befalls_the_workers(kit, crew, sizes, workers, grain, seed) -> None:
    chance = random.Random(seed)
    tries = {}

    def behave(worker, job, began):
        if tries.setdefault(job, 0) < 2:
            kind = chance.choices(["ok", "slow", "gone", "raises", "hangs"], [12, 2, 2, 2, 1])[0]
            if kind in ("gone", "raises", "hangs"):
                tries[job] += 1
            if kind == "gone":
                return kit.Gone(chance.random())
            if kind == "raises":
                return kit.Raises(chance.random(), ZeroDivisionError("by chance"))
            if kind == "hangs":
                return kit.Hang()
            if kind == "slow":
                return 50 * chance.random()
        return chance.lognormvariate(0, 1)

    # Each value stands in one job only, so that a job tells a task from all others.
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    jobs = [
        kit.Squares(tuple(range(start, start + size)), (7,), grain) for start, size in zip(starts, sizes, strict=True)
    ]
    local = Local(None)
    for ticket, job in enumerate(jobs):
        local.submit(ticket, job)
    scheduler, _ = crew(behave, workers, Limits(tries=60))
    for ticket, job in enumerate(jobs):
        scheduler.submit(ticket, job)
    assert kit.collected(scheduler, len(jobs)) == kit.collected(local, len(jobs))
    facts = scheduler.facts()
    assert facts.candidates == sum(sizes) == sum(worker.candidates for worker in facts.workers)
    assert all(0 <= worker.busy <= worker.present <= facts.seconds for worker in facts.workers)


@pytest.mark.parametrize(
    ("size", "grain", "workers", "parts"),
    [(64, 8, 4, [16] * 4), (64, 16, 3, [32, 32]), (5, 8, 4, [5]), (10, 1, 4, [3, 3, 3, 1]), (1, 1, 1, [1])],
)
def test_a_job_is_cut_along_its_grain_into_a_part_for_each_worker(kit, crew, size, grain, workers, parts) -> None:
    seen = []

    def behave(worker, job, began):
        seen.append(job.size)
        return 1.0

    scheduler, _ = crew(behave, workers)
    scheduler.submit(0, kit.Squares(tuple(range(size)), None, grain))
    kit.collected(scheduler, 1)
    assert seen == parts


def test_jobs_of_lower_turns_go_first_and_lost_ones_before_all(kit, crew, paced) -> None:
    scheduler, pool = crew(lambda worker, job, began: kit.Gone(0.5) if worker == 0 and began >= 5 else 1.0, workers=1)
    paced(scheduler)
    for ticket, turn in enumerate((5, 5, 3, 0, 3, 0)):
        scheduler.submit(ticket, kit.Squares((ticket,)), turn)
    assert len(kit.collected(scheduler, 6)) == 6
    # The first two were with the worker that was lost; then by turn, and among equals as they came.
    assert [task for _, worker, task in pool.sent if worker] == [5, 6, 8, 10, 7, 9]


def test_no_worker_has_more_than_two_tasks_and_idle_ones_come_first(kit, crew, paced) -> None:
    scheduler, pool = crew(lambda worker, job, began: 1.0, workers=3)
    paced(scheduler)
    for ticket in range(12):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert [worker for _, worker, _ in pool.sent[5:]] == [0, 1, 2, 0, 1, 2]
    assert not scheduler.hungry
    assert len(kit.collected(scheduler, 12)) == 12
    assert pool.most_held == 2
    assert [task for _, _, task in pool.sent] == list(range(17)), "first come, first served"
    assert scheduler.hungry


def test_a_lost_worker_costs_a_try_of_the_task_it_was_at_alone(kit, crew, paced) -> None:
    begun = []

    def behave(worker, job, began):
        begun.append((worker, job.values))
        return kit.Gone(1.0) if worker == 0 and job.values < (100,) else 3.0

    scheduler, pool = crew(behave, workers=2, limits=Limits(tries=2))
    paced(scheduler)
    scheduler.begin()
    del begun[:], pool.sent[:]
    for ticket in range(5):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert len(kit.collected(scheduler, 5)) == 5
    assert begun[:2] == [(0, (0,)), (1, (1,))]
    assert [task for _, _, task in pool.sent].index(9) == 6, "5 and 7 come before what was queued behind them"
    facts = scheduler.facts()
    assert facts.retried == 2
    assert facts.workers[0].lost == "it fell over"
    assert facts.workers[0].present == 1.0 and facts.workers[0].tasks == 0
    assert scheduler.remarks == [
        "worker w1 on node n0 was lost (it fell over): 2 of its tasks are asked again, and another takes its place"
    ]


def test_a_task_that_only_waited_has_all_its_tries(kit, crew) -> None:
    begun = []

    def behave(worker, job, began):
        begun.append(job.values)
        return kit.Gone(1.0) if worker == 0 or (begun.count((2,)) == 1 and job.values == (2,)) else 3.0

    scheduler, _ = crew(behave, workers=2, limits=Limits(tries=2))
    scheduler.first()
    for ticket in range(4):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert len(kit.collected(scheduler, 4)) == 4
    assert sum(bool(worker.lost) for worker in scheduler.facts().workers) == 2


def test_a_task_that_its_workers_do_not_survive_is_given_up(kit, crew) -> None:
    def behave(worker, job, began):
        return kit.Gone(1.0) if job.values == (3,) else 0.1

    scheduler, _ = crew(behave, workers=4)
    for ticket in range(8):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    with pytest.raises(
        RunError, match=r"^a task was given up after 3 tries, in the last .* on node n\d was lost: it f"
    ):
        kit.collected(scheduler, 8)


def test_workers_that_are_lost_before_they_did_anything_end_the_run(kit, crew) -> None:
    scheduler, pool = crew(
        lambda *_: 1.0, workers=2, start=lambda worker: Lost(worker, "OSError: no card", OSError("no card"))
    )
    scheduler.submit(0, kit.Squares((1,)))
    with pytest.raises(RunError, match=r"^3 workers in a row were lost .* being started: OSError: no card; ") as raised:
        scheduler.collect()
    assert isinstance(raised.value.__cause__, OSError)
    scheduler.close()
    scheduler.close()
    assert pool.closed == 1


def test_one_bad_place_among_good_ones_is_left_empty(kit, crew) -> None:
    scheduler, _ = crew(lambda *_: 1.0, workers=2, start=lambda worker: 1.0 if worker == 0 else Lost(worker, "no card"))
    for ticket in range(9):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert len(kit.collected(scheduler, 9)) == 9
    assert scheduler.remarks[-1].endswith("(no card), 3 in a row: none takes its place")
    with pytest.raises(RunError, match=r"^1 of 2 workers are there, .*: expected all; see"):
        scheduler.everyone()
    assert [worker.name for worker in scheduler.facts().workers] == ["w1"]


def test_what_the_user_can_mend_is_raised_at_once(kit, crew) -> None:
    error = ModelError("no such folder on that node")
    scheduler, _ = crew(lambda *_: 1.0, start=lambda worker: Lost(worker, "it was not made", error))
    with pytest.raises(ModelError) as raised:
        scheduler.first()
    assert raised.value is error
    scheduler, pool = crew(lambda *_: kit.Raises(1.0, error))
    scheduler.submit(0, kit.Squares((1,)))
    with pytest.raises(ModelError) as raised:
        scheduler.collect()
    assert raised.value is error
    assert len(pool.sent) == 1


def test_a_failed_task_goes_to_a_worker_that_it_did_not_fail_on(kit, crew) -> None:
    def behave(worker, job, began):
        return kit.Raises(0.5, KeyError("card")) if worker == 0 and job.values == (0,) else 4.0

    scheduler, pool = crew(behave, workers=2)
    scheduler.first()
    for ticket in range(4):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert len(kit.collected(scheduler, 4)) == 4
    assert [worker for _, worker, task in pool.sent if task == 0] == [0, 1]
    assert scheduler.facts().retried == 1
    assert scheduler.remarks == ["worker w1 on node n0 failed at a task (KeyError: 'card'); it is asked again"]


def test_a_task_that_fails_everywhere_raises_its_own_error(kit, crew) -> None:
    error = KeyError("a bug")
    scheduler, pool = crew(lambda *_: kit.Raises(1.0, error), workers=2)
    scheduler.submit(0, kit.Squares((1,)))
    with pytest.raises(KeyError) as raised:
        scheduler.collect()
    assert raised.value is error
    assert [worker for _, worker, _ in pool.sent] == [0, 1, 0]


def test_a_worker_on_which_everything_fails_is_replaced(kit, crew) -> None:
    scheduler, pool = crew(lambda worker, *_: kit.Raises(0.1, OSError("bad card")) if worker == 0 else 1.0, workers=2)
    for ticket in range(20):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert len(kit.collected(scheduler, 20)) == 20
    assert pool.fired == [0]
    assert [worker.lost for worker in scheduler.facts().workers] == ["it failed at 3 tasks in a row", "", ""]


def test_a_late_task_is_given_to_an_idle_worker_and_the_first_answer_counts(kit, crew) -> None:
    scheduler, pool = crew(lambda worker, job, began: 30.0 if job.values == (10,) and worker == 0 else 1.0)
    scheduler.first()
    for ticket in range(12):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert len(kit.collected(scheduler, 12)) == 12
    # Begun at 6 s, expected to take 1 s: late after twice that and a second more.
    assert [(when, worker) for when, worker, task in pool.sent if task == 10][1:] == [(9.0, 1)]
    assert pool.now == 10.0
    facts = scheduler.facts()
    assert (facts.resubmitted, facts.retried, facts.candidates) == (1, 0, 12)
    assert pool.fired == []


@pytest.mark.parametrize(("done", "twice"), [(4, []), (5, [(11.0, 0)])])
def test_nothing_is_late_before_five_tasks_are_done(kit, crew, done, twice) -> None:
    scheduler, pool = crew(lambda worker, job, began: 40.0 if job.values == (0,) and worker == 0 else 2.0)
    scheduler.first()
    for ticket in range(done + 1):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    kit.collected(scheduler, done + 1)
    assert [(when, task) for when, worker, task in pool.sent[done + 1 :]] == twice
    assert scheduler.facts().resubmitted == len(twice)
    assert pool.now == (13.0 if twice else 41.0)


@pytest.mark.parametrize("known", [False, True])
def test_nothing_waits_behind_a_task_that_takes_long(kit, crew, paced, known) -> None:
    scheduler, pool = crew(lambda worker, job, began: 3000.0 if isinstance(job, kit.Descent) else 1.0)
    paced(scheduler)
    if known:
        for ticket in range(10):
            scheduler.submit(ticket, kit.Descent((ticket,)))
        kit.collected(scheduler, 10)
    began = pool.now
    scheduler.submit(20, kit.Descent((20,)))
    for ticket in range(21, 80):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    kit.collected(scheduler, 59)
    assert pool.now - began == 59.0, "the other worker does them all"
    assert scheduler.facts().resubmitted == 0
    kit.collected(scheduler, 1)


def test_a_worker_that_comes_late_finds_what_others_have_not_begun(kit, crew) -> None:
    scheduler, pool = crew(
        lambda worker, job, began: 3000.0, start=lambda worker: 60.0 if worker else 1.0, limits=Limits(unknown=9000.0)
    )
    scheduler.submit(0, kit.Descent((1,)))
    scheduler.submit(1, kit.Descent((2,)))
    kit.collected(scheduler, 2)
    assert pool.now == 3060.0


def test_a_task_behind_another_is_late_when_it_should_have_been_done(kit, crew) -> None:
    scheduler, pool = crew(lambda worker, job, began: 90.0 if job.values == (50,) and worker == 0 else 2.0, workers=3)
    scheduler.first()
    for ticket in range(6):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    kit.collected(scheduler, 6)
    began = pool.now
    for value in (50, 51, 52, 53):
        scheduler.submit(value, kit.Squares((value,)))
    kit.collected(scheduler, 4)
    assert [(when - began, worker, task) for when, worker, task in pool.sent[6:]] == [
        *((0.0, 0, 6), (0.0, 1, 7), (0.0, 2, 8), (0.0, 0, 9)),
        *((5.0, 1, 6), (7.0, 1, 9)),
    ]


def test_a_late_answer_is_ignored_and_frees_its_worker(kit, crew) -> None:
    scheduler, pool = crew(lambda worker, job, began: 9.0 if job.values == (6,) and worker == 0 else 1.0)
    scheduler.first()
    for ticket in range(7):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    kit.collected(scheduler, 7)
    assert scheduler.facts().resubmitted == 1
    began = pool.now
    for ticket in range(20):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    kit.collected(scheduler, 20)
    assert {worker for when, worker, _ in pool.sent if when > began} == {0, 1}
    first, second = scheduler.facts().workers
    assert first.tasks + second.tasks == 27
    assert first.busy > first.tasks, "the answer that did not count was work too"


def test_a_worker_that_hangs_is_replaced(kit, crew) -> None:
    scheduler, pool = crew(lambda worker, job, began: kit.Hang() if worker == 0 and began == 6 else 1.0, workers=1)
    for ticket in range(9):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert len(kit.collected(scheduler, 9)) == 9
    assert pool.fired == [0]
    assert pool.now == pytest.approx(7 + 60 + 1 + 3)
    assert scheduler.facts().workers[0].lost == "it hangs, at one task for 60 s"


def test_a_slow_first_task_is_no_hang(kit, crew) -> None:
    scheduler, pool = crew(lambda *_: 3000.0, workers=1)
    scheduler.submit(0, kit.Squares((1,)))
    kit.collected(scheduler, 1)
    assert pool.fired == []


def test_what_takes_long_by_its_nature_is_neither_late_nor_hangs(kit, crew) -> None:
    scheduler, pool = crew(lambda worker, job, began: 9.0 * job.size if isinstance(job, kit.Descent) else 1.0)
    for ticket in range(12):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    kit.collected(scheduler, 12)
    # An hour is allowed to what nobody knows, or as long as that many candidates of another kind might take.
    for ticket, size in ((12, 300), (13, 1000)):
        began = pool.now
        scheduler.submit(ticket, kit.Descent(tuple(range(size)), grain=size))
        kit.collected(scheduler, 1)
        assert pool.now == began + 9.0 * size
    assert pool.fired == [] and scheduler.facts().resubmitted == 0


def test_a_task_of_unknown_length_does_not_hide_that_another_is_late(kit, crew) -> None:
    def behave(worker, job, began):
        return 900.0 if isinstance(job, kit.Descent) else 90.0 if job.values == (8,) and worker == 1 else 1.0

    scheduler, pool = crew(behave, workers=3)
    scheduler.everyone()
    for ticket in range(6):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    kit.collected(scheduler, 6)
    began = pool.now
    scheduler.submit(7, kit.Descent((7,)))
    scheduler.submit(8, kit.Squares((8,)))
    (one,) = scheduler.collect()
    assert one.ticket == 8 and pool.now - began == 4.0 and scheduler.facts().resubmitted == 1


def test_what_happened_while_the_driver_was_away_comes_before_verdicts(kit, crew) -> None:
    scheduler, pool = crew(lambda *_: 1.0, workers=2)
    for ticket in range(8):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    kit.collected(scheduler, 8)
    scheduler.submit(8, kit.Squares((8, 9)))
    pool.now += 5000
    kit.collected(scheduler, 1)
    assert pool.fired == [] and scheduler.facts().resubmitted == 0


def test_workers_without_a_place_stop_nobody(kit, crew) -> None:
    scheduler, _ = crew(lambda *_: 1.0, workers=8, start=lambda worker: 1.0 if worker == 5 else None)
    scheduler.submit(0, kit.Squares(tuple(range(30))))
    assert len(kit.collected(scheduler, 1)[0]) == 30
    assert [worker.node for worker in scheduler.facts().workers] == ["n5"]


def test_no_room_for_long_ends_the_run(kit, crew) -> None:
    scheduler, pool = crew(lambda *_: 1.0, workers=3, start=lambda worker: None, limits=Limits(room=600))
    with pytest.raises(RunError, match=r"^no node had room for a worker within 10 min: expected room for one; see"):
        scheduler.first()
    assert pool.now == pytest.approx(600)
    assert scheduler.remarks[:2] == [
        "no worker is ready after 60 s: no node has room for one",
        "no worker is ready after 2 min: no node has room for one",
    ]
    assert len(scheduler.remarks) == 9
    assert pool.waits <= 24


def test_a_worker_that_has_its_place_may_take_longer_to_load(kit, crew) -> None:
    limits = Limits(room=600, loading=5000)
    scheduler, pool = crew(lambda *_: 1.0, start=lambda worker: 4000.0, places=lambda worker: 500.0, limits=limits)
    scheduler.submit(0, kit.Squares((1,)))
    assert len(kit.collected(scheduler, 1)) == 1
    assert pool.now == 4001.0
    assert scheduler.remarks[7:9] == [
        "no worker is ready after 8 min: no node has room for one",
        "no worker is ready after 9 min: 2 being made",
    ]
    scheduler, pool = crew(lambda *_: 1.0, start=lambda worker: None, places=lambda worker: 500.0, limits=limits)
    with pytest.raises(RunError, match=r"^no worker was made within 83 min: expected its model to be there by then; "):
        scheduler.first()
    assert pool.now == pytest.approx(5500.0)


def test_what_a_worker_is_at_counts_as_work(kit, crew, paced) -> None:
    scheduler, pool = crew(lambda worker, job, began: 50.0 if job.values == (0,) else 1.0, workers=1)
    paced(scheduler)
    scheduler.submit(0, kit.Squares((0,)))
    pool.now += 20
    scheduler.begin()
    pool.now += 15
    assert scheduler.facts().utilisation == 1.0
    kit.collected(scheduler, 1)
    assert scheduler.facts().workers[0].busy == 30.0, "what came before the statistics began is none of theirs"


def test_what_failed_was_work_and_what_was_lost_nobody_knows(kit, crew) -> None:
    tries = iter([kit.Raises(10.0, OSError("once")), kit.Gone(5.0)])
    scheduler, _ = crew(lambda *_: next(tries, 1.0), workers=1)
    scheduler.submit(0, kit.Squares((0,)))
    kit.collected(scheduler, 1)
    first, second = scheduler.facts().workers
    assert (first.busy, second.busy) == (10.0, 1.0)


def test_a_worker_that_is_lost_while_it_loads_is_waited_for_again(kit, crew) -> None:
    """It took longer than there is patience with a cluster that is full; there is as much with its replacement."""
    scheduler, pool = crew(
        lambda *_: 1.0,
        workers=1,
        start=lambda worker: 4900.0 if worker else None,
        places=lambda worker: 1500.0 if worker else 0.5,
        limits=Limits(room=2000, loading=5000),
    )
    pool._later(3900.0, Lost(0, "out of memory"))
    scheduler.submit(0, kit.Squares((1,)))
    assert len(kit.collected(scheduler, 1)) == 1
    assert pool.now == 3900.0 + 4900.0 + 1.0


def test_a_worker_that_never_loads_takes_no_time_from_those_after_it(kit, crew) -> None:
    def behave(worker, job, began):
        return kit.Gone(1.0) if worker == 0 and began == 1 else 3000.0 if worker == 0 else 1.0

    scheduler, pool = crew(
        behave,
        workers=2,
        start=lambda worker: None if worker == 1 else 1.0 if worker == 0 else 900.0,
        places=lambda worker: 0.5,
        limits=Limits(loading=2000.0),
    )
    for ticket in range(2):
        scheduler.submit(ticket, kit.Squares((ticket,)))
    assert len(kit.collected(scheduler, 2)) == 2
    assert pool.now == pytest.approx(1.0 + 3000.0 + 1.0 + 900.0 + 1.0)


def test_a_worker_that_would_answer_otherwise_is_refused(kit, crew) -> None:
    scheduler, _ = crew(
        lambda *_: 1.0,
        facts=lambda worker: {"torch": f"2.{worker}"},
        same=lambda first, other: [f"torch {other['torch']} instead of {first['torch']}"] if first != other else [],
    )
    with pytest.raises(RunError, match=r"^worker w2 on node n1 .* worker w1 on node n0: torch 2.1 instead of 2.0; "):
        scheduler.submit(0, kit.Squares(tuple(range(64))))
        kit.collected(scheduler, 1)


def test_statistics_are_of_what_came_since_they_began(kit, crew) -> None:
    shown = []
    scheduler, pool = crew(
        lambda *_: 2.0,
        workers=1,
        facts=lambda worker: "cuda:0",
        describe=lambda facts: {"device": facts, "threads": 3, "machine": {"cores": 2}},
        watch=shown.append,
    )
    scheduler.submit(0, kit.Squares((1, 2)))
    kit.collected(scheduler, 1)
    pool.now += 10
    scheduler.begin()
    pool.now += 1
    scheduler.submit(1, kit.Squares((1, 2, 3)))
    kit.collected(scheduler, 1)
    scheduler.close()
    pool.now += 100
    facts = scheduler.facts()
    (worker,) = facts.workers
    assert (worker.name, worker.node, worker.device, worker.threads, worker.machine) == (
        *("w1", "n0", "cuda:0", 3),
        {"cores": 2},
    )
    assert (worker.tasks, worker.candidates, worker.busy, worker.present) == (1, 3, 2.0, 3.0)
    assert (facts.seconds, facts.driver, facts.candidates) == (3.0, 1.0, 3)
    assert facts.utilisation == pytest.approx(2 / 3) and facts.throughput == pytest.approx(1)
    assert shown and shown[-1].candidates == 3


def test_sixty_four_workers_are_kept_busy_by_a_driver_that_does_not_poll(kit, crew) -> None:
    chance = random.Random(1)
    scheduler, pool = crew(lambda *_: chance.lognormvariate(0, 0.8), workers=64, cost=0.0005)
    scheduler.first()
    scheduler.begin()
    ticket = done = 0
    while done < 10_000:
        while scheduler.hungry and ticket < 10_000:
            scheduler.submit(ticket, kit.Squares((ticket,)))
            ticket += 1
        done += len(scheduler.collect())
        if done == 9_500:
            assert scheduler.facts().utilisation > 0.98
    facts = scheduler.facts()
    assert facts.utilisation >= 0.95
    assert facts.candidates == 10_000
    assert pool.in_vain <= 10_000 + 200, "one look without waiting for each that is collected, and few besides"
    assert pool.waits <= 2.1 * 10_000


def test_submitting_and_collecting_out_of_turn_is_refused(kit, crew) -> None:
    scheduler, _ = crew(lambda *_: 1.0)
    with pytest.raises(ValueError, match="expected a job that was submitted and not collected"):
        scheduler.collect()
    scheduler.submit(4, kit.Squares((1,)))
    with pytest.raises(ValueError, match="got 4 again"):
        scheduler.submit(4, kit.Squares((1,)))
    kit.collected(scheduler, 1)
    scheduler.submit(4, kit.Squares((1,)))
    assert kit.collected(scheduler, 1) == {4: [1]}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_it_closes_whatever_happened(kit, crew, error) -> None:
    scheduler, pool = crew(lambda *_: 1.0)
    scheduler.submit(0, kit.Squares((1,)))

    def interrupted(seconds):
        raise error

    pool.wait = interrupted
    with pytest.raises(error):
        scheduler.collect()
    scheduler.close()
    scheduler.close()
    assert pool.closed == 1
    assert scheduler.facts().candidates == 0
