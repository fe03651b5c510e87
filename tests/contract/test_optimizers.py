"""Every optimizer of the catalog passes the contract; a new catalog line is tested without a line here."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from harness.optimizers import Optimizer, load, names
from harness.optimizers.cma_es import CMAES, CMAESParameters
from harness.optimizers.contract import OptimizerContract


class TestCatalog(OptimizerContract):
    @pytest.fixture(params=names())
    def optimizer(self, request: pytest.FixtureRequest) -> type[Optimizer]:
        return load(request.param)


class TestLimitedCovariance(OptimizerContract):
    """Another sampler and another step size rule of pycma."""

    @pytest.fixture
    def optimizer(self) -> type[Optimizer]:
        class Limited(CMAESParameters):
            covariance: Literal["auto", "full", "diagonal", "limited"] = Field(default="limited", description="limited")

        return type("Limited", (CMAES,), {"Parameters": Limited})
