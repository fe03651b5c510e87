"""What the parts of a run ask of each other: each can be checked without the others, before anything is answered."""

from __future__ import annotations

from harness.errors import UsageError
from harness.models.language_model import LanguageModel
from harness.optimizers import load
from harness.tasks.hofstede_vsm.regions import Regions
from harness.tuning.candidates import Candidates
from harness.tuning.spec import REFERENCE, RunSpec


def check_dimensions(spec: RunSpec, width: int) -> None:
    """Refuses a space that an optimizer cannot search, or that is larger than the full one.

    Args:
        spec: the run.
        width: D, of an embedding.

    Raises:
        UsageError: it is too small or too large.
    """
    whole = spec.tokens * width
    dimensions = spec.space.dimensions or whole
    for optimizer in spec.optimizers:
        if dimensions < (fewest := load(optimizer.name).fewest_dimensions):
            raise UsageError(
                f"optimizer '{optimizer.name}' searches at least {fewest} dimensions, the space has {dimensions}: "
                f"give a larger one, such as --space subspace:{fewest}"
            )
    if dimensions > whole:
        raise UsageError(
            f"a subspace of {dimensions} dimensions: the full space has {whole}; give fewer, or --space full"
        )


def check_personas(spec: RunSpec, lm: LanguageModel, table: Regions) -> None:
    """Refuses a space of the personas that these do not span, or a start outside; other spaces pass.

    Raises:
        UsageError: they do not, or it lies outside.
    """
    if spec.space.kind != "personas":
        return
    check_start(spec)
    wanted, space = spec.space.dimensions, Candidates(spec, lm, table).space(0)
    if (there := len(space.lower)) < wanted:
        raise UsageError(
            f"--space personas:{wanted}: the persona sentences span {there} dimensions; give fewer, or --space full"
        )


def check_start(spec: RunSpec) -> None:
    """Refuses a start outside the space of the personas.

    Raises:
        UsageError: it lies outside.
    """
    if spec.space.kind == "personas" and spec.start != "persona":
        raise UsageError(
            f"--start {spec.start} with --space personas: vocabulary lies outside; give --space full or --start persona"
        )


def check_reference(spec: RunSpec) -> None:
    """Refuses settings that the gradient reference does not follow.

    Raises:
        UsageError: one is set.
    """
    if REFERENCE not in [one.name for one in spec.optimizers]:
        return
    usual = (("aggregate", "mean"), ("penalty", 0.0), ("response", "expected"))
    for name, value in usual:
        if (given := getattr(spec, name)) != value:
            raise UsageError(
                f"'{REFERENCE}' with --{name} {given}: it descends on the mean of expected answers alone; leave "
                "the flag out"
            )


def check_pool(spec: RunSpec) -> None:
    """Refuses a first sample that takes the whole budget.

    Raises:
        UsageError: it does.
    """
    group = 1 if not spec.share else len(spec.regions)
    if spec.pool >= spec.budget * group:
        raise UsageError(
            f"--pool {spec.pool}: a budget of {spec.budget * group} evaluations leaves nothing to search with; give "
            "fewer, or a larger --budget"
        )
