from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks.hofstede_vsm.survey import BUNDLED
from harness.tasks.hofstede_vsm.toml_lines import MOST_CHARACTERS, MOST_PARSES, known_part, row_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TRICKY = '''# [[items]]
name = "[[items]]" # [[items]]
text = """
[[items]]
id = 7
"""

[[items]]
id = 1
wordings.tuning = [
  "a", # "b",
  "]",
]

# a remark that stands before the second
  [[ items ]]
"id" = 2
wordings = { tuning = ["c", "d"], heldout = "[[items]]" }
[[items]]
[items.wordings]
tuning = []
[items.wordings.more]
x = 1
[scales]
"a.b" = 1
'''


@pytest.mark.parametrize(
    ("place", "row"),
    [
        (["name"], 2),
        (["text"], 3),
        (["items"], 8),
        (["items", 0], 8),
        (["items", 0, "id"], 9),
        (["items", 0, "wordings"], 10),
        (["items", 0, "wordings", "tuning", 1], 10),
        (["items", 1], 16),
        (["items", 1, "id"], 17),
        (["items", 1, "wordings", "heldout"], 18),
        (["items", 2], 19),
        (["items", 2, "wordings"], 20),
        (["items", 2, "wordings", "tuning"], 21),
        (["items", 2, "wordings", "more", "x"], 23),
        (["scales", "a.b"], 25),
        (["scales", "a"], None),
        (["items", 3], None),
        (["items", 0, "id", "deeper"], None),
        (["name", 0], None),
        (["items", "id"], None),
        ([], None),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_rows_of_a_text_that_would_fool_a_search(place: list[str | int], row: int | None, ending: str) -> None:
    assert row_of(TRICKY.replace("\n", ending), place) == row


def test_every_value_of_the_bundled_survey_stands_in_the_row_that_is_named() -> None:
    text = BUNDLED.read_text(encoding="utf-8")
    rows = text.split("\n")
    for position in range(24):
        for field in ("id", "scale", "sign"):
            row = row_of(text, ["items", position, field])
            assert row is not None and rows[row - 1].startswith(f"{field} = ")
            before = "\n".join(rows[:row])
            assert before.count("[[items]]") == position + 1


KEYS = st.sampled_from(["a", "b", "id", "items"])
VALUES = st.sampled_from(["1", '"x = 2"', "[1, 2]", '[\n 1,\n # ]\n "]"\n]', '"""\n[a]\nb = 1\n"""', "{ a = 1 }"])
STATEMENTS = st.one_of(
    st.builds("{} = {}".format, KEYS, VALUES),
    st.builds("[[{}]]".format, KEYS),
    st.builds("[[{}.{}]]".format, KEYS, KEYS),
    st.builds("[{}.{}]".format, KEYS, KEYS),
    st.builds("{}.{} = {}".format, KEYS, KEYS, VALUES),
    st.sampled_from(["", "# a = 1", "  # [[a]]"]),
)


def places(content: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    parts: Any = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    return [place for part in parts for place in [(*above, part), *places(content[part], (*above, part))]]


@given(st.lists(STATEMENTS, max_size=12))
def test_the_row_is_where_the_statement_begins_that_first_names_the_place(statements: list[str]) -> None:
    kept: list[str] = []
    wanted: dict[tuple[str | int, ...], int] = {}
    for statement in statements:
        try:
            content = tomllib.loads("\n".join([*kept, statement]))
        except ValueError:
            continue
        for place in places(content):
            wanted.setdefault(place, sum(one.count("\n") + 1 for one in kept) + 1)
        kept.append(statement)
    text = "\n".join(kept)
    assert {place: row_of(text, place) for place in wanted} == wanted


def test_no_answer_rather_than_a_slow_one() -> None:
    endless = "a = [\n" + "1,\n" * (MOST_PARSES * 3) + "]\n"
    assert row_of(endless + "b = 1\n", ["a"]) is None
    assert row_of("a = 1\n# " + "x" * MOST_CHARACTERS, ["a"]) is None


def test_known_part() -> None:
    content = {"items": [{"wordings": {"tuning": ["a"]}}]}
    assert known_part(content, ["items", 0, "wordings", "heldout"]) == ["items", 0, "wordings"]
    assert known_part(content, ["items", 0, "wordings", "tuning", 1]) == ["items", 0, "wordings", "tuning"]
    assert known_part(content, ["items", 1, "id"]) == ["items"]
    assert known_part(content, ["name"]) == []
