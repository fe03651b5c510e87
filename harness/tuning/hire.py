"""A worker that begins somewhere else: in another process, perhaps on another machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.models.language_model import RANDOM_PREFIX, ModelSpec
from harness.models.loading import BUNDLED_NAME, load, quiet_libraries
from harness.models.process import settle
from harness.records.header import changed_versions
from harness.tuning.exam import Questions
from harness.tuning.worker import ModelFacts, Worker


@dataclass(frozen=True)
class Hire:
    """Makes a worker in the process where it is called, which loads the model itself.

    Attributes:
        model: as the run has it.
        where: under which name it is loaded; a folder is found from any working directory.
        questions: what is asked, and how.
        threads: of the numerical library.
    """

    model: ModelSpec
    where: str
    questions: Questions
    threads: int

    @staticmethod
    def of(model: ModelSpec, questions: Questions, threads: int) -> Hire:
        """For workers of a run that is begun here."""
        return Hire(model, _anywhere(model.name), questions, threads)

    def __call__(self) -> Worker:
        """Loads the model.

        Raises:
            ModelError: it cannot be loaded there.
        """
        settle(self.threads)
        quiet_libraries()
        lm = load(self.model.model_copy(update={"name": self.where}))
        return Worker(replace(lm, spec=self.model), self.questions)


def gpus_of(model: ModelSpec, most: int, given: float | None) -> float:
    """GPUs that a worker with this model is given.

    Args:
        model: that it loads.
        most: GPUs of the cluster's node that has the most.
        given: by the user, None for none; a part of one is shared with other workers.

    Raises:
        UsageError: the model's device is none that a worker can be given.
    """
    kind, _, number = model.device.partition(":")
    if number or kind == "mps":
        raise UsageError(
            f"--device {model.device} with --executor ray: a worker has what the cluster gives it; give --device cpu "
            "or cuda, or leave it out"
        )
    on_cpu = kind == "cpu" or model.device_map == "cpu"
    if given is not None:
        if on_cpu and given:
            raise UsageError(f"--gpus-per-worker {given:g} with a model on the CPU: leave one of the two out")
        return given
    if on_cpu or (kind == "auto" and not most):
        return 0.0
    # Spread over the cards that a worker sees, a model takes all that one node has.
    return float(max(most, 1)) if model.device_map else 1.0


def differences(first: ModelFacts, other: ModelFacts) -> list[str]:
    """What tells two workers apart whose answers must be the same, as in "torch is 2.12.0 there, 2.13.0 here"."""
    one, two = first.identity, other.identity
    found = [
        f"the model's {name} is {there[:15]} there, {here[:15]} here"
        for name, there, here in (("digest", one.digest, two.digest), ("dtype", one.dtype, two.dtype))
        if there != here
    ]
    return found + changed_versions(first.provenance.versions, other.provenance.versions)


def described(facts: ModelFacts) -> Mapping[str, Any]:
    """What a record says of a worker's machine."""
    provenance = facts.provenance
    return {"device": facts.identity.device, "machine": provenance.machine, "threads": provenance.threads}


def _anywhere(name: str) -> str:
    """A model's name as it is found from any folder, where it names a folder or a file."""
    prefix = RANDOM_PREFIX if name.startswith(RANDOM_PREFIX) else ""
    path = Path(name.removeprefix(prefix))
    if name == BUNDLED_NAME or (prefix and path.suffix != ".json"):
        return name
    try:
        path = path.expanduser()
        return f"{prefix}{path.resolve()}" if path.exists() else name
    except (OSError, RuntimeError):
        return name
