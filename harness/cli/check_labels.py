"""`harness check labels`: the indices when options carry other labels, or none."""

from __future__ import annotations

from harness.cli import asking, options, output, subjects


def labels(
    method: subjects.Method = None,
    prompt: subjects.Prompt = None,
    region: subjects.OneRegion = None,
    shots: options.Shots = 6,
    model: options.Model = "respondent",
    dtype: options.Dtype = "auto",
    device: options.Device = "auto",
    device_map: options.DeviceMap = None,
    trust_remote_code: options.TrustRemoteCode = False,
    memory_gb: options.MemoryGb = None,
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    out: options.OutFile = None,
    as_json: options.Json = False,
) -> None:
    """Ask the held-out wordings with options labelled 1 to 5, 5 to 1, A to E, E to A, and not at all.

    A model that answers the survey gives the same indices under all of them.
    """
    output.check_file(out)
    who = asking.Who(method, prompt, region, shots, survey, targets)
    spec = options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb)

    from rich.console import Console

    from harness.checks.labels import check_labels
    from harness.report.labels import labels_notes, labels_table

    with Console(stderr=True).status("loading", spinner="line") as status:
        asked = who.load(spec)
        result = check_labels(asked.subject, asked.survey, asked.region, status.update)
    asking.finish(result, [labels_table(result)], labels_notes(result), out, as_json)
