"""Who is checked: the model behind a baseline's words, or behind a soft prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.models.language_model import LanguageModel
from harness.tasks.hofstede_vsm.demonstrations import DEFAULT_SHOTS, demonstrations
from harness.tasks.hofstede_vsm.prompts import Demonstration, preamble
from harness.tasks.hofstede_vsm.regions import Region
from harness.tasks.hofstede_vsm.survey import Survey

ASKED: Final = ("naive", "persona", "icl")
"""Baselines that ask the model."""


@dataclass(frozen=True)
class Subject:
    """A model with what stands in front of its questions.

    Attributes:
        name: of the method, or the folder of the soft prompt.
        persona: the region's name that the prompt names, None for none.
        demonstrations: solved questions shown first.
        prompt: (V, D) soft prompt; V is 0 without one.
    """

    lm: LanguageModel
    name: str
    persona: str | None
    demonstrations: tuple[Demonstration, ...]
    prompt: NDArray[np.float32]

    @staticmethod
    def baseline(
        lm: LanguageModel, survey: Survey, method: str, region: Region | None, shots: int = DEFAULT_SHOTS
    ) -> Subject:
        """One of `ASKED`; all but naive name `region`.

        Raises:
            ValueError: the method is none of them, or needs a region.
        """
        if method not in ASKED or (region is None and method != "naive"):
            raise ValueError(f"method {method!r} for region {region}: expected one of {ASKED}, with a region")
        none = np.zeros((0, lm.width), dtype=np.float32)
        if method == "naive" or region is None:
            return Subject(lm, method, None, (), none)
        shown = demonstrations(survey, region, shots) if method == "icl" else ()
        return Subject(lm, method, region.name, shown, none)

    @staticmethod
    def tuned(lm: LanguageModel, name: str, prompt: NDArray[np.float32]) -> Subject:
        """The naive text behind a soft prompt (V, D)."""
        return Subject(lm, name, None, (), prompt)

    def before(self, survey: Survey) -> str:
        """What stands before the instruction in every user turn."""
        return preamble(survey, self.persona, self.demonstrations)
