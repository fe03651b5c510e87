"""A check on another instrument from its questions to its record."""

from __future__ import annotations

from harness.checks import transfer
from harness.checks.subject import Subject
from harness.models.language_model import gpu_name, threads
from harness.records.provenance import gather
from harness.records.transfer import Transfer
from harness.tasks.hofstede_vsm.regions import Region
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tasks.opinions.question import Instrument
from harness.tuning.identity import identity


def run(
    instrument: Instrument,
    file: str,
    subject: Subject,
    survey: Survey,
    region: Region | None,
    asked: transfer.Asked,
) -> Transfer:
    """Asks a subject, and the naive model beside it unless the subject is that.

    Args:
        instrument: whose questions are asked.
        file: that they come from.
        subject: who is checked.
        survey: whose words stand in front of a baseline's questions.
        region: whose published scores stand beside the dimensions, None for none.
        asked: those of its questions that are asked.
    """
    ours = transfer.ask(subject, subject.before(survey), asked)
    naive = Subject.baseline(subject.lm, survey, "naive", None)
    bare = subject.persona is None and not subject.demonstrations and not len(subject.prompt)
    plain = None if bare else transfer.ask(naive, naive.before(survey), asked)
    others = None if instrument.metric == "preference" else transfer.world(asked)
    named = [(subject.name, ours), ("naive", plain), ("world", others), ("uniform", transfer.uniform(asked))]
    own = region.name if region else ", ".join(asked.labels)
    return Transfer(
        benchmark=instrument.name,
        metric=instrument.metric,
        file=file,
        digest=instrument.digest,
        model=identity(subject.lm),
        subject=subject.name,
        region=region.code if region else None,
        labels=asked.labels,
        available=asked.available,
        questions=len(asked.questions),
        seed=asked.seed,
        left_out=instrument.left_out,
        answerers=tuple(transfer.answerer(who, asked, one) for who, one in named if one is not None),
        difference=transfer.difference(ours, plain),
        parts=tuple(transfer.parts(asked, ours, plain, region.published if region else {})),
        nearest=tuple(transfer.nearest(asked, ours, own)) if asked.labels else (),
        answers=tuple(transfer.answer_rows(asked, ours, plain)),
        provenance=gather(threads(), gpu_name(subject.lm)),
    )
