"""Checks one after another: each that can be made is made, and what it finds is kept beside what the others find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from harness.errors import HarnessError
from harness.records.readiness import Finding, State

T = TypeVar("T")


@dataclass(frozen=True)
class Found(Generic[T]):
    """What a check gives to the others, and what it says.

    Attributes:
        value: for checks that build on it.
        text: what is in order; "" says nothing.
        remarks: that do not stop a run.
        problems: that do.
    """

    value: T
    text: str = ""
    remarks: Sequence[str] = ()
    problems: Sequence[str] = ()


@dataclass
class Steps:
    """Makes checks and keeps their findings."""

    findings: list[Finding] = field(default_factory=list)
    _failed: set[str] = field(default_factory=set)

    def take(
        self, name: str, check: Callable[[], Found[T]], needs: Iterable[str] = (), key: str | None = None
    ) -> T | None:
        """Makes a check, unless one that it needs found a problem or was not made.

        A check that raises what the user can mend has found a problem and gives nothing.

        Args:
            name: under which findings are kept.
            check: gives what it found.
            needs: names or keys of checks.
            key: a narrower name under which others may need it.
        """
        missing = [one for one in dict.fromkeys(needs) if one in self._failed]
        try:
            found = None if missing else check()
            problems = found.problems if found else ()
        except HarnessError as error:
            found, problems = None, (str(error),)
        if missing or problems:
            self._failed |= {key or name, name}
        if missing:
            self._note(name, "not checked", f"waits for {', '.join(missing)}")
        for text in dict.fromkeys(problems):
            self._note(name, "problem", text)
        if found is None:
            return None
        if found.text and not found.problems:
            self._note(name, "ok", found.text)
        for text in found.remarks:
            self._note(name, "remark", text)
        return found.value

    def failed(self, *names: str) -> bool:
        """Whether one of these checks found a problem or was not made."""
        return not self._failed.isdisjoint(names)

    @property
    def problems(self) -> list[Finding]:
        """In the order they were found."""
        return [one for one in self.findings if one.state == "problem"]

    def _note(self, name: str, state: State, text: str) -> None:
        finding = Finding(check=name, state=state, text=" ".join(text.split()))
        if finding not in self.findings:
            self.findings.append(finding)


def there(value: T | None) -> T:
    """What a check gave that was made, since another one needs it.

    Raises:
        ValueError: it was not; a need is missing.
    """
    if value is None:
        raise ValueError("a check was made without what it needs: name that among its needs")
    return value
