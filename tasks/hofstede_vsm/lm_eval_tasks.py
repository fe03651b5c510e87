"""Writes the lm-eval task of every complete region, and their group, from the table of regions.

Run it after regions.csv has changed: `python -m harness.tasks.hofstede_vsm.lm_eval_tasks`. What the tasks share stands
in lm_eval/_region.yaml, which is written by hand and is no task itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.targets import load_regions

FOLDER: Final = Path(__file__).with_name("lm_eval")
SHARED: Final = "_region.yaml"
GROUP: Final = "hofstede_vsm"
HEADING: Final = "# Written by `python -m harness.tasks.hofstede_vsm.lm_eval_tasks`: change that module, not this file."


def task_name(region: Region) -> str:
    """What lm-eval calls a region's task, for example "hofstede_vsm_usa"."""
    return f"{GROUP}_{region.code.lower().replace('-', '_')}"


def files(table: Regions) -> dict[str, str]:
    """The text of every file to be written, by its name."""
    written = {f"{task_name(region)}.yaml": _task(region) for region in table.complete}
    return {f"{GROUP}.yaml": _group(table), **written}


def outdated(table: Regions, folder: Path = FOLDER) -> list[str]:
    """Names of files that are missing, differ from what would be written, or belong to no region any more."""
    expected = files(table)
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml") if path.name != SHARED}
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def write(table: Regions, folder: Path = FOLDER) -> None:
    """Brings the files up to date; those of regions that are gone are removed."""
    expected = files(table)
    for name in outdated(table, folder):
        if name in expected:
            (folder / name).write_text(expected[name], encoding="utf-8")
        else:
            (folder / name).unlink()


def _task(region: Region) -> str:
    # Quoted, since YAML takes some bare words for truth values or numbers.
    return f'{HEADING}\ninclude: {SHARED}\ntask: {task_name(region)}\ndataset_kwargs:\n  region: "{region.code}"\n'


def _group(table: Regions) -> str:
    members = "".join(f"  - {task_name(region)}\n" for region in table.complete)
    return (
        f"{HEADING}\n# Every region counts the same: the mean distance is the headline error over all of them.\n"
        f"group: {GROUP}\ntask:\n{members}"
        "aggregate_metric_list:\n  - metric: distance\n    aggregation: mean\n    weight_by_size: false\n"
        "metadata:\n  version: 1.0\n"
    )


if __name__ == "__main__":
    write(load_regions())
