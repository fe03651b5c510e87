import threading

import torch

from harness.models import calibration
from harness.models.calibration import calibrate


def test_every_worker_does_the_whole_loop_at_once(lm, monkeypatch):
    work, seen, together = calibration._work, [], threading.Barrier(3, timeout=20)

    def counted(*arguments):
        together.wait()
        seen.append(threading.get_ident())
        return work(*arguments)

    monkeypatch.setattr(calibration, "_work", counted)
    threads = torch.get_num_threads()
    assert calibrate(lm, workers=3) > 0
    assert len(set(seen)) == 3
    assert torch.get_num_threads() == threads


def test_the_loop_does_not_touch_the_model(lm, monkeypatch):
    monkeypatch.setattr(type(lm.model), "forward", None)
    assert calibrate(lm) > 0


def test_it_is_the_same_work_each_time(lm):
    rows, width, layers = calibration._SHAPES["cpu"]
    given = torch.ones(rows, width)
    weight = torch.ones(width, width) / width
    assert calibration._work(given, weight, layers) == calibration._work(given, weight, layers)
