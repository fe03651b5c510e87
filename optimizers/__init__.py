"""Optimizers behind one ask/tell protocol; imported as `harness.optimizers`.

Importing this package loads no optimization library; each is imported when its optimizer is built.
"""

from harness.optimizers.catalog import CATALOG, ParameterRow, create, describe, load, names, parse_parameters
from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem

__all__ = [
    "CATALOG",
    "FloatArray",
    "Optimizer",
    "OptimizerParameters",
    "ParameterRow",
    "Problem",
    "create",
    "describe",
    "load",
    "names",
    "parse_parameters",
]
