"""What holds for every test: nothing is fetched, and Hypothesis has no clock."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# Read when the libraries are imported, so before any test module is.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# A slow machine is no failure; the same examples everywhere keep a red test red.
settings.register_profile(
    "harness", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("harness")


@pytest.fixture(scope="session")
def lm():
    """The bundled respondent, loaded once; not to be changed."""
    from harness.models.language_model import ModelSpec
    from harness.models.loading import load

    return load(ModelSpec(device="cpu"))
