"""What a journal says of its run: specification, model, libraries, and the machines that worked on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from harness.records.differences import first_difference
from harness.records.schema import ModelIdentity, Provenance

JOURNAL_VERSION: Final = 1
DECIDING: Final = ("vsm-harness", "torch", "transformers", "tokenizers", "numpy", "scipy", "pymoo", "cma", "jinja2")
"""Libraries that decide numbers: another version of one of them could turn a search that is half done; jinja2 renders
chat templates."""
Fact = str | int | float | None


class Header(BaseModel):
    """First line of a journal.

    Attributes:
        spec: the run's specification.
        model: that answers.
        versions: of all libraries that a record names.
        started: UTC, ISO 8601.
    """

    model_config = ConfigDict(frozen=True)

    journal: Literal[1] = JOURNAL_VERSION
    spec: dict[str, Any]
    spec_digest: str
    model: ModelIdentity
    versions: dict[str, str]
    started: str

    def entry(self) -> dict[str, Any]:
        """As a line of the journal."""
        return self.model_dump(mode="json")

    def differences(self, now: Header) -> list[str]:
        """What has changed since that would turn the search, as in "torch is 2.12.0 there, 2.13.0 here"."""
        found = []
        if self.spec_digest != now.spec_digest:
            # Compared as JSON, in which a tuple is a list.
            found.append(first_difference(self.spec, json.loads(json.dumps(now.spec))))
        there, here = ({**one.model.model_dump(), "digest": one.model.digest[:15]} for one in (self, now))
        found += [
            f"the model's {name} is {there[name]} there, {here[name]} here"
            for name in ("digest", "dtype")
            if getattr(self.model, name) != getattr(now.model, name)
        ]
        return found + changed_versions(self.versions, now.versions)


def changed_versions(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Libraries that decide numbers and are of another version; packages that bring optimizers are among them."""
    names = [name for name in dict.fromkeys((*DECIDING, *there, *here)) if name not in ("python", "lm-eval", "peft")]
    series = [".".join(one.get("python", "").split(".")[:2]) for one in (there, here)]
    found = [f"python is {series[0]} there, {series[1]} here"] if series[0] != series[1] else []
    return found + [
        f"{name} is {there.get(name, 'missing')} there, {here.get(name, 'missing')} here"
        for name in names
        if there.get(name) != here.get(name)
    ]


def machine_facts(provenance: Provenance, executor: str) -> dict[str, Fact]:
    """What may differ between the processes of one run and changes last digits at most, or says which code ran.

    Args:
        provenance: of what answers.
        executor: which it is.
    """
    revision = provenance.git_revision
    return {
        **provenance.machine,
        "threads": provenance.threads,
        "executor": executor,
        "git_revision": f"{revision} and changes" if provenance.git_dirty else revision,
    }


def earlier(sessions: Sequence[Mapping[str, Fact]], now: Mapping[str, Fact]) -> tuple[dict[str, Fact], ...]:
    """Those of earlier processes that are not like this one, each once, in their order."""
    found: list[dict[str, Fact]] = []
    for one in sessions:
        # A process of an earlier version did not say who answered.
        same = {name: value for name, value in now.items() if name != "executor" or name in one}
        if dict(one) != same and dict(one) not in found:
            found.append(dict(one))
    return tuple(found)
