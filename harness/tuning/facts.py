"""What a record says of the questions and of the scores they are compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from harness.records.schema import SplitFacts, TargetFacts
from harness.tasks.hofstede_vsm.indices import DIMENSIONS
from harness.tasks.hofstede_vsm.prompts import SPLITS, Split, asked
from harness.tasks.hofstede_vsm.regions import Regions, scores
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.exam import by_dimension


def target_facts(table: Regions, codes: Sequence[str]) -> TargetFacts:
    """The published scores of some regions, and how all complete regions of the table differ."""
    whole = scores(table.complete)
    # Of one region there is no spread to tell.
    spread = whole.std(axis=0, ddof=1) if len(whole) > 1 else np.zeros(len(DIMENSIONS))
    return TargetFacts(
        scores={code: {name: table[code].published.get(name) for name in DIMENSIONS} for code in codes},
        spread=by_dimension(spread),
        mean=by_dimension(whole.mean(axis=0)),
    )


def split_facts(survey: Survey, wordings: int, instrument: Survey | None) -> dict[str, SplitFacts]:
    """What each split asks; "instrument" is the held-out split of the other questionnaire."""
    facts: dict[str, SplitFacts] = {split: _asked(survey, split, wordings) for split in SPLITS}
    shown = [item.wordings.demonstration for item in survey.items]
    facts["demonstration"] = SplitFacts(wordings=len(set(shown)), prompts=0, orders=(), digest=_digest(shown))
    if instrument is not None:
        facts["instrument"] = _asked(instrument, "heldout", wordings)
    return facts


def _asked(survey: Survey, split: Split, wordings: int) -> SplitFacts:
    rows = [row for item in survey.items for row in asked(item, split, wordings)]
    texts = list(dict.fromkeys(wording for wording, _ in rows))
    orders = tuple(dict.fromkeys(order for _, order in rows))
    return SplitFacts(wordings=len(texts), prompts=len(rows), orders=orders, digest=_digest(texts))


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()
