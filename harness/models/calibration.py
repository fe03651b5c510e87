"""A fixed piece of work by which times are compared between moments and machines.

It is no part of what it is held against: a change of the scorer does not change it. Like a pass of a model it
multiplies matrices, works on what comes of that number by number, and asks Python for a little; like the scorer it
keeps as many threads busy. It takes about as long as the scorer keeps its threads before it hands them back, a tenth
of a second on two cores: a busy machine lets short work through at once and makes long work wait, and with a loop of
a hundredth of a second a candidate took 1.3 loops on an idle machine and 2.0 on a busy one (now 2.8 and 2.7).
"""

from __future__ import annotations

import time
from typing import Final

import torch

from harness.models.language_model import LanguageModel
from harness.models.process import side_by_side

_SHAPES: Final = {"cpu": (256, 256, 180), "cuda": (4096, 4096, 48)}
"""Rows, width and layers, by kind of device; another kind is taken for a GPU."""
_STEPS: Final = 200


def calibrate(lm: LanguageModel, workers: int = 1) -> float:
    """Seconds of the loop, done at once by as many workers as the scorer has.

    Args:
        lm: the model, of which only the device counts.
        workers: passes side by side on a CPU.
    """
    rows, width, layers = _SHAPES.get(lm.device.type, _SHAPES["cuda"])
    numbers = torch.arange(rows * width, device=lm.device, dtype=torch.float32).reshape(rows, width)
    given, weight = (numbers % 17) / 17, (numbers.T % 13) / (13 * width)
    _wait(lm.device)
    began = time.perf_counter()
    with side_by_side(workers) as each:
        list(each(lambda _: _work(given, weight, layers), range(workers)))
    _wait(lm.device)
    return time.perf_counter() - began


def _work(given: torch.Tensor, weight: torch.Tensor, layers: int) -> int:
    found, counted = given, 0
    with torch.inference_mode():
        for layer in range(layers):
            found = torch.softmax(torch.nn.functional.silu(found @ weight), dim=-1)
            counted += sum((layer + step) % 7 for step in range(_STEPS))
    return counted + found.ndim


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
