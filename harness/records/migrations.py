"""The steps from one schema version to the next: pure functions on JSON values.

A step states what the older version meant by what it left out, so that a later default cannot change old results. It
makes up no figure: what was not recorded becomes null. It leaves alone what is damaged, for the schema to refuse.

Older versions are never written again, so a step that has been released is not edited; docs/records.md says how to add
one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Document = Mapping[str, Any]


def record_1_to_2(document: Document) -> dict[str, Any]:
    """Version 1 grew while it was version 1; version 2 has all of that, and `provenance.earlier`.

    Two settings take the value that held for all runs before they could be others: the best candidate was the
    finalist, and reports drew their intervals from seed 20130. The first records that say how the model was asked do
    not say how far its answers were from its own forward pass: that `gap` is null. The rest is as version 1 defines it
    where absent.
    """
    return {
        **_filled(document, scorer=None, targets=None, splits={}, bootstrap_seed=20130),
        "schema_version": 2,
        **_changed(document, "scorer", lambda scorer: _filled(scorer, gap=None)),
        **_changed(document, "model", lambda model: _filled(model, note="")),
        **_changed(document, "provenance", _with_earlier),
        **_changed(document, "methods", lambda methods: _each(methods, _method_1_to_2)),
    }


def record_2_to_3(document: Document) -> dict[str, Any]:
    """Version 3 has `execution`; before that, the process that ran a run answered all of it."""
    return {**_filled(document, execution=None), "schema_version": 3}


def contest_1_to_2(document: Document) -> dict[str, Any]:
    """Version 2 has `earlier` in each provenance; empty, for a contest names every process by itself."""
    return {
        **_filled(document, references={}, missing={}),
        "schema_version": 2,
        **_changed(document, "spec", lambda spec: _filled(spec, title="")),
        **_changed(document, "model", lambda model: _filled(model, note="")),
        **_changed(document, "provenance", lambda processes: _each(processes, _with_earlier)),
        **_changed(document, "cells", lambda cells: _each(cells, _cell_1_to_2)),
    }


def first_version(document: Document) -> dict[str, Any]:
    """From before a check or a benchmark carried a version: the same, with `provenance.earlier`."""
    return {
        **document,
        "schema_version": 1,
        **_changed(document, "model", lambda model: _filled(model, note="")),
        **_changed(document, "provenance", _with_earlier),
    }


def _method_1_to_2(method: Any) -> Any:
    return {**method, **_changed(method, "results", lambda results: _each(results, _result_1_to_2))}


def _result_1_to_2(result: Any) -> Any:
    return _filled(
        result,
        option_mass=None,
        order_gap=None,
        seed=None,
        adapter=None,
        curve=[],
        failed=0,
        mae_validation=None,
        finalist=0,
        missing=[],
        entropy=None,
        sampling_error=None,
        source=None,
        mae_instrument=None,
        indices_instrument=None,
    )


def _cell_1_to_2(cell: Any) -> Any:
    return _filled(cell, option_mass=None, failed=0)


def _with_earlier(provenance: Any) -> Any:
    return _filled(provenance, earlier=[])


def _filled(value: Any, **absent: Any) -> Any:
    """The object with the keys that it lacks; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    return {**value, **{key: default for key, default in absent.items() if key not in value}}


def _changed(document: Document, key: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    """One key with its new value; nothing where the document lacks it."""
    return {key: change(document[key])} if key in document else {}


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The list with every object in it changed; anything else as it is."""
    if not isinstance(value, list):
        return value
    return [change(one) if isinstance(one, Mapping) else one for one in value]
