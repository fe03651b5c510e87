"""The schema of what is known of a run before it begins: what was checked, and what it would take."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records.benchmark import Spread

State = Literal["ok", "remark", "problem", "not checked"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(_Frozen):
    """What came of one check.

    Attributes:
        check: its name; one may have several findings.
        state: "remark" does not stop a run, "not checked" waits for other checks.
        text: what was found, or what to do about it.
    """

    check: str
    state: State
    text: str


class Longest(_Frozen):
    """The longest prompt of one kind.

    Attributes:
        asked: which prompts.
        tokens: of the longest, in the chat template, without virtual tokens.
        virtual: tokens in front of it.
    """

    asked: str
    tokens: int
    virtual: int

    @property
    def needed(self) -> int:
        """Tokens that the model must be able to read, the answer's one included."""
        return self.tokens + self.virtual + 1


class Portion(_Frozen):
    """A part of a run and what it would take.

    Attributes:
        part: its name.
        times: how often it is done.
        evaluations: candidate evaluations in it: one respondent that answers one split of a survey.
        seconds: for doing it once.
    """

    part: str
    times: int
    evaluations: int
    seconds: Spread


class Estimate(_Frozen):
    """What a run would take, from a short measured trial.

    Attributes:
        evaluations: of the whole run, at most.
        seconds_per_evaluation: while tuning.
        candidates: answered together in the trial.
        rounds: of the trial.
        portions: of the run.
        seconds: of the whole run, from, middle and to.
        price_per_hour: of the machine, in the user's currency.
        cost: the seconds at that price; None without one.
    """

    evaluations: int
    seconds_per_evaluation: Spread
    candidates: int
    rounds: int
    portions: tuple[Portion, ...]
    seconds: Spread
    price_per_hour: float | None = None
    cost: Spread | None = None


class Readiness(_Frozen):
    """Whether a run can begin, and what it would take.

    Attributes:
        ready: nothing stands in its way.
        run: what the run would be called; None where that is not known.
        context: tokens that the model reads at once; None where its configuration does not say.
    """

    ready: bool
    run: str | None
    findings: tuple[Finding, ...]
    context: int | None = None
    prompts: tuple[Longest, ...] = ()
    estimate: Estimate | None = None
