"""Benchmarks run in a process made ready as the command line makes it."""

import pytest

from harness.models.process import settle


@pytest.fixture(scope="session", autouse=True)
def _settled():
    settle()
