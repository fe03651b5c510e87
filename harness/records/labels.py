"""The schema of the check of labels: the same survey under other labels of its options."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records.asked import AskedCheck


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SchemeRow(_Frozen):
    """What was answered under one scheme of labels, on the held-out wordings in both option orders.

    Attributes:
        scheme: its name.
        indices: index points by dimension, from the expected answers.
        mae: mean absolute error against the region's scores, index points; None without a region.
        order_gap: index under forward minus index under reversed option order, by dimension.
        mean_order_gap: mean of its absolute values.
        option_mass: probability on the five answers, mean over the prompts.
        lowest_mass: the same for the prompt where it is lowest.
        difference: mean absolute difference of the indices from those of the scheme 1-5, index points.
        agreement: share of the prompts whose most probable answer, on the item's own scale, is that of 1-5.
    """

    scheme: str
    indices: dict[str, float]
    mae: float | None
    order_gap: dict[str, float]
    mean_order_gap: float
    option_mass: float
    lowest_mass: float
    difference: float
    agreement: float


class LabelsCheck(AskedCheck):
    """A model's answers under every scheme of labels.

    Attributes:
        rows: in the order of the schemes, those that were asked.
        missing: reasons by scheme why others were not.
        threshold: option mass below which a row is no answer to the survey.
    """

    check: Literal["labels"] = "labels"
    rows: tuple[SchemeRow, ...]
    missing: dict[str, str]
    threshold: float
