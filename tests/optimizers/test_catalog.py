from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from harness.errors import UsageError
from harness.optimizers import CATALOG, create, describe, load, names, parse_parameters
from harness.optimizers.contract import box
from harness.optimizers.differential_evolution import DifferentialEvolutionParameters

SEE = "see 'harness ls optimizers'"


def test_names() -> None:
    assert names() == ("cma", "de", "lshade", "pso", "random", "spsa")
    assert [load(name).name for name in names()] == list(names())
    with pytest.raises(TypeError):
        CATALOG["mine"] = "mine:Mine"  # type: ignore[index]


def test_unknown_optimizer() -> None:
    with pytest.raises(UsageError) as caught:
        load("dee")
    assert (
        str(caught.value)
        == f"unknown optimizer 'dee': expected one of de, lshade, gradient, random, cma, pso, spsa; {SEE}"
    )


def test_parses_text_and_typed_values() -> None:
    expected = DifferentialEvolutionParameters(popsize=8, F=0.5, jitter=True, variant="rand/1/exp")
    text = {"popsize": "8", "F": "0.5", "jitter": "true", "variant": "rand/1/exp"}
    assert parse_parameters("de", text) == expected
    assert parse_parameters("de", {"popsize": 8, "F": 0.5, "jitter": True, "variant": "rand/1/exp"}) == expected
    assert parse_parameters("de", {}) == DifferentialEvolutionParameters()


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("de", {"F": "3"}, "F is '3', expected float with 0 < F <= 2"),
        ("de", {"F": "nan"}, "F is 'nan', expected float with 0 < F <= 2"),
        ("de", {"F": "half"}, "F is 'half', expected float with 0 < F <= 2"),
        ("de", {"popsize": "16.5"}, "popsize is '16.5', expected int with 0 <= popsize <= 4096"),
        ("de", {"jitter": "maybe"}, "jitter is 'maybe', expected true or false"),
        (
            "de",
            {"popsize": "5", "variant": "best/2/bin"},
            "popsize 5 with variant best/2/bin: expected 0 or at least 6; raise popsize or take one difference",
        ),
        (
            "de",
            {"F": "3", "CR": "2"},
            "F is '3', expected float with 0 < F <= 2; CR is '2', expected float with 0 <= CR <= 1",
        ),
        ("cma", {"popsize": "2"}, "popsize is '2', expected 0 or at least 4"),
    ],
)
def test_unusable_values_become_one_line(name: str, settings: dict[str, str], reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_parameters(name, settings)
    assert str(caught.value) == f"unusable settings of optimizer '{name}': {reason}; {SEE}"


def test_unusable_choice_lists_the_choices() -> None:
    with pytest.raises(UsageError, match=r"variant is 'best', expected one of best/solved/bin, .*exp; see") as caught:
        parse_parameters("de", {"variant": "best"})
    assert "\n" not in str(caught.value)


def test_unknown_parameter_shows_the_closest_first() -> None:
    with pytest.raises(UsageError) as caught:
        parse_parameters("de", {"pop_size": "8", "F": "9"})
    closest = "popsize, noise, crossover, donors, jitter, difference, trials, variant"
    message = f"unknown de parameter 'pop_size': expected one of {closest} and 4 more; {SEE}"
    assert str(caught.value) == message


def test_describe() -> None:
    rows = [(row.parameter, row.type, row.range, row.default) for row in describe("de")]
    assert rows == [
        ("popsize", "int", "0 <= popsize <= 4096", "0"),
        (
            "variant",
            "choice",
            "best/solved/bin, best/1/bin, best/1/exp, best/2/bin, best/2/exp, rand/1/bin, rand/1/exp, rand/2/bin, "
            "rand/2/exp, target-to-best/1/bin, target-to-best/1/exp, target-to-best/2/bin, target-to-best/2/exp",
            "best/solved/bin",
        ),
        ("F", "float", "0 < F <= 2", "0.7"),
        ("CR", "float", "0 <= CR <= 1", "0.9"),
        ("control", "choice", "fixed, jde", "fixed"),
        ("donors", "int", "2 <= donors <= 1024", "24"),
        ("trials", "int", "1 <= trials <= 4096", "3"),
        ("noise", "float", "0 <= noise <= 10", "0.2"),
        ("difference", "float", "0 <= difference <= 10", "0.3"),
        ("crossover", "float", "0 <= crossover <= 1", "1.0"),
        ("jitter", "bool", "true or false", "false"),
        ("mutation", "float", "0 <= mutation <= 1", "0.0"),
    ]
    assert [row.parameter for row in describe("cma")] == ["popsize", "sigma0", "covariance", "diagonal_above"]
    assert [row.parameter for row in describe("random")] == ["batch"]
    assert all(row.description for name in names() for row in describe(name))


def test_defaults_read_back() -> None:
    for name in names():
        shown = {row.parameter: row.default for row in describe(name)}
        assert parse_parameters(name, shown) == load(name).Parameters()


def test_create() -> None:
    optimizer = create("random", box(2), parse_parameters("random", {"batch": "3"}), np.random.default_rng(0))
    assert optimizer.ask().shape == (3, 2)
    with pytest.raises(TypeError, match="expected DifferentialEvolutionParameters"):
        create("de", box(2), parse_parameters("random", {}), np.random.default_rng(0))


def test_listing_loads_no_library() -> None:
    code = (
        "import sys; from harness.optimizers import describe, names; [describe(name) for name in names()]; "
        "print(sorted({'pymoo', 'cma', 'matplotlib', 'pytest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
