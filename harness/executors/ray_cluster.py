"""A connection to a Ray cluster: to one that runs, or to one that is started here; ray is handed in."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from harness.errors import RunError, UsageError

_REACHED = 5.0
"""Seconds for a head node to take a connection; Ray itself tries for two minutes."""
LOOK: Final = 2.0
"""Seconds between two looks whether the head node is there."""
_AWAY = 15.0
"""Seconds after the first look in vain when it is given up."""
_STORE = 1 << 30
"""Bytes of the object store of a cluster that is started here, at most: a few jobs are under way at a time."""
_SLACK = 1e-6


@dataclass(frozen=True)
class Cluster:
    """Which cluster, and what each worker is given there.

    Attributes:
        address: of its head node, HOST:PORT; "local" starts one on this machine; None takes the environment's
            RAY_ADDRESS, else the cluster that runs on this machine, else starts one.
        cpus: processors that a worker occupies, at least 0.
        gpus: GPUs that it is shown, at least 0; below 1 it shares one. May follow from the GPUs of the node that has
            the most.
    """

    address: str | None = None
    cpus: float = 1.0
    gpus: float | Callable[[int], float] = 0.0


class Connection:
    """This process as a driver of a cluster.

    Args:
        ray: the library.
        cluster: to connect to, unless this process is connected already.

    Raises:
        UsageError: the cluster cannot be reached, or none of its nodes has what a worker needs.
        RunError: no cluster could be started here.
    """

    def __init__(self, ray: ModuleType, cluster: Cluster) -> None:
        self._ray = ray
        self._cluster = cluster
        self._ours = False
        self.where = "on the cluster of this process"
        if not ray.is_initialized():
            asked = asked_address(cluster.address)
            address = _address(asked)
            _connect(ray, address, found=asked in (None, "auto"))
            self._ours = True
            self.where = f"on the cluster at {address}" if address else "on a cluster that was started here"
        try:
            self._head: str = ray.get_runtime_context().gcs_address
            self._looked = time.monotonic()
            self._missed: float | None = None
            most = int(max((node["Resources"].get("GPU", 0) for node in self._nodes()), default=0))
            self.gpus = cluster.gpus(most) if callable(cluster.gpus) else cluster.gpus
            self._check_that_a_worker_fits()
        except BaseException:
            self.close()
            raise

    def room(self) -> int:
        """How many workers the nodes have room for, besides what runs on them now."""
        free = self._ray.available_resources()
        return min(sum(self._fit(node["Resources"]) for node in self._nodes()), self._fit(free))

    def named(self, node: str) -> str:
        """The name of a node, from its number; an address where it was given none."""
        return next((str(one["NodeName"]) for one in self._ray.nodes() if one["NodeID"] == node), node)

    def check(self) -> None:
        """Looks whether the head node is there, every few seconds; Ray itself ends this process after a minute.

        Raises:
            RunError: it has not been for long.
        """
        now = time.monotonic()
        if now - self._looked < LOOK:
            return
        if _answers(self._head):
            self._missed = None
        elif self._missed is None:
            self._missed = now
        elif now - self._missed >= _AWAY:
            raise self.gone()
        # An answer may have taken long.
        self._looked = time.monotonic()

    def gone(self) -> RunError:
        """What is to be said when the cluster is lost."""
        return RunError(
            f"the Ray cluster at {self._head} is gone, or the node that this process runs on: expected both to be "
            "there as long as the run takes; start them again"
        )

    def close(self) -> None:
        """Disconnects, and ends the cluster if it was started here; may be called twice."""
        if self._ours:
            self._ours = False
            with _own_handlers():
                self._ray.shutdown()

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _fit(self, has: dict[str, float]) -> int:
        needs = {"CPU": self._cluster.cpus, "GPU": self.gpus}
        counts = [int(has.get(name, 0.0) / many + _SLACK) for name, many in needs.items() if many]
        return min(counts, default=sys.maxsize)

    def _check_that_a_worker_fits(self) -> None:
        nodes = self._nodes()
        if any(self._fit(node["Resources"]) for node in nodes):
            return
        has = [(node["Resources"].get("GPU", 0.0), node["Resources"].get("CPU", 0.0)) for node in nodes]
        gpus, cpus = max(has, default=(0.0, 0.0), key=lambda one: one if self.gpus else one[::-1])
        raise UsageError(
            f"a worker asks for {self._cluster.cpus:g} CPUs and {self.gpus:g} GPUs, which no node of the "
            f"cluster has: expected at most the {cpus:g} CPUs and {gpus:g} GPUs of the largest of {len(nodes)}; ask "
            "for less, or join a larger node to the cluster"
        )


def _connect(ray: ModuleType, address: str | None, found: bool) -> None:
    """Connects to a cluster, or starts one; `found` is one of this machine that nobody named.

    Ray looks for a token for those alone, and for others where RAY_AUTH_MODE says so.
    """
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        with _own_handlers():
            if address is None:
                ray.init(address="local", include_dashboard=False, object_store_memory=_STORE, **options)
            else:
                ray.init(address="auto" if found else address, **options)
    except (ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
        ray.shutdown()
        if address is None:
            raise RunError(
                f"Ray could not be started on this machine: {error}; see the logs below {_folder()}"
            ) from error
        raise UsageError(
            f"cannot work with the Ray cluster at '{address}': {error}; expected its token, if it asks for one "
            "(set RAY_AUTH_MODE=token), and the versions of Ray and Python that are here"
        ) from error


def asked_address(given: str | None) -> str | None:
    """The address that is meant, as it is written; None for the cluster that runs on this machine, or a new one.

    Raises:
        UsageError: it is none.
    """
    asked = given or os.environ.get("RAY_ADDRESS") or None
    if asked in (None, "auto", "local"):
        return asked
    if "://" in asked:
        raise UsageError(
            f"the Ray address '{asked}' is one of Ray Client: expected HOST:PORT of a head node, port 6379 by default; "
            "run this command on a node of the cluster"
        )
    host, _, port = asked.rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(
            f"the Ray address '{asked}' has no port: expected HOST:PORT, such as 10.0.0.1:6379, or auto or local"
        )
    return asked


def _address(asked: str | None) -> str | None:
    """HOST:PORT of a head node that takes connections, or None where a cluster is to be started."""
    if asked == "local":
        return None
    if asked is None or asked == "auto":
        running = _running()
        if running is None and asked:
            raise UsageError(
                "no Ray cluster is found on this machine: expected one for the address 'auto'; if one runs, as with a "
                "--temp-dir of its own, give its HOST:PORT, or run ray start --head"
            )
        return running
    try:
        _reach(asked)
    except (OSError, OverflowError, UnicodeError) as error:
        raise UsageError(
            f"cannot reach a Ray cluster at '{asked}': {error}; expected the HOST:PORT that 'ray start --head' told; "
            "see whether it runs, with 'ray status'"
        ) from error
    return asked


def _running() -> str | None:
    """The cluster that was last started on this machine, where it runs still."""
    try:
        address = (_folder() / "ray_current_cluster").read_text(encoding="utf-8").strip()
        _reach(address)
    except (OSError, ValueError, OverflowError):
        return None
    return address


def _answers(address: str) -> bool:
    try:
        _reach(address)
    except OSError:
        return False
    return True


def _reach(address: str) -> None:
    """Connects to HOST:PORT, and leaves again."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), _REACHED).close()


def _folder() -> Path:
    """Where Ray keeps the files of a cluster on this machine."""
    return Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()) / "ray"


@contextlib.contextmanager
def _own_handlers() -> Iterator[None]:
    """Gives back the handler of SIGTERM, which Ray puts its own in the place of.

    Ray's own exits with the signal's number, as nothing else does.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit as left:
        if left.code == signal.SIGTERM:
            left.code = 128 + signal.SIGTERM
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
