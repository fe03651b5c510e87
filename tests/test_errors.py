from __future__ import annotations

import inspect
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError, field_validator

from harness import errors
from harness.errors import (
    HarnessError,
    InputError,
    ModelError,
    ResumeError,
    RunError,
    UsageError,
    closest_first,
    one_line,
    unknown_choice,
)

CLASSES = {
    name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and kind.__module__ == errors.__name__
}


def test_the_tree() -> None:
    assert set(CLASSES) == {"HarnessError", "UsageError", "InputError", "ModelError", "RunError", "ResumeError"}
    assert ResumeError.__bases__ == (RunError,)
    for kind in (UsageError, InputError, ModelError, RunError):
        assert kind.__bases__ == (HarnessError,)
        assert isinstance(kind("text"), Exception)
    # An except clause for a mistake of ours must not catch one of the user's, nor the other way round.
    assert HarnessError.__bases__ == (Exception,)


def test_the_docstring_draws_the_tree() -> None:
    assert all(name in (errors.__doc__ or "") for name in CLASSES)
    assert all(kind.__doc__ for kind in CLASSES.values())


@pytest.mark.parametrize(
    ("value", "choices", "first"),
    [
        ("cam", ["de", "random", "cma"], "cma"),
        ("DE", ["cma", "random", "de"], "de"),
        ("randm", ["de", "cma", "random"], "random"),
        ("usa", ["CHN", "USA", "AUS"], "USA"),
        ("", ["b", "a"], "b"),
    ],
)
def test_closest_first(value: str, choices: list[str], first: str) -> None:
    assert closest_first(value, choices)[0] == first


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=6))
def test_closest_first_loses_nothing(value: str, choices: list[str]) -> None:
    assert sorted(closest_first(value, choices)) == sorted(choices)
    assert closest_first(value, iter(choices)) == closest_first(value, choices)


def test_equally_close_choices_keep_their_order() -> None:
    assert closest_first("x", ["c", "a", "b"]) == ["c", "a", "b"]


def test_unknown_choice() -> None:
    error = unknown_choice("optimizer", "cmaes", ["de", "random", "cma"], "see 'harness ls optimizers'")
    assert isinstance(error, UsageError)
    assert str(error) == ("unknown optimizer 'cmaes': expected one of cma, de, random; see 'harness ls optimizers'")


@pytest.mark.parametrize(("count", "more"), [(1, ""), (8, ""), (9, " and 1 more"), (30, " and 22 more")])
def test_unknown_choice_shows_eight(count: int, more: str) -> None:
    message = str(unknown_choice("model", "n", [f"n{i:02}" for i in range(count)], "do this"))
    listed = ", ".join(f"n{i:02}" for i in range(min(count, 8)))
    assert message == f"unknown model 'n': expected one of {listed}{more}; do this"


class Inner(BaseModel):
    number: Annotated[int, Field(ge=1)]


class Outer(BaseModel):
    inner: list[Inner]
    word: str = "x"

    @field_validator("word")
    @classmethod
    def _short(cls, word: str) -> str:
        if len(word) > 3:
            raise ValueError("expected at most three letters")
        return word


def problems(content: Any) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(content)
    return list(caught.value.errors())


def test_one_line_names_place_reason_and_value() -> None:
    assert one_line(problems({"inner": [{"number": 1}, {"number": 0}]})) == (
        "inner.1.number: Input should be greater than or equal to 1 (got 0)"
    )


def test_one_line_says_what_our_own_checks_say() -> None:
    assert one_line(problems({"inner": [], "word": "long"})) == "word: expected at most three letters (got 'long')"


def test_one_line_joins_a_few_and_counts_the_rest() -> None:
    found = problems({"inner": [{"number": 0}] * 5})
    one = "Input should be greater than or equal to 1 (got 0)"
    assert one_line(found) == f"inner.0.number: {one}; inner.1.number: {one}; inner.2.number: {one}; and 2 more"
    assert one_line(found, most=5).count(";") == 4
    assert one_line(found, most=1) == f"inner.0.number: {one}; and 4 more"


def test_one_line_cuts_long_values() -> None:
    (text,) = [one_line(problems({"inner": [], "word": "y" * 500}))]
    assert text == f"word: expected at most three letters (got '{'y' * 56}...)"


def test_one_line_of_the_whole() -> None:
    assert one_line(problems(3)).startswith("the whole: Input should be a valid dictionary")


@pytest.mark.parametrize(
    "content",
    [
        {"inner": [], "word": "two\nlines"},
        {"inner": "one\r\ntwo\u2028three"},
        {"inner": [{"number": "\n"}]},
    ],
)
def test_one_line_is_one_line(content: Any) -> None:
    assert len(one_line(problems(content)).splitlines()) == 1
