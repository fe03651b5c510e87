"""What a soft prompt changes in other tasks: every metric before and after, with an interval where there is one."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from harness.records.schema import ModelIdentity, Provenance

Verdict = Literal["better", "worse", "changed", "unclear", "unknown"]
_NUMBER_OR_NULL: Final[dict[str, Any]] = {"anyOf": [{"type": "number"}, {"type": "null"}]}
Figure = Annotated[
    float,
    BeforeValidator(lambda value: float("nan") if value is None else value),
    WithJsonSchema(_NUMBER_OR_NULL),
]
"""A number; null in JSON where it is not finite, which is read as not a number."""


class _Frozen(BaseModel):
    # A perplexity may be infinite, and a metric undefined; JSON then says null.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Effect(_Frozen):
    """One metric of one task, without and with the soft prompt.

    Attributes:
        task: name of the task or group.
        metric: as lm-eval calls it, for example "acc", or "exact_match,strict" where the task filters answers.
        higher_is_better: None where neither is, or the task does not say.
        documents: how many there are of which the metric has a value in both runs; 0 for a group.
        before: without the prompt.
        after: with it.
        difference: after less before.
        low: lower end of the 95 % interval of the difference over documents; None without one.
        high: upper end.
        note: why there is no interval; "" where there is one.
    """

    task: str
    metric: str
    higher_is_better: bool | None
    documents: int
    before: Figure
    after: Figure
    difference: Figure
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """What the interval says: "unclear" where it holds 0, "unknown" where there is none."""
        if self.low is None or self.high is None:
            return "unknown"
        if self.low <= 0 <= self.high:
            return "unclear"
        if self.higher_is_better is None:
            return "changed"
        return "better" if self.higher_is_better == (self.low > 0) else "worse"


class SideEffects(_Frozen):
    """The effects of one soft prompt.

    Attributes:
        model: that was asked.
        prompt: folder of the adapter.
        virtual_tokens: V of the prompt.
        tasks: version of every task and group, by name.
        shots: solved examples that every task was shown.
        chat_template: whether questions stood in the model's chat template.
        num_fewshot: solved examples asked for; None leaves it to the tasks.
        limit: the first so many documents of every task; None for all.
        batch_size: requests in one pass.
        max_length: longest text in tokens, before and after alike; None where lm-eval chose.
        seeds: that lm-eval was given.
        effects: in the order of the tasks.
        warnings: what lm-eval and other libraries said meanwhile, each once with the number of times.
        seconds: of both runs.
    """

    schema_version: Literal[1] = 1
    model: ModelIdentity
    prompt: str
    virtual_tokens: int
    tasks: dict[str, str]
    shots: dict[str, int]
    chat_template: bool
    num_fewshot: int | None
    limit: int | None
    batch_size: int
    max_length: int | None
    seeds: dict[str, int]
    effects: tuple[Effect, ...]
    warnings: tuple[str, ...] = ()
    seconds: float
    provenance: Provenance
