"""Searches that wait at once: what they find and keep depends neither on how many do nor on who is answered first."""

import json
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness.executors.job import Finished, OneJob
from harness.executors.local import Local
from harness.records.journal import read_journal
from harness.tuning.dispatch import Dispatcher
from harness.tuning.ledger import Asked
from harness.tuning.query import Query


class Shuffled:
    """Answers jobs in any order, several at once, and wants so many of them."""

    def __init__(self, worker, seed, width):
        self.worker, self.width = worker, width
        self.random = random.Random(seed)
        self.waiting = []
        self.most = 0

    @property
    def hungry(self):
        return len(self.waiting) < self.width

    def submit(self, ticket, job, turn=0):
        parts = job.split(self.random.choice([1, 2, 5, 1000]))
        self.waiting.append((ticket, job, parts))
        self.most = max(self.most, len(self.waiting))

    def collect(self):
        self.random.shuffle(self.waiting)
        count = self.random.randint(1, len(self.waiting))
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return [Finished(ticket, job.join([part.do(self.worker) for part in parts])) for ticket, job, parts in taken]


def kept(bench, name):
    """What a journal holds, but for times and the order of streams."""
    lines = [line.entry for line in read_journal(bench.folder / name)]
    return sorted(json.dumps({key: one[key] for key in one if key not in ("check", "seconds")}) for one in lines)


SETTINGS = [
    {"optimizers": ("de", "random"), "seeds": 2, "share": False},
    {"optimizers": ("cma", "de"), "seeds": 2},
    {"optimizers": ("de", "random"), "seeds": 2, "response": "sample", "respondents": 20},
    {"optimizers": ("lshade", "spsa"), "share": False, "aggregate": "worst"},
]


@pytest.mark.parametrize("given_settings", SETTINGS, ids=str)
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**6), width=st.integers(1, 40))
def test_any_order_of_answers_gives_the_same(bench, fake_worker, given_settings, seed, width):
    spec = bench.spec(budget=18, rest=0.0, **given_settings)
    for name in ("one.jsonl", "any.jsonl"):
        (bench.folder / name).unlink(missing_ok=True)
    plain, tuning, respondent = bench.run(spec, name="one.jsonl")
    executor = Shuffled(fake_worker(), seed, width)
    rows, other, _ = bench.run(spec, name="any.jsonl", executor=executor)
    assert [row.vectors.tobytes() for row in rows] == [row.vectors.tobytes() for row in plain]
    assert [(row.loss, row.curve, row.evaluations, row.failed) for row in rows] == [
        (row.loss, row.curve, row.evaluations, row.failed) for row in plain
    ]
    assert kept(bench, "any.jsonl") == kept(bench, "one.jsonl")
    assert executor.worker.fake.asked == respondent.asked
    assert other.chronicle.evaluations == tuning.chronicle.evaluations
    # What was kept in that order is all that the run asks in another one.
    again, _, asked = bench.run(spec, name="any.jsonl")
    assert asked.asked == 0
    assert [row.vectors.tobytes() for row in again] == [row.vectors.tobytes() for row in plain]


def test_many_searches_wait_at_once_where_there_is_room_for_them(bench, fake_worker):
    spec = bench.spec(optimizers=("de", "random"), seeds=3, share=False, budget=20)
    wide, narrow = Shuffled(fake_worker(), 0, 9), Shuffled(fake_worker(), 0, 1)
    bench.run(spec, name="wide.jsonl", executor=wide)
    bench.run(spec, name="narrow.jsonl", executor=narrow)
    assert wide.most >= 9 and narrow.most == 1


def test_a_search_waits_for_the_one_that_has_their_first_sample_answered(bench, fake_worker):
    """Both begin before the sample is answered; it is asked once, as the first one's."""
    spec = bench.spec(optimizers=("de", "random"), budget=30, pool=20)
    bench.run(spec, executor=Shuffled(fake_worker(), 3, 40))
    owners = {
        line["optimizer"]
        for line in map(lambda line: line.entry, read_journal(bench.folder / "journal.jsonl"))
        if line["generations"][0][0] == ""
    }
    assert owners == {"de"}


class Word(OneJob):
    """Says a word."""

    def __init__(self, word):
        self.word = word

    def do(self, worker):
        worker.append(self.word)
        return {"word": self.word}


def query(word, read=lambda packed: packed["word"]):
    return Query(Asked({"phase": "words"}, np.zeros((0, 0)), word), Word(word), read)


def test_a_job_and_a_question_by_themselves():
    said = []
    dispatcher = Dispatcher(Local(said))
    assert dispatcher.do(Word("one")) == {"word": "one"}
    assert dispatcher.ask(query("two")) == "two"
    assert said == ["one", "two"]


def test_what_cannot_be_read_is_not_kept():
    class Ledger:
        def __init__(self):
            self.kept = []

        def recall(self, asked, read):
            return None

        def keep(self, asked, answers, seconds):
            self.kept.append(answers)

    def refuse(packed):
        raise ValueError("no")

    ledger = Ledger()
    with pytest.raises(ValueError, match="no"):
        Dispatcher(Local([]), ledger).ask(query("bad", refuse))
    assert ledger.kept == []
    Dispatcher(Local([]), ledger).ask(query("good"))
    assert ledger.kept == [{"word": "good"}]


def test_moments_in_which_several_answers_are_waited_for_count_once():
    clock = iter([0.0, 0.0, 5.0, 6.0, 6.0, 9.0])
    seconds = []

    class Ledger:
        def recall(self, asked, read):
            return None

        def keep(self, asked, answers, spent):
            seconds.append(spent)

    class Both(Local):
        hungry = True

        def collect(self):
            return [one for _ in range(len(self._waiting)) for one in super(Both, self).collect()]

    def search(*words):
        for word in words:
            yield query(word)

    Dispatcher(Both([]), Ledger(), lambda: next(clock)).run([search("a", "b"), search("c")])
    # Both asked at 0, answered at 5 and 6; b asked at 6 and answered at 9.
    assert sorted(seconds) == [1.0, 3.0, 5.0]


def test_searches_that_wait_for_each_other_are_a_bug_that_is_told():
    def stuck():
        while True:
            yield None

    with pytest.raises(RuntimeError, match="searches wait for each other"):
        Dispatcher(Local([])).run([stuck(), stuck()])


def test_few_searches_begin_while_others_wait_for_what_is_being_answered():
    class Hungry(Local):
        hungry = True

    known, alive, most = [], set(), []

    def search(number):
        alive.add(number)
        most.append(len(alive))
        if number == 0:
            yield query("sample")
            known.append(True)
        while not known:
            yield None
        yield query(f"of {number}")
        alive.remove(number)

    said = []
    Dispatcher(Hungry(said)).run(map(search, range(40)))
    assert len(said) == 41
    # The first asks, two wait for it; then all that are wanted begin.
    assert most[:3] == [1, 2, 3]
    assert said[:2] == ["sample", "of 0"]


def test_searches_that_are_behind_go_first():
    turns = []

    class Noting(Local):
        hungry = True

        def submit(self, ticket, job, turn=0):
            turns.append((job.word, turn))
            super().submit(ticket, job, turn)

    def search(*words):
        for word in words:
            yield query(word)

    Dispatcher(Noting([])).run([search("a", "b", "c"), search("d")])
    assert sorted(turns) == [("a", 0), ("b", 1), ("c", 2), ("d", 0)]
