"""Answers as JSON and back, to the last digit; what is not a finite number comes back as NaN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import numpy as np

from harness.tasks.hofstede_vsm.indices import DIMENSIONS, ITEMS, Array
from harness.tuning.objective import Answers

_SHAPES: Final[Mapping[str, tuple[int, ...]]] = {
    "item_means": (ITEMS,),
    "option_mass": (),
    "order_gap": (len(DIMENSIONS),),
    "halves": (2, ITEMS),
    "entropy": (),
    "sampling_error": (len(DIMENSIONS),),
}
EVERYTHING: Final = tuple(field.name for field in fields(Answers))


def pack(answers: Answers, names: Sequence[str] = EVERYTHING) -> dict[str, Any]:
    """Some of the arrays of P respondents as nested lists, None for numbers that are not finite."""
    return {name: _plain(getattr(answers, name)) for name in names}


def unpack(packed: Mapping[str, Any], count: int) -> Answers:
    """The answers of `count` respondents; arrays that were not packed are NaN throughout.

    Raises:
        ValueError: an array is not of the shape that so many respondents have, or item means are not there.
    """
    if packed.get("item_means") is None:
        raise ValueError(f"answers of {', '.join(packed)}: expected item_means")
    return Answers(*(_array(packed.get(name), (count, *_SHAPES[name]), name) for name in EVERYTHING))


def _plain(values: Array) -> Any:
    if np.isfinite(values).all():
        return values.tolist()
    objects = values.astype(object)
    objects[~np.isfinite(values)] = None
    return objects.tolist()


def _array(values: Any, shape: tuple[int, ...], name: str) -> Array:
    if values is None:
        return np.full(shape, np.nan)
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} of shape {array.shape}: expected {shape}")
    return array
