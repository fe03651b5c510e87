"""Workers as Ray actors on a real cluster of three nodes, on this machine: kills, lost nodes, hangs, GPUs."""

from __future__ import annotations

import importlib
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from harness.errors import HarnessError, ModelError, RunError, UsageError
from harness.executors import ray_cluster
from harness.executors.limits import Hooks, Limits
from harness.executors.local import Local
from harness.executors.pool import Lost, Placed, Remote, Started
from harness.executors.ray_cluster import Cluster, _own_handlers
from harness.executors.ray_pool import RayPool
from harness.executors.scheduler import Scheduler


@pytest.fixture
def crew(ray, nodes, kit):
    """Makes a scheduler over actors on the cluster, and the pool; both are closed in the end."""
    nodes.complete()
    made = []

    def make(workers, maker=kit.Respondent, limits=None, **needs):
        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
        pool = RayPool(Cluster(nodes.address, **needs), maker)
        remarks = []
        scheduler = Scheduler(pool, workers, limits, Hooks(told=remarks.append))
        made.append(scheduler)
        return scheduler, pool, remarks

    yield make
    for scheduler in made:
        scheduler.close()
        scheduler.close()
    assert not ray.is_initialized()


def ready(scheduler, count):
    """Waits until so many workers are."""
    scheduler.first()
    while len(facts := [one for one in scheduler.facts().workers if not one.lost]) < count:
        scheduler._step()
    return facts


def nap(worker, shared):
    time.sleep(1.0)
    return os.getpid()


def test_three_nodes_give_what_this_process_gives_and_each_is_sent_the_shared_part_once(crew, kit, capfd) -> None:
    scheduler, pool, remarks = crew(3)
    assert {worker.node for worker in ready(scheduler, 3)} == {"n1", "n2", "n3"}
    local = Local(None)
    shared = (11, np.ones(100_000))
    jobs = [kit.Squares(tuple(range(ticket, 2 * ticket + 1)), shared, 4) for ticket in range(40)]
    for executor in (local, scheduler):
        for ticket, job in enumerate(jobs):
            executor.submit(ticket, job)
    assert kit.collected(scheduler, 40) == kit.collected(local, 40)
    for ticket in range(9):
        scheduler.submit(ticket, kit.Call(lambda worker, shared: (os.getpid(), id(shared)), shared))
    found = set(kit.collected(scheduler, 9).values())
    assert len(found) == len({process for process, _ in found}), "one object for each worker"
    assert len(pool._shared) == 1
    assert remarks == []
    facts = scheduler.facts()
    assert facts.candidates == sum(job.size for job in jobs) + 9 and facts.retried == 0
    scheduler.close()
    assert capfd.readouterr() == ("", ""), "Ray prints nothing"


def test_a_killed_worker_is_replaced_and_its_task_asked_again(crew, kit, capfd) -> None:
    scheduler, pool, remarks = crew(2)
    ready(scheduler, 2)
    for ticket in range(4):
        scheduler.submit(ticket, kit.Call(nap))
    time.sleep(0.5)
    killed = pool.processes[0]
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    found = kit.collected(scheduler, 4)
    seconds = time.monotonic() - began
    assert killed not in found.values()
    assert seconds < 15
    (lost,) = [worker for worker in scheduler.facts().workers if worker.lost]
    assert [remark.partition(" on ")[0] for remark in remarks] == [f"worker {lost.name}"]
    assert remarks[0].endswith(
        "was lost (its process died): 1 of its tasks is asked again, and another takes its place"
    )
    assert scheduler.facts().retried == 1
    ready(scheduler, 2)
    scheduler.close()
    assert capfd.readouterr() == ("", "")


def test_a_task_that_kills_its_worker_is_given_up(crew, kit) -> None:
    scheduler, _, _ = crew(2)
    scheduler.submit(0, kit.Call(lambda worker, shared: os.kill(os.getpid(), signal.SIGKILL)))
    with pytest.raises(RunError, match=r"^a task was given up after 3 tries, .* was lost: its process died; see"):
        scheduler.collect()


def test_a_worker_that_cannot_be_made_says_why(crew) -> None:
    def broken():
        raise OSError("no card")

    def unknown():
        raise ModelError("no model 'x' on this node; download it there")

    scheduler, _, _ = crew(1, broken)
    with pytest.raises(RunError, match="being started: OSError: no card; see the logs") as raised:
        scheduler.first()
    assert isinstance(raised.value.__cause__, OSError)
    assert "in broken" in str(raised.value.__cause__.__cause__)
    scheduler.close()
    scheduler, _, _ = crew(1, unknown)
    with pytest.raises(ModelError, match=r"^no model 'x' on this node; download it there$"):
        scheduler.first()


def test_errors_of_jobs_arrive_as_they_were_raised(crew, kit) -> None:
    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")

    def zero(worker, shared):
        return 1 / 0

    def odd(worker, shared):
        raise Odd(1, 2)

    def unsendable(worker, shared):
        return socket.socket()

    def mended(worker, shared):
        raise HarnessError("the value, what was expected, the fix")

    scheduler, _, _ = crew(1)
    for ticket, (function, kind, text) in enumerate(
        [
            (zero, ZeroDivisionError, "^division by zero$"),
            (odd, RuntimeError, "Odd: 1 and 2$"),
            (unsendable, TypeError, "cannot pickle 'socket'"),
            (mended, HarnessError, "^the value, what was expected, the fix$"),
        ]
    ):
        scheduler.submit(ticket, kit.Call(function))
        with pytest.raises(kind, match=text) as raised:
            scheduler.collect()
        if function in (zero, odd):
            assert isinstance(raised.value.__cause__, Remote)
            assert f"in {function.__name__}" in str(raised.value.__cause__)


def test_a_worker_that_hangs_is_killed(crew, kit, soon, tmp_path) -> None:
    def once(path):
        def hang(worker, shared):
            if not os.path.exists(path):
                with open(path, "x") as file:
                    file.write(str(os.getpid()))
                time.sleep(1000)
            return os.getpid()

        return hang

    scheduler, pool, remarks = crew(1, limits=Limits(known=2, stuck=2.0, stuck_floor=2.0))
    for ticket in range(2):
        scheduler.submit(ticket, kit.Call(lambda worker, shared: None))
    kit.collected(scheduler, 2)
    hung = pool.processes[0]
    scheduler.submit(9, kit.Call(once(str(tmp_path / "hung"))))
    began = time.monotonic()
    found = kit.collected(scheduler, 1)
    assert 2 <= time.monotonic() - began < 20
    assert found[9] != hung
    assert "(it hangs, at one task for 2 s)" in remarks[0]
    soon(lambda: not os.path.exists(f"/proc/{hung}"))


def test_workers_stand_where_the_gpus_are_and_are_shown_no_others(crew, kit) -> None:
    scheduler, pool, _ = crew(1, gpus=2)
    assert pool.room() in (0, 1)
    assert scheduler.first()["visible"] in ("0,1", "1,0")
    assert [worker.node for worker in scheduler.facts().workers] == ["n3"]
    scheduler.close()
    scheduler, pool, _ = crew(1)
    scheduler.submit(0, kit.Call(lambda worker, shared: os.environ["CUDA_VISIBLE_DEVICES"]))
    assert kit.collected(scheduler, 1) == {0: ""}


def test_a_worker_without_a_place_waits_for_one(crew, kit) -> None:
    scheduler, pool, _ = crew(1)
    ready(scheduler, 1)
    until = time.monotonic() + 10
    while pool.room() != 2:
        assert time.monotonic() < until
        time.sleep(0.1)
    fifth = [pool.hire() for _ in range(3)][-1]
    events = []
    while sum(isinstance(event, Started) for event in events) < 2:
        events += pool.wait(10)
    assert pool.wait(0.5) == []
    pool.fire(0)
    events = []
    while len(events) < 2:
        events += pool.wait(20)
    assert events == [Placed(fifth), Started(fifth, events[1].node, events[1].facts)]
    os.kill(pool.processes[fifth], signal.SIGKILL)
    time.sleep(0.5)
    pool.send(fifth, 0, kit.Call(nap))
    assert pool.wait(20) == [Lost(fifth, "its process died")]


def test_where_others_have_all_of_the_room_one_worker_waits(crew, nodes, monkeypatch) -> None:
    from rich.console import Console

    from harness.cli import staffing
    from harness.models.language_model import ModelSpec
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tuning.exam import Questions

    scheduler, pool, _ = crew(3)
    ready(scheduler, 3)
    until = time.monotonic() + 10
    while pool.room():
        assert time.monotonic() < until
        time.sleep(0.1)

    class Begun(Exception):
        pass

    def begin(brief, executor):
        raise Begun(len(list(executor._crew)))

    monkeypatch.setattr("harness.tuning.session.Session.with_executor", begin)
    brief = SimpleNamespace(spec=SimpleNamespace(model=ModelSpec()), questions=Questions(load_survey()))
    who = staffing.Staffing("ray", nodes.address)
    with pytest.raises(Begun, match=r"^1$"), staffing.staffed(brief, who, Console(), True):
        pass


class Told(BaseException):
    """What a handler of signals raises."""


def test_a_signal_while_nothing_happens_raises_what_its_handler_raises(crew, kit) -> None:
    scheduler, _, _ = crew(1)
    scheduler.attend(SimpleNamespace(remark=print, workers=lambda facts: None))
    scheduler.first()
    scheduler.submit(0, kit.Call(lambda worker, shared: time.sleep(60)))

    def told(number, frame):
        raise Told(number)

    before = signal.signal(signal.SIGUSR1, told)
    timer = threading.Timer(1.3, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(Told):
            scheduler.collect()
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_node_that_lacks_what_workers_are_made_of_is_told(crew, tmp_path, monkeypatch) -> None:
    (tmp_path / "only_the_driver_has_it.py").write_text("class Worker:\n    pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    maker = importlib.import_module("only_the_driver_has_it").Worker
    scheduler, _, _ = crew(1, maker)
    with pytest.raises(
        RunError, match=r"on its node \(ModuleNotFoundError: No module named 'only_the_driver_has_it'\)"
    ):
        scheduler.first()


@pytest.mark.parametrize(
    ("needs", "text"),
    [
        ({"cpus": 3}, r"^a worker asks for 3 CPUs and 0 GPUs, which no node .*: expected at most the 1 CPUs and "),
        ({"gpus": 4}, r"^a worker asks for 1 CPUs and 4 GPUs, .*: expected at most the 1 CPUs and 2 GPUs of the large"),
    ],
)
def test_what_no_node_has_is_refused(crew, ray, needs, text) -> None:
    with pytest.raises(UsageError, match=text):
        crew(1, **needs)
    assert not ray.is_initialized()


def test_addresses_that_lead_nowhere_are_refused_at_once(kit) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    for address, text in [
        (closed, rf"^cannot reach a Ray cluster at '{closed}': .*refused; expected the HOST:PORT that 'ray start"),
        (
            "ray://10.0.0.1:10001",
            r"^the Ray address 'ray://10.0.0.1:10001' is one of Ray Client: .*on a node of the cl",
        ),
        ("10.0.0.1", r"^the Ray address '10.0.0.1' has no port: expected HOST:PORT"),
        ("a" * 64 + ":6379", r"^cannot reach a Ray cluster at 'a{64}:6379': .*label too long"),
    ]:
        with pytest.raises(UsageError, match=text):
            RayPool(Cluster(address), kit.Respondent)
    assert time.monotonic() - began < 5


def test_the_address_is_taken_from_the_environment_and_the_handler_of_signals_left_alone(
    ray, nodes, kit, monkeypatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)

    def stop(number, frame):
        pass

    before = signal.signal(signal.SIGTERM, stop)
    try:
        pool = RayPool(Cluster(), kit.Respondent)
        assert pool.room() == 3
        assert signal.getsignal(signal.SIGTERM) is stop
        pool.close()
        assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_end_while_ray_is_started_has_the_code_of_its_signal() -> None:
    with pytest.raises(SystemExit) as left, _own_handlers():
        # What Ray's own handler does, which stands there meanwhile.
        sys.exit(signal.SIGTERM)
    assert left.value.code == 143


def test_a_connection_of_others_is_used_and_left_open(ray, nodes, kit) -> None:
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    try:
        pool = RayPool(Cluster("10.0.0.1:1"), kit.Respondent)
        pool.close()
        assert ray.is_initialized()
    finally:
        ray.shutdown()


_ALONE = """
import os, sys
from harness.executors.job import Finished
from harness.executors.ray_cluster import Cluster, _own_handlers
from harness.executors.ray_pool import RayPool
from harness.executors.scheduler import Scheduler
import harness.records.execution

class Worker:
    def facts(self):
        import harness.optimizers, harness.tasks
        return harness.optimizers.__name__, harness.__file__, "torch" in sys.modules

pool = RayPool(Cluster("local"), Worker)
scheduler = Scheduler(pool, 1)
name, path, heavy = scheduler.first()
assert (name, path, heavy) == ("harness.optimizers", __import__("harness").__file__, False), (name, path, heavy)
assert pool.room() <= os.cpu_count()
scheduler.close()
"""


def test_a_cluster_is_started_and_ended_here_without_a_word(tmp_path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("RAY_ADDRESS", "PYTEST_CURRENT_TEST")
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _ALONE], env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_look_in_vain_is_no_loss_before_others_follow_for_long(monkeypatch) -> None:
    now, there = [0.0], [True]
    monkeypatch.setattr(ray_cluster, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(ray_cluster, "_answers", lambda address: there[0])
    ray = SimpleNamespace(
        is_initialized=lambda: True,
        nodes=lambda: [{"Alive": True, "Resources": {"CPU": 1.0}}],
        get_runtime_context=lambda: SimpleNamespace(gcs_address="10.0.0.1:6379"),
    )
    connection = ray_cluster.Connection(ray, Cluster())
    # Nobody looked for a minute: the first look in vain is one all the same.
    for at, answers in ((60.0, False), (70.0, True), (80.0, False), (81.0, False), (94.0, False)):
        now[0], there[0] = at, answers
        connection.check()
    now[0] = 97.0
    with pytest.raises(RunError, match=r"^the Ray cluster at 10\.0\.0\.1:6379 is gone, or the node that"):
        connection.check()


_GONE = """
import os, signal, sys, time
from ray.cluster_utils import Cluster as Nodes
from harness.executors import ray_cluster
from harness.executors.ray_pool import RayPool

class Worker:
    def facts(self):
        return None

nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
ray_cluster.LOOK, ray_cluster._AWAY = 0.2, 1.0
pool = RayPool(ray_cluster.Cluster(nodes.address), Worker)
pool.hire()
while len(pool.wait(5)) and pool._calls:
    pass
(lost,) = nodes.head_node.all_processes[sys.argv[1]]
os.kill(lost.process.pid, signal.SIGKILL)
try:
    if sys.argv[1] == "raylet":
        # Something that is waited for.
        pool.hire()
    while True:
        pool.wait(0.1)
except ray_cluster.RunError as error:
    pool.close()
    print(error)
"""


@pytest.mark.parametrize("process", ["raylet", "gcs_server"])
def test_a_cluster_that_is_gone_ends_the_run_before_ray_ends_the_process(process) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run(
        [sys.executable, "-c", _GONE, process], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    # Ray, which started the node in the same process, has its say before.
    told = done.stdout.splitlines()[-1]
    assert re.match(r"the Ray cluster at [\d.]+:\d+ is gone, or the node .*; start them again$", told)


def test_without_ray_the_extra_is_named(kit, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"expected the extra 'ray'; run pip install 'vsm-harness\[ray\]'$"):
        RayPool(Cluster(), kit.Respondent)


def test_what_is_sent_before_a_worker_is_there_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Cluster("a:1", 2.0, 0.5))) == Cluster("a:1", 2.0, 0.5)


def test_a_lost_node_costs_its_tasks_alone(crew, nodes, kit) -> None:
    """The last one here: the cluster is not what it was."""
    scheduler, _, remarks = crew(3)
    ready(scheduler, 3)
    for kill in (False, True):
        for ticket in range(6):
            scheduler.submit(ticket, kit.Call(nap))
        time.sleep(0.3)
        nodes.remove("n2", kill)
        began = time.monotonic()
        assert len(kit.collected(scheduler, 6)) == 6
        assert time.monotonic() - began < 30
        (remark,) = [remark for remark in remarks if " on node n2 was lost (" in remark]
        assert kill or "(its node died)" in remark
        remarks.clear()
        if not kill:
            nodes.complete()
            assert {worker.node for worker in ready(scheduler, 3)} == {"n1", "n2", "n3"}
