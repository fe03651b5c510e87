"""What holds for every test: nothing is fetched, and Hypothesis has no clock."""

from __future__ import annotations

import os
import random

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


@pytest.fixture(scope="session")
def scrambled():
    """Damages bytes as chance would: `scrambled(raw, seed)`."""

    def scramble(raw, seed):
        """The bytes with some flipped, cut off, doubled, or garbage among them."""
        chance = random.Random(seed)
        found = bytearray(raw)
        for _ in range(chance.choice([1, 1, 2, 8])):
            at = chance.randrange(len(found) + 1)
            how = chance.choice(["flip", "cut", "insert", "double", "text"])
            if how == "flip" and at < len(found):
                found[at] ^= 1 << chance.randrange(8)
            elif how == "cut":
                del found[at : at + chance.choice([1, 7, len(found)])]
            elif how == "insert":
                found[at:at] = chance.randbytes(chance.choice([1, 3, 50]))
            elif how == "double":
                found[at:at] = found[max(0, at - 20) : at]
            elif how == "text":
                found[at:at] = chance.choice(
                    [b'"', b"\n", b",", b"[" * 300, b"9" * 5000, b"\\ud800", b"=", b"\0", b"nan"]
                )
        return bytes(found)

    return scramble
