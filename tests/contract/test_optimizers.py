"""Every optimizer of the catalog passes the contract; a new catalog line is tested without a line here."""

from __future__ import annotations

import pytest

from harness.optimizers import Optimizer, load, names
from harness.optimizers.contract import OptimizerContract


class TestCatalog(OptimizerContract):
    @pytest.fixture(params=names())
    def optimizer(self, request: pytest.FixtureRequest) -> type[Optimizer]:
        return load(request.param)
