"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.errors import InputError, UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.models.language_model import LanguageModel, ModelSpec
    from harness.models.planning import ScorerSpec
    from harness.tasks.hofstede_vsm.responses import Asking
    from harness.tasks.hofstede_vsm.survey import Survey

DTYPES = ("auto", "float32", "bfloat16", "float16")

Model = Annotated[
    str,
    typer.Option("--model", help="respondent, a folder, a hub id, or random:GEOMETRY.", rich_help_panel="Model"),
]
Dtype = Annotated[
    str,
    typer.Option("--dtype", help="auto, float32, bfloat16 or float16.", rich_help_panel="Model"),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.", rich_help_panel="Model")]
DeviceMap = Annotated[
    str | None,
    typer.Option("--device-map", help="Spread one model over devices: auto, balanced.", rich_help_panel="Model"),
]
TrustRemoteCode = Annotated[
    bool,
    typer.Option("--trust-remote-code", help="Run code that comes with the model.", rich_help_panel="Model"),
]
MemoryGb = Annotated[
    float | None,
    typer.Option(
        "--memory-gb",
        help="Memory for weights and scoring, beside Python's own; by default four fifths of what is free.",
        rich_help_panel="Model",
    ),
]
ScorerKind = Annotated[
    str,
    typer.Option(
        "--scorer",
        help="packed: one row of distinct tokens; branches: a cached prefix and padded rows; auto measures.",
        rich_help_panel="Model",
    ),
]
MicroBatch = Annotated[
    int,
    typer.Option(
        "--micro-batch", help="Candidates in one pass; 0 is one on a CPU, else measured.", rich_help_panel="Model"
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        help="Passes side by side on a CPU, 0 for one per thread; with --executor ray its workers, 0 for all that fit.",
        rich_help_panel="Model",
    ),
]
Preset = Annotated[str | None, typer.Option("--preset", help="ci, quick or full; see 'harness ls presets'.")]
Config = Annotated[
    Path | None, typer.Option("--config", help="Settings in TOML; flags go before them, they before the preset.")
]
Region = Annotated[str, typer.Option("--region", help="all, core, or codes such as USA,CHN.")]
Space = Annotated[
    str,
    typer.Option(
        "--space",
        help="personas: the directions in which persona sentences differ; personas:D, subspace:D or full.",
        rich_help_panel="Search",
    ),
]
Box = Annotated[
    float,
    typer.Option("--box", help="Half width of the box in standard deviations; 0 chooses.", rich_help_panel="Search"),
]
Block = Annotated[
    int,
    typer.Option(
        "--block",
        help="Regions that share whose generations are answered in one go: more keep more workers busy.",
        rich_help_panel="Search",
    ),
]
Rest = Annotated[
    float,
    typer.Option("--rest", help="Tuned error at which a region's search ends.", rich_help_panel="Search"),
]
Aggregate = Annotated[
    str,
    typer.Option("--aggregate", help="Loss over the tuning wordings: mean or worst.", rich_help_panel="Search"),
]
Penalty = Annotated[
    float,
    typer.Option("--penalty", help="Index points per unit of a candidate's size.", rich_help_panel="Search"),
]
Finalists = Annotated[
    int,
    typer.Option(
        "--finalists", help="Candidates among which the validation wording chooses.", rich_help_panel="Search"
    ),
]
SurveyFile = Annotated[
    Path | None, typer.Option("--survey", help="Your own questionnaire, TOML like items.toml.", rich_help_panel="Data")
]
TargetsFile = Annotated[
    Path | None, typer.Option("--targets", help="Your own published scores, CSV.", rich_help_panel="Data")
]
Instrument = Annotated[
    str,
    typer.Option(
        "--instrument",
        help="tuned: --survey is tuned on and scored; heldout: it is scored beside the bundled one, never tuned on.",
        rich_help_panel="Data",
    ),
]
Response = Annotated[
    str,
    typer.Option(
        "--response",
        help="expected: the expected answer; sample: the mean of simulated respondents; greedy: the likeliest option.",
        rich_help_panel="Answers",
    ),
]
Respondents = Annotated[
    int,
    typer.Option("--respondents", help="Size of a sample, even; with --response sample.", rich_help_panel="Answers"),
]
Shots = Annotated[int, typer.Option("--shots", help="Demonstrations of the icl baseline, 0 to 24.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.", rich_help_panel="Output")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output.", rich_help_panel="Output")]
OutFile = Annotated[Path | None, typer.Option("--out", help="File for the JSON.", rich_help_panel="Output")]
RUNS = Path("results/runs")
INSTRUMENTS = ("tuned", "heldout")
MOST = 2**31 - 1


def model_spec(
    name: str,
    dtype: str,
    device: str,
    device_map: str | None = None,
    trust_remote_code: bool = False,
    memory_gb: float | None = None,
) -> ModelSpec:
    """Builds the model's spec from flags.

    Raises:
        UsageError: the dtype is unknown, or the memory is not a positive number.
    """
    from harness.models.language_model import ModelSpec

    if dtype not in DTYPES:
        raise unknown_choice("dtype", dtype, DTYPES, "give --dtype one of them")
    if memory_gb is not None and not 0 < memory_gb < float("inf"):
        raise UsageError(f"--memory-gb {memory_gb:g}: expected a positive number of GB, such as 16")
    return ModelSpec.model_validate(
        {
            "name": name,
            "dtype": dtype,
            "device": device,
            "device_map": device_map,
            "trust_remote_code": trust_remote_code,
            "memory_gb": memory_gb,
        }
    )


def scorer_spec(kind: str, micro_batch: int, workers: int) -> ScorerSpec:
    """Builds the scorer's spec from flags.

    Raises:
        UsageError: the engine is unknown, or a number is out of range.
    """
    from harness.models.planning import CHOICES, MOST_AT_ONCE, ScorerSpec

    if kind not in CHOICES:
        raise unknown_choice("scorer", kind, CHOICES, "give --scorer one of them")
    whole("--micro-batch", micro_batch, 0, MOST_AT_ONCE)
    whole("--workers", workers, 0, MOST_AT_ONCE)
    return ScorerSpec.model_validate({"kind": kind, "micro_batch": micro_batch, "workers": workers})


def questionnaires(survey: Path | None, instrument: str) -> tuple[Survey, Survey | None]:
    """The survey that is tuned on and scored, and another one that is scored alone, if there is one.

    Raises:
        UsageError: the role is unknown, or a held-out instrument is not given.
        InputError: a survey is wrong, or the held-out one repeats wordings of the other.
    """
    from harness.tasks.hofstede_vsm.survey import load_survey, shared_wordings

    if instrument not in INSTRUMENTS:
        raise unknown_choice("instrument", instrument, INSTRUMENTS, "give --instrument one of them")
    if instrument == "tuned":
        return load_survey(survey), None
    if survey is None:
        raise UsageError("--instrument heldout: expected its file with --survey FILE, TOML like items.toml")
    bundled, other = load_survey(), load_survey(survey)
    if shared := shared_wordings(bundled, other):
        more = f", and {len(shared) - 1} more" if len(shared) > 1 else ""
        raise InputError(
            f"survey '{survey}' as a held-out instrument: {shared[0]} of the survey that is tuned on{more}; give other "
            "wordings"
        )
    return bundled, other


def asking(response: str, respondents: int, wordings: int = 2) -> Asking:
    """Builds how questions are asked from flags.

    Raises:
        UsageError: one is out of its range.
    """
    from harness.tasks.hofstede_vsm.responses import MOST_RESPONDENTS, RESPONSES, Asking

    found = next((name for name in RESPONSES if name == response), None)
    if found is None:
        raise unknown_choice("response", response, RESPONSES, "give --response one of them")
    whole("--respondents", respondents, 2, MOST_RESPONDENTS)
    if respondents % 2:
        raise UsageError(f"--respondents {respondents}: expected an even number; half are asked in each option order")
    if wordings not in (1, 2):
        raise UsageError(f"--wordings {wordings}: expected 1 or 2")
    return Asking(found, respondents, 1 if wordings == 1 else 2)


def load_quietly(spec: ModelSpec) -> LanguageModel:
    """Loads a model without the loader's own progress bars and remarks, in a process made ready to score with it."""
    from harness.models.loading import load, quiet_libraries
    from harness.models.process import settle

    settle()
    quiet_libraries()
    return load(spec)


def whole(flag: str, value: int, lowest: int, highest: int = MOST) -> None:
    """Checks a whole number.

    Raises:
        UsageError: it is not within `lowest` and `highest`.
    """
    if not lowest <= value <= highest:
        limits = f"at least {lowest}" if value < lowest else f"at most {highest}"
        raise UsageError(f"{flag} {str(value)[:40]}: expected {limits}")
