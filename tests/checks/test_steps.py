"""Checks one after another: what fails hides nothing but what needs it."""

from __future__ import annotations

import pytest

from harness.checks.steps import Found, Steps, there
from harness.errors import UsageError


def refuse() -> Found[int]:
    raise UsageError("no\n  good")


def test_what_needs_a_failed_check_is_not_made_and_what_does_not_is() -> None:
    steps = Steps()
    assert steps.take("one", refuse) is None
    assert steps.take("two", lambda: Found(2, "fine", ["by the way"])) == 2
    assert steps.take("three", lambda: Found(3), ["two", "one"]) is None
    assert steps.take("four", lambda: Found(4), ["three"]) is None
    assert [(one.check, one.state, one.text) for one in steps.findings] == [
        ("one", "problem", "no good"),
        ("two", "ok", "fine"),
        ("two", "remark", "by the way"),
        ("three", "not checked", "waits for one"),
        ("four", "not checked", "waits for three"),
    ]
    assert [one.check for one in steps.problems] == ["one"]


def test_a_key_is_narrower_than_a_name() -> None:
    steps = Steps()
    steps.take("flags", refuse, key="--one")
    assert steps.failed("flags") and steps.failed("--one") and not steps.failed("--two")
    assert steps.take("next", lambda: Found(1), ["--two"]) == 1


def test_what_a_check_found_in_spite_of_problems_is_given_on_and_each_problem_is_said_once() -> None:
    steps = Steps()
    assert steps.take("one", lambda: Found(1, "fine", problems=["a", "b", "a"])) == 1
    assert [one.text for one in steps.findings] == ["a", "b"]
    assert steps.failed("one")


def test_other_errors_are_bugs_and_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        Steps().take("one", lambda: Found(1 // 0))
    with pytest.raises(ValueError, match="without what it needs"):
        there(None)
