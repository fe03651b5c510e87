"""Names of regions, where a run's targets are the bundled ones."""

from __future__ import annotations

from collections.abc import Iterable

from harness.records.schema import Record
from harness.tasks.hofstede_vsm.targets import load_regions


def names(records: Iterable[Record]) -> dict[str, str]:
    """By code; regions of other targets have no name here, since a code may mean another region there."""
    table = load_regions()
    targets = [record.spec.get("targets") for record in records]
    if not targets or not all(isinstance(one, dict) and one.get("digest") == table.digest for one in targets):
        return {}
    return {region.code: region.name for region in table.rows}
