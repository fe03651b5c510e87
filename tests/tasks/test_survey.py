from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.errors import InputError
from harness.tasks.hofstede_vsm.survey import BUNDLED, Survey, load_survey

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# item: scale, direction, index, sign. From the manual's description of the 24 content items.
TABLE = {
    1: ("importance", "standard", "idv", -1),
    2: ("importance", "standard", "pdi", -1),
    3: ("importance", "standard", "mas", -1),
    4: ("importance", "standard", "idv", 1),
    5: ("importance", "standard", "mas", 1),
    6: ("importance", "standard", "idv", -1),
    7: ("importance", "standard", "pdi", 1),
    8: ("importance", "standard", "mas", 1),
    9: ("importance", "standard", "idv", 1),
    10: ("importance", "standard", "mas", -1),
    11: ("importance", "standard", "ivr", -1),
    12: ("importance", "standard", "ivr", 1),
    13: ("importance", "standard", "lto", 1),
    14: ("importance", "standard", "lto", -1),
    15: ("frequency", "standard", "uai", -1),
    16: ("frequency", "standard", "ivr", -1),
    17: ("frequency", "standard", "ivr", 1),
    18: ("health", "standard", "uai", 1),
    19: ("pride", "standard", "lto", 1),
    20: ("frequency", "reversed", "pdi", 1),
    21: ("agreement", "standard", "uai", 1),
    22: ("agreement", "standard", "lto", -1),
    23: ("agreement", "standard", "pdi", -1),
    24: ("agreement", "standard", "uai", -1),
}
TEXT = BUNDLED.read_text(encoding="utf-8")


def block(item: int) -> str:
    """The lines of one item, from its [[items]] to the next."""
    return next("[[items]]" + part for part in TEXT.split("[[items]]") if part.startswith(f"\nid = {item}\n"))


def in_item(item: int, old: str, new: str) -> str:
    """The bundled file with one replacement inside one item."""
    before = block(item)
    assert old in before
    return TEXT.replace(before, before.replace(old, new, 1))


def replaced(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def without_line(item: int, start: str) -> str:
    line = next(line for line in block(item).splitlines() if line.startswith(start))
    return in_item(item, line + "\n", "")


def with_wording(item: int, field: str, value: str) -> str:
    line = next(line for line in block(item).splitlines() if line.startswith(f"{field} = "))
    return in_item(item, line, f"{field} = {value}")


def test_the_bundled_survey() -> None:
    survey = load_survey()
    assert [item.id for item in survey.items] == list(range(1, 25))
    assert set(survey.scales) == {"importance", "frequency", "health", "pride", "agreement"}
    assert survey == load_survey(BUNDLED)
    assert re.fullmatch("[0-9a-f]{64}", survey.digest)


@pytest.mark.parametrize("item", range(1, 25))
def test_each_item_stands_where_the_manual_has_it(item: int) -> None:
    found = load_survey().items[item - 1]
    assert (found.scale, found.direction, found.index, found.sign) == TABLE[item]


def test_five_wordings_each_and_none_shared() -> None:
    survey = load_survey()
    wordings = [wording for item in survey.items for wording in item.wordings.all()]
    assert [len(item.wordings.all()) for item in survey.items] == [5] * 24
    assert len({" ".join(wording.casefold().split()) for wording in wordings}) == 24 * 5
    assert all(wording.endswith(("?", ".")) for wording in wordings)


def test_no_wording_is_part_of_another() -> None:
    wordings = [wording.casefold() for item in load_survey().items for wording in item.wordings.all()]
    assert [(a, b) for a in wordings for b in wordings if a != b and a in b] == []


def test_wordings_by_split() -> None:
    wordings = load_survey().items[0].wordings
    assert wordings.all() == (*wordings.tuning, wordings.validation, wordings.heldout, wordings.demonstration)


def test_labels_run_from_answer_one_on() -> None:
    survey = load_survey()
    assert survey.labels(survey.items[0]) == survey.scales["importance"]
    assert survey.labels(survey.items[16]) == survey.scales["frequency"]
    assert survey.labels(survey.items[19]) == survey.scales["frequency"][::-1]
    # 1 is "always" in the frequency items and "never" in item 20.
    assert survey.labels(survey.items[14])[4] == survey.labels(survey.items[19])[0] == "never"


def test_the_digest_follows_the_content_and_not_the_layout(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("# a remark\n" + TEXT, encoding="utf-8")
    assert load_survey(file).digest == load_survey().digest
    file.write_text(with_wording(24, "heldout", '"Another question?"'), encoding="utf-8")
    changed = load_survey(file)
    assert changed.items[23].wordings.heldout == "Another question?"
    assert changed.digest != load_survey().digest


def test_surrounding_blanks_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(replaced('instruction = "', 'instruction = "  '), encoding="utf-8")
    assert load_survey(file) == load_survey()


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_rows_may_end_otherwise(ending: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", ending).encode())
    assert load_survey(file) == load_survey()
    file.write_bytes(in_item(8, "sign = 1", "sign = 2").replace("\n", ending).encode())
    with pytest.raises(InputError, match=r"' row 123, item 8, sign: "):
        load_survey(file)
    file.write_bytes(in_item(8, "sign = 1", "sign = \u00dc").replace("\n", ending).encode("latin-1"))
    with pytest.raises(InputError, match=r"' row 123 is not in UTF-8 \(byte 0xdc\)"):
        load_survey(file)


def test_the_guide_shows_a_survey_that_would_be_read() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "survey-files.md").read_text(encoding="utf-8")
    (block_,) = re.findall(r"```toml\n(.*?)```", guide, flags=re.DOTALL)
    shown, bundled = tomllib.loads(block_), tomllib.loads(TEXT)
    shown["items"] += bundled["items"][1:]
    shown["scales"] = {**bundled["scales"], **shown["scales"]}
    assert Survey.model_validate(shown).items[0].wordings.heldout == "Fourth wording?"
    assert set(shown) == set(bundled) and set(shown["items"][0]) == set(bundled["items"][0])


def test_a_survey_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_survey().name = "other"  # type: ignore[misc]


# What is wrong, and a part of the message that says where.
BROKEN: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "item 24 missing": (
        lambda: TEXT.replace(block(24), ""),
        "row 313, item 23, id: items must be 1 to 24 in order, each once (missing: 24; twice: none)",
    ),
    "item 7 missing": (
        lambda: TEXT.replace(block(7), ""),
        "row 105, item 8, id: items must be 1 to 24 in order, each once (missing: 7; twice: none)",
    ),
    "item 7 twice": (
        lambda: TEXT + "\n" + block(7),
        "row 339, item 7, id: items must be 1 to 24 in order, each once (missing: none; twice: 7)",
    ),
    "items out of order": (
        lambda: TEXT.replace(block(1), "").replace(block(3), block(1) + block(3)),
        "row 27, item 2, id: items must be 1 to 24 in order",
    ),
    "no item": (lambda: TEXT[: TEXT.index("[[items]]")], "items: Field required"),
    "item number 0": (
        lambda: in_item(1, "id = 1", "id = 0"),
        "row 27, item 0, id: Input should be greater than or equal to 1",
    ),
    "item number 25": (
        lambda: in_item(24, "id = 24", "id = 25"),
        "row 326, item 25, id: Input should be less than or equal to",
    ),
    "item number in words": (
        lambda: in_item(3, "id = 3", 'id = "three"'),
        "row 53, item at position 3, id: Input should be a valid int",
    ),
    "item number with a fraction": (
        lambda: in_item(3, "id = 3", "id = 3.5"),
        "row 53, item at position 3, id: Input should be a valid",
    ),
    "no item number": (lambda: without_line(5, "id ="), "row 78, item at position 5, id: Field required"),
    "wrong sign": (
        lambda: in_item(20, "sign = 1", "sign = -1"),
        "row 279, item 20, sign: item 20 says index 'pdi' sign -1: the formula has 'pdi' sign 1",
    ),
    "wrong index": (
        lambda: in_item(8, 'index = "mas"', 'index = "idv"'),
        "row 122, item 8, index: item 8 says index 'idv' sign 1: the formula has 'mas' sign 1",
    ),
    "unknown index": (
        lambda: in_item(8, 'index = "mas"', 'index = "xyz"'),
        "row 122, item 8, index: Input should be 'pdi'",
    ),
    "sign 2": (lambda: in_item(8, "sign = 1", "sign = 2"), "row 123, item 8, sign: Input should be -1 or 1"),
    "sign 0": (lambda: in_item(8, "sign = 1", "sign = 0"), "row 123, item 8, sign: Input should be -1 or 1"),
    "unknown direction": (
        lambda: in_item(20, '"reversed"', '"backwards"'),
        "row 277, item 20, direction: Input should be 'standard' or 'reversed'",
    ),
    "no scale of that name": (
        lambda: in_item(18, 'scale = "health"', 'scale = "wealth"'),
        "row 250, item 18, scale: item 18 has scale 'wealth': expected one of importance, frequency, health,",
    ),
    "four labels": (lambda: replaced('"excellent", ', ""), "row 22, scales.health 5: Field required"),
    "six labels": (
        lambda: replaced('"excellent", ', '"superb", "excellent", '),
        "row 22, scales.health: Tuple should have at most 5",
    ),
    "empty label": (
        lambda: replaced('"excellent"', '" "'),
        "row 22, scales.health 1: String should have at least 1 character",
    ),
    "label twice": (lambda: replaced('"excellent"', '"GOOD"'), "row 22, scales.health: scale 'health' repeats a label"),
    "label is a number": (
        lambda: replaced('"excellent"', "1"),
        "row 22, scales.health 1: Input should be a valid string",
    ),
    "no scales": (lambda: replaced("\n[scales]\n", "\n[other]\n"), "scales: Field required"),
    "wording shared by two splits of an item": (
        lambda: with_wording(4, "heldout", '"How so?"').replace(
            block(5), block(5).replace("demonstration = ", 'demonstration = "HOW  so?" #')
        ),
        "row 89, item 5, wordings.demonstration: repeats the wording of item 4 heldout",
    ),
    "the two tuning wordings are one": (
        lambda: with_wording(9, "tuning", '["Why not?", "Why not?"]'),
        "row 138, item 9, wordings.tuning 2: repeats the wording of item 9 tuning 1",
    ),
    "one tuning wording": (
        lambda: with_wording(9, "tuning", '["Why not?"]'),
        "row 138, item 9, wordings.tuning 2: Field required",
    ),
    "three tuning wordings": (
        lambda: with_wording(9, "tuning", '["Why?", "Why not?", "And why?"]'),
        "row 138, item 9, wordings.tuning: Tuple should have at most 2",
    ),
    "no held-out wording": (
        lambda: without_line(11, "heldout ="),
        "row 163, item 11, wordings.heldout: Field required",
    ),
    "no validation wording": (
        lambda: without_line(11, "validation ="),
        "row 163, item 11, wordings.validation: Field required",
    ),
    "no demonstration": (
        lambda: without_line(11, "demonstration ="),
        "row 163, item 11, wordings.demonstration: Field required",
    ),
    "blank wording": (
        lambda: with_wording(11, "heldout", '"   "'),
        "row 166, item 11, wordings.heldout: String should have at",
    ),
    "endless wording": (
        lambda: with_wording(11, "heldout", '"' + "x" * 2001 + '"'),
        "row 166, item 11, wordings.heldout: String should have at most 2000",
    ),
    "extra key in an item": (
        lambda: in_item(2, "id = 2", "id = 2\nweight = 1"),
        "row 41, item 2, weight: Extra inputs",
    ),
    "extra wording": (
        lambda: with_wording(2, "heldout", '"Really?"\nspare = "Well?"'),
        "row 50, item 2, wordings.spare: Extra inputs are not permitted",
    ),
    "extra key at the top": (lambda: "author = 1\n" + TEXT, "author: Extra inputs are not permitted"),
    "no name": (lambda: replaced("name = ", "# name = "), "name: Field required"),
    "no instruction": (lambda: replaced("instruction = ", "# "), "instruction: Field required"),
    "version is a number": (
        lambda: replaced('version = "1"', "version = 1"),
        "version: Input should be a valid string",
    ),
    "items is a table": (lambda: TEXT.replace("[[items]]", "[items]", 1), "is not TOML"),
    "items is a word": (
        lambda: TEXT[: TEXT.index("\n[scales]\n")] + '\nitems = "all"\nscales = {}',
        "items: Input should be",
    ),
    "empty": (lambda: "", "name: Field required"),
    "not TOML": (lambda: "id,name\n1,PDI\n", "is not TOML"),
    "key twice": (
        lambda: in_item(2, "id = 2", "id = 2\nid = 2"),
        "row 41 is not TOML (Cannot overwrite a value (at line",
    ),
    "quote left open": (lambda: with_wording(2, "heldout", '"Really?'), "is not TOML (Illegal character"),
    "JSON": (lambda: '{"name": "x"}', "is not TOML"),
    "binary": (lambda: b"\x89PNG\r\n\x1a\n\x00\xff", "row 1 is not in UTF-8 (byte 0x89)"),
    "UTF-16": (lambda: TEXT.encode("utf-16"), "row 1 is not in UTF-8 (UTF-16): save it as UTF-8"),
    "Latin-1": (
        lambda: with_wording(2, "heldout", '"Überhaupt?"').encode("latin-1"),
        "row 49 is not in UTF-8 (byte 0xdc)",
    ),
    "NUL bytes": (lambda: b"\0" * 100, "is not TOML"),
    "nested without end": (lambda: "a = " + "[" * 100_000, "is not TOML"),
    "number without end": (lambda: "a = " + "9" * 10_000, "is not TOML"),
    "over a megabyte": (lambda: TEXT + "#" * 1_000_000, "is over 1000000 bytes: expected the schema of items.toml"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line_that_names_file_and_place(name: str, tmp_path: Path) -> None:
    make, place = BROKEN[name]
    content = make()
    file = tmp_path / "mine.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        load_survey(file)
    message = str(caught.value)
    assert message.startswith(f"survey '{file}'")
    assert place in message
    assert len(message.splitlines()) == 1
    assert len(message) < 1000


def test_the_table_of_broken_files_breaks_each_in_one_way() -> None:
    assert len(BROKEN) >= 25
    assert len({make() for make, _ in BROKEN.values()}) == len(BROKEN)


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "is a folder, no file"), (tmp_path / "none.toml", "No such file or directory")):
        with pytest.raises(InputError) as caught:
            load_survey(path)
        assert str(caught.value) == (
            f"survey '{path}' cannot be read ({reason}): give a TOML file like items.toml under 'harness path tasks'"
        )


def test_many_problems_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace("sign = 1", "sign = 7"), encoding="utf-8")
    with pytest.raises(InputError, match=r"; and 9 more$"):
        load_survey(file)
