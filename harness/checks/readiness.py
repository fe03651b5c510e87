"""Whether a run can begin: its data, its model, its search and its memory, each checked as far as the others allow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from harness.checks.estimate import estimate
from harness.checks.prompt_lengths import check_lengths, longest_prompts
from harness.checks.steps import Found, Steps, there
from harness.checks.trial import Own, Trial
from harness.errors import UsageError
from harness.models.chat import OPTIONS, option_tokens
from harness.models.language_model import LanguageModel, ModelSpec
from harness.models.memory import readable
from harness.models.outline import Outline, check_place, check_weights, outline
from harness.models.planning import choose_plan
from harness.models.scorer import Plan
from harness.records.readiness import Estimate, Longest
from harness.tasks.hofstede_vsm.indices import DIMENSIONS
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tuning.brief import Brief
from harness.tuning.identity import note
from harness.tuning.requirements import check_dimensions, check_personas, check_pool, check_reference, check_start
from harness.tuning.spec import RunSpec

Load = Callable[[ModelSpec], LanguageModel]
Told = Callable[[str], None]


def check_regions(table: Regions, wanted: str, aimed: Sequence[str]) -> Found[tuple[Region, ...]]:
    """Which regions are meant, each name looked up by itself; scores that are not published are remarks."""
    regions: dict[str, Region] = {}
    problems: list[str] = []
    for name in [one for one in wanted.split(",") if one.strip()] or [wanted]:
        try:
            for region in table.select(name):
                regions[region.code] = region.aiming(aimed)
        except UsageError as error:
            problems.append(str(error))
    remarks = [
        f"{one.code} has no published {', '.join(one.missing)}: scored on the others"
        for one in regions.values()
        if one.missing
    ]
    if not regions and not problems:
        problems.append(f"--region {wanted}: the targets have no region with all six scores; give its code")
    count = f"{len(regions)} region{'s' * (len(regions) != 1)}, {len(aimed)} of {len(DIMENSIONS)} dimensions"
    return Found(tuple(regions.values()), count, remarks, problems)


@dataclass
class Readying:
    """Checks the model and the search of a run.

    Attributes:
        steps: has the findings of flags and files already, and takes the others.
        brief: the run, with stand-ins where flags or files were refused.
        regions: that are known, with the scores that are aimed at.
        load: loads a model.
        told: of what comes next.
        shape: the model without its weights, once it is known.
        prompts: the longest of each kind, once they are known.
    """

    steps: Steps
    brief: Brief
    regions: Sequence[Region]
    load: Load
    told: Told
    shape: Outline | None = None
    prompts: Sequence[Longest] = ()
    _seconds: float = 0.0

    @property
    def spec(self) -> RunSpec:
        """Of the run."""
        return self.brief.spec

    def outline(self) -> LanguageModel | None:
        """What can be said without weights; the model with its tokenizer and without them, if there is one."""
        take, model = self.steps.take, self.spec.model
        self.told("model")
        take("device", lambda: Found(True, check_place(model)), ["--device", "--device-map", "--dtype"])
        self.shape = take("model", lambda: _described(outline(model)))
        take("weights", lambda: Found(True, check_weights(there(self.shape))), ["model", "device", "--memory-gb"])
        lm = take("chat template", lambda: Found(there(self.shape).with_tokenizer(), "renders a turn"), ["model"])
        take("options", lambda: _options(there(lm)), ["chat template"])
        self.told("lengths of prompts")
        needs = ["survey", "--tokens", "--shots", "--wordings", "chat template"]
        self.prompts = take("context", lambda: self._lengths(there(lm)), needs) or ()
        return lm

    def search(self) -> None:
        """Whether optimizers, space and budget belong together."""
        take, spec = self.steps.take, self.spec
        optimizers = ["--optimizer"]
        take("search", partial(_done, check_start, spec), ["--space", "--start"])
        take("search", partial(_done, check_reference, spec), [*optimizers, "--aggregate", "--penalty", "--response"])
        take("search", partial(_done, check_pool, spec), ["--pool", "--budget", "targets", "regions"])
        take(
            "search",
            lambda: _done(check_dimensions, spec, there(self.shape).width),
            ["model", *optimizers, "--space", "--tokens"],
        )

    def trial(self, together: int, own: Own, price_per_hour: float | None) -> Estimate | None:
        """Loads the model, and measures what the run would take."""
        take = self.steps.take
        self.told("loading")
        lm = take("scorer", self._loaded, ["device", "model", "weights", "chat template", "options"])
        where = ["--space", "--start", "--tokens", "--dimensions", "targets", "regions"]
        take("search", lambda: _spanned(self.brief, there(lm)), ["scorer", "search", *where])
        self.told("planning")
        needs = ["scorer", "survey", "context", "--tokens", "--wordings", "--scorer", "--micro-batch", "--workers"]
        plan = take("memory", lambda: self._planned(there(lm)), needs)
        others = dict.fromkeys(one.check for one in self.steps.findings if one.state in ("problem", "not checked"))
        return take(
            "estimate",
            lambda: self._estimate(Trial(self.brief, there(lm), there(plan), own), together, price_per_hour),
            [*others, *needs],
        )

    def _lengths(self, lm: LanguageModel) -> Found[Sequence[Longest]]:
        questions, spec = self.brief.questions, self.spec
        return check_lengths(lm, list(longest_prompts(lm, questions, self.regions, spec.tokens, spec.shots)))

    def _loaded(self) -> Found[LanguageModel]:
        began = time.perf_counter()
        lm = self.load(self.spec.model)
        self._seconds += time.perf_counter() - began
        text = f"answers as the model's own forward pass does, {lm.abilities.gap:.1g} nats apart"
        return Found(lm, text, [note(lm)] if note(lm) else [])

    def _planned(self, lm: LanguageModel) -> Found[Plan]:
        questions, spec = self.brief.questions, self.spec
        began = time.perf_counter()
        plan = choose_plan(lm, lambda plan: questions.respondent(lm, "tuning", spec.tokens, plan).scorer, spec.scorer)
        self._seconds += time.perf_counter() - began
        need = questions.respondent(lm, "tuning", spec.tokens, plan).scorer.bytes_per_candidate
        side = f", {plan.workers} passes side by side" if plan.workers > 1 else ""
        return Found(
            plan,
            f"{readable(lm.taken)} for the weights, {readable(need)} for a candidate, {readable(lm.room)} left; plan: "
            f"{plan.kind}, {plan.micro_batch} at a time{side}",
        )

    def _estimate(self, trial: Trial, together: int, price_per_hour: float | None) -> Found[Estimate]:
        return Found(estimate(self.spec, trial.measure(together, self.told), self._seconds, price_per_hour))


def _described(shape: Outline) -> Found[Outline]:
    name, config = shape.spec.name, shape.config
    return Found(shape, f"{name}, {config.model_type}, {shape.parameters / 1e6:.1f}M parameters")


def _options(lm: LanguageModel) -> Found[tuple[int, ...]]:
    return Found(option_tokens(lm, "?"), f"{OPTIONS[0]} to {OPTIONS[-1]} are single tokens")


def _spanned(brief: Brief, lm: LanguageModel) -> Found[bool]:
    check_personas(brief.spec, lm, brief.table)
    space = brief.spec.space
    size = f" of {space.dimensions} dimensions" if space.dimensions else ""
    return Found(True, f"{', '.join(one.name for one in brief.spec.optimizers)} in the space {space.kind}{size}")


def _done(check: Callable[..., None], *given: object) -> Found[bool]:
    """Of a check that only refuses."""
    check(*given)
    return Found(True)
