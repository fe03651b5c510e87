"""A run that goes on: from the specification that it was begun with, and the files where they are now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.run_settings import sources
from harness.errors import HarnessError, InputError, RunError, UsageError, one_line

if TYPE_CHECKING:
    from harness.cli.run_flags import RunFlags
    from harness.records.run_directory import Inputs, RunDirectory
    from harness.tuning.brief import Brief
    from harness.tuning.spec import RunSpec


def brief_of(directory: RunDirectory, survey: Path | None, targets: Path | None, trust_remote_code: bool) -> Brief:
    """What a run is that was begun, from its specification.

    Args:
        directory: of the run.
        survey: where its questionnaire is now, None for where it was.
        targets: where its targets are now, None for where they were.
        trust_remote_code: whether code that comes with the model may run, if the run was begun so.

    Raises:
        HarnessError: the run or a file is not what it was.
    """
    from harness.tasks.hofstede_vsm.targets import load_regions
    from harness.tuning.brief import Brief

    plain, inputs = directory.read_plain_spec(), directory.read_inputs()
    spec = read_spec(plain, directory)
    if spec.model.trust_remote_code and not trust_remote_code:
        raise UsageError(
            f"run '{directory.path}' was begun with --trust-remote-code, which runs code that comes with model "
            f"'{spec.model.name}': give the flag again if you trust it"
        )
    survey, targets = survey or inputs.survey, targets or inputs.targets
    questionnaire, other = options.questionnaires(survey, "heldout" if inputs.instrument else "tuned")
    table = load_regions(targets)
    now = sources(questionnaire, targets, table)
    found = {"survey": now["survey"], "targets": now["targets"], "instrument": other}
    for what, one in found.items():
        known = getattr(spec, what)
        if (known and known.digest) != (one and one.digest):
            raise InputError(
                f"run '{directory.path}' was begun with {what} '{known and known.name}' of digest "
                f"{(known.digest if known else 'none')[:15]}: here it has {(one.digest if one else 'none')[:15]}; give "
                f"the file it was begun with, or begin anew"
            )
    _check_folder(spec.model.name, inputs.folder)
    return Brief(spec, questionnaire, table, other)


def read_spec(plain: Any, directory: RunDirectory) -> RunSpec:
    """A specification from its JSON.

    Raises:
        RunError: it is none.
    """
    from pydantic import ValidationError

    from harness.tuning.spec import RunSpec

    try:
        return RunSpec.read(plain)
    except ValidationError as error:
        raise RunError(f"specification of run '{directory.path}': {one_line(error.errors())}") from error
    except (HarnessError, TypeError, KeyError, AttributeError) as error:
        raise RunError(f"specification of run '{directory.path}' cannot be read ({error})") from error


def inputs(flags: RunFlags) -> Inputs:
    """Where the files of a run stand."""
    return places(flags.survey, flags.targets, flags.instrument == "heldout")


def places(survey: Path | None, targets: Path | None, instrument: bool = False) -> Inputs:
    """Where files of the user's stand, with the folder in which the command is given."""
    from harness.records.run_directory import Inputs

    return Inputs(
        folder=Path.cwd(),
        survey=survey and survey.absolute(),
        targets=targets and targets.absolute(),
        instrument=instrument,
    )


def moved(inputs: Inputs, survey: Path | None, targets: Path | None) -> Inputs:
    """Where the files of a run stand, of which some have been moved; None for those that have not."""
    places = {"survey": survey and survey.absolute(), "targets": targets and targets.absolute()}
    return inputs.model_copy(update={name: path for name, path in places.items() if path})


def _check_folder(model: str, folder: Path) -> None:
    """A model's folder that was named from somewhere else is not found from here."""
    if not Path(model).is_absolute() and (folder / model).is_dir() and not Path(model).is_dir():
        raise UsageError(
            f"model '{model}' is a folder below '{folder}', where the run was begun: give the command there"
        )
