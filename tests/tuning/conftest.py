from contextlib import nullcontext

import numpy as np
import pytest

from harness.executors.local import Local
from harness.models.language_model import ModelSpec
from harness.models.scorer import Plan
from harness.optimizers import parse_parameters
from harness.records.journal import Journal, read_journal
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.candidates import Layout, grounds
from harness.tuning.dispatch import Dispatcher
from harness.tuning.groups import groups
from harness.tuning.ledger import Kept
from harness.tuning.loop import Tuning
from harness.tuning.objective import Answers
from harness.tuning.space import FullSpace
from harness.tuning.spec import OptimizerSpec, RunSpec, Source, generator

TOKENS, WIDTH = 2, 8


class FakeRespondent:
    """Answers by a fixed smooth map from the soft prompt to 24 item means; counts what it is asked."""

    def __init__(self, fail=lambda prompt: False):
        self._map = np.random.default_rng(7).normal(0.0, 0.15, (TOKENS * WIDTH, 24))
        self._fail = fail
        self.asked = 0

    def answer(self, prompts, draws=()):
        self.asked += len(prompts)
        # One by one: a product of several rows at once has other last digits.
        logits = [prompt.reshape(-1).astype(np.float64) @ self._map for prompt in prompts]
        means = 3.0 + 1.9 * np.tanh(np.array(logits).reshape(len(prompts), 24))
        means[[bool(self._fail(prompt)) for prompt in prompts]] = np.nan
        count, halves = len(prompts), np.stack([means, means], axis=1)
        return Answers(means, np.ones(count), np.zeros((count, 6)), halves, np.ones(count), np.zeros((count, 6)))


class FakeWorker:
    """Has a fake respondent in the model's place."""

    def __init__(self, fake):
        self.fake = fake

    def respondent(self, split, tokens, plan):
        return self.fake

    def answering(self, candidates):
        return nullcontext()


class Bench:
    """A tuning without a model: everything else is real."""

    def __init__(self, folder):
        self.folder = folder
        self.table = load_regions()
        self.space = FullSpace(np.zeros(WIDTH), np.ones(WIDTH), TOKENS, 3.0)
        self.progress = []

    def spec(self, regions="USA,CHN,IND", optimizers=("de",), **settings):
        chosen = self.table.select(regions)
        return RunSpec(
            model=ModelSpec(),
            survey=Source(name="test", digest="0"),
            targets=Source(name="test", digest="0"),
            regions=tuple(region.code for region in chosen),
            optimizers=tuple(OptimizerSpec(name=n, parameters=parse_parameters(n, {})) for n in optimizers),
            **settings,
        )

    def run(self, spec, respondent=None, name="journal.jsonl", executor=None):
        respondent = respondent or FakeRespondent()
        regions = tuple(self.table[code] for code in spec.regions)
        journal = Journal(self.folder / name)
        self.ledger = Kept(journal, journal.lines)
        layouts = {
            seed: Layout(
                self.space,
                {
                    label: generator(seed, "sample", label).uniform(
                        -1, 1, (spec.pool_size(len(members)), TOKENS * WIDTH)
                    )
                    for label, members in groups(spec, regions)
                },
            )
            for seed in spec.repetitions
        }
        with journal:
            tuning = Tuning(spec, grounds(spec, layouts, Plan(kind="packed")), self.progress.append)
            searches = [
                search
                for optimizer in spec.optimizers
                for seed in spec.repetitions
                for search in tuning.searches(optimizer, seed, regions)
            ]
            executor = executor or Local(FakeWorker(respondent))
            rows = [row for part in Dispatcher(executor, self.ledger).run(searches) for row in part]
        return rows, tuning, respondent

    def entries(self, name="journal.jsonl"):
        """The lines of the journal."""
        return [line.entry for line in read_journal(self.folder / name)]

    def generations(self, name="journal.jsonl"):
        """What the journal holds of each generation: only candidates that were not known before."""
        found = []
        for line in read_journal(self.folder / name):
            begin = 0
            for region, generation, count in line.entry["generations"]:
                rows = slice(begin, begin + count)
                answers = {key: value[rows] for key, value in line.entry["answers"].items()}
                again = line.entry.get("again", False)
                found.append({"region": region, "generation": generation, "again": again, **answers})
                begin += count
            assert begin == len(line.entry["answers"]["item_means"])
        return found


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.fixture
def fake_respondent():
    return FakeRespondent


@pytest.fixture
def fake_worker():
    return lambda: FakeWorker(FakeRespondent())
