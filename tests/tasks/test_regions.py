from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.errors import InputError, UsageError
from harness.tasks.hofstede_vsm.regions import Region, Regions, scores, world_mean
from harness.tasks.hofstede_vsm.targets import BUNDLED, load_regions

TEXT = BUNDLED.read_text(encoding="utf-8")
HEADER = "code,name,kind,pdi,idv,mas,uai,lto,ivr"
USA = "USA,United States,country,40,91,62,46,26,68"
SMALL = f"{HEADER}\n{USA}\nCHN,China,country,80,20,66,30,87,24\nDZA,Algeria,country,,,,,26,32\n"


@pytest.fixture(scope="module")
def table() -> Regions:
    return load_regions()


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "mine.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def codes(regions: tuple[Region, ...]) -> list[str]:
    return [region.code for region in regions]


def test_the_bundled_table(table: Regions) -> None:
    assert len(table.rows) == 111
    assert len(table.complete) == 65
    assert [region.kind for region in table.complete].count("country") == 62
    assert re.fullmatch("[0-9a-f]{64}", table.digest)
    assert table.complete == load_regions(BUNDLED).complete


def test_a_row_as_published(table: Regions) -> None:
    assert table["AUS"] == Region("AUS", "Australia", "country", (38.0, 90.0, 61.0, 51.0, 21.0, 71.0))
    assert table["AUS"].complete
    assert table["AUS"].missing == ()
    with pytest.raises(KeyError):
        table["aus"]


def test_missing_scores_stay_missing(table: Regions) -> None:
    algeria = table["DZA"]
    assert algeria.missing == ("pdi", "idv", "mas", "uai")
    assert not algeria.complete
    assert np.isnan(algeria.scores).tolist() == [True] * 4 + [False] * 2
    assert algeria not in table.complete


def test_scores_lie_where_published_ones_do(table: Regions) -> None:
    values = scores(table.rows)
    assert values.shape == (111, 6)
    assert np.nanmin(values) >= 0
    assert np.nanmax(values) <= 120


def test_world_mean(table: Regions, tmp_path: Path) -> None:
    assert world_mean(table) == pytest.approx([sum(r.scores[d] for r in table.complete) / 65 for d in range(6)])
    # Algeria is not complete, so it is no part of the mean.
    assert world_mean(load_regions(written(tmp_path, SMALL))).tolist() == [60.0, 55.5, 64.0, 38.0, 56.5, 46.0]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("USA", ["USA"]),
        ("usa", ["USA"]),
        ("United States", ["USA"]),
        ("uNiTeD sTaTeS", ["USA"]),
        (" USA , CHN ", ["USA", "CHN"]),
        ("CHN,USA", ["CHN", "USA"]),
        ("USA,CHN,usa,China", ["USA", "CHN"]),
        ("USA,,CHN,", ["USA", "CHN"]),
        ("core", ["USA", "CHN", "IND", "ARA"]),
        ("CORE", ["USA", "CHN", "IND", "ARA"]),
        ("IND,core", ["IND", "USA", "CHN", "ARA"]),
        ("Algeria", ["DZA"]),
    ],
)
def test_select(table: Regions, wanted: str, found: list[str]) -> None:
    assert codes(table.select(wanted)) == found


@pytest.mark.parametrize("wanted", ["all", "ALL", " all ", "all,USA,core", "all,all"])
def test_select_all_is_every_complete_region_in_file_order(table: Regions, wanted: str) -> None:
    assert table.select(wanted) == table.complete


def test_select_all_and_an_incomplete_one(table: Regions) -> None:
    assert codes(table.select("all,DZA")) == [*codes(table.complete), "DZA"]


@pytest.mark.parametrize("wanted", ["", " ", ",", " , ,"])
def test_no_region(table: Regions, wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        table.select(wanted)
    assert str(caught.value) == (
        "no region given: expected all, core or codes such as USA,CHN; see 'harness ls regions'"
    )


@pytest.mark.parametrize(
    ("wanted", "unknown", "near"),
    [("USB", "USB", "USA"), ("Germny", "Germny", "DEU"), ("USA,Chiina", "Chiina", "CHN"), ("us", "us", "USA")],
)
def test_an_unknown_region_lists_the_closest(table: Regions, wanted: str, unknown: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        table.select(wanted)
    message = str(caught.value)
    assert message.startswith(f"unknown region '{unknown}': expected all, core, or codes, the closest being ")
    assert message.endswith("; see 'harness ls regions'")
    listed = re.findall(r"([A-Z-]+) \(", message)
    assert near in listed
    assert 1 <= len(listed) == len(set(listed)) <= 5


def test_a_region_without_any_score_cannot_be_chosen(tmp_path: Path) -> None:
    table = load_regions(written(tmp_path, SMALL + "XXX,Nowhere,part,,,,,,\n"))
    assert table["XXX"].missing == ("pdi", "idv", "mas", "uai", "lto", "ivr")
    for wanted in ("XXX", "nowhere"):
        with pytest.raises(UsageError, match=r"^region 'XXX' has no score: choose one with scores"):
            table.select(wanted)


def test_a_named_set_that_the_file_does_not_hold(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown region 'IND'"):
        load_regions(written(tmp_path, SMALL)).select("core")


@pytest.mark.parametrize(
    "content",
    [
        SMALL,
        SMALL.rstrip("\n"),
        SMALL.replace("\n", "\r\n"),
        SMALL.replace("\n", "\r"),
        "\ufeff" + SMALL,
        ("\ufeff" + SMALL.replace("\n", "\r\n")).encode(),
        SMALL.replace("Algeria", '"Algeria"'),
        SMALL.replace(",26,32", ", 26 ,32.0"),
        SMALL.replace("\n", "\n\n"),
        SMALL + "\n\n",
    ],
    ids=[
        "plain",
        "no last newline",
        "CRLF",
        "CR",
        "BOM",
        "BOM and CRLF",
        "quotes",
        "blanks",
        "blank lines",
        "blank end",
    ],
)
def test_ways_to_write_the_same_table(content: str | bytes, tmp_path: Path) -> None:
    table = load_regions(written(tmp_path, content))
    assert [(region.code, region.name, region.missing) for region in table.rows] == [
        ("USA", "United States", ()),
        ("CHN", "China", ()),
        ("DZA", "Algeria", ("pdi", "idv", "mas", "uai")),
    ]
    assert table["USA"].scores == (40.0, 91.0, 62.0, 46.0, 26.0, 68.0)
    assert table["DZA"].scores[4:] == (26.0, 32.0)


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    first = load_regions(written(tmp_path, SMALL)).digest
    assert load_regions(written(tmp_path, SMALL.replace("\n", "\r\n"))).digest == first
    assert load_regions(written(tmp_path, SMALL.replace(",68", ",69"))).digest != first


def test_names_may_hold_commas_quotes_and_letters_of_any_script(tmp_path: Path) -> None:
    rows = '"KR-1","Korea, ""South""",part,60,18,39,85,100,29\nCIV,Côte d\'Ivoire,country,,,,,1,2\n'
    rows += "JPN,日本,country,,,,,3,4\n"
    table = load_regions(written(tmp_path, SMALL + rows))
    assert [region.name for region in table.rows[3:]] == ['Korea, "South"', "Côte d'Ivoire", "日本"]
    assert codes(table.select("kr-1,CÔTE D'IVOIRE,日本")) == ["KR-1", "CIV", "JPN"]


@pytest.mark.parametrize(
    ("cell", "value"), [("-50", -50.0), ("150", 150.0), ("0", 0.0), ("1e2", 100.0), (" 7.25", 7.25)]
)
def test_numbers_within_the_range(cell: str, value: float, tmp_path: Path) -> None:
    assert load_regions(written(tmp_path, SMALL.replace(",68", f",{cell}")))["USA"].scores[5] == value


def usa(old: str, new: str) -> Callable[[], str]:
    return lambda: SMALL.replace(USA, USA.replace(old, new, 1))


RANGE = "expected a number from -50 to 150 or nothing, got"
COLUMNS = f"row 1: expected the columns {HEADER}, got"
# What is wrong, and a part of the message that says where.
BROKEN: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "text in a number": (usa("40", "high"), f"row 2 pdi: {RANGE} 'high'"),
    "text in the last number": (lambda: SMALL.replace(",24\n", ",2x\n"), f"row 3 ivr: {RANGE} '2x'"),
    "comma for a point": (usa("40", '"40,5"'), f"row 2 pdi: {RANGE} '40,5'"),
    "nan": (usa("91", "nan"), f"row 2 idv: {RANGE} 'nan'"),
    "NaN": (usa("91", "NaN"), f"row 2 idv: {RANGE} 'NaN'"),
    "inf": (usa("62", "inf"), f"row 2 mas: {RANGE} 'inf'"),
    "-inf": (usa("62", "-inf"), f"row 2 mas: {RANGE} '-inf'"),
    "n/a": (usa("62", "n/a"), f"row 2 mas: {RANGE} 'n/a'"),
    "1e999": (usa("62", "1e999"), f"row 2 mas: {RANGE} '1e999'"),
    "above the range": (usa("46", "150.1"), f"row 2 uai: {RANGE} '150.1'"),
    "below the range": (usa("26", "-51"), f"row 2 lto: {RANGE} '-51'"),
    "newline in a number": (usa("26", '"2\n6"'), "row 2 lto: expected printable text on one line, got '2\\n6'"),
    "code twice": (
        lambda: SMALL + USA + "\n",
        "row 5 code: 'USA' is the code of the region in row 2: expected another",
    ),
    "code twice, other case": (
        lambda: SMALL + USA.replace("USA", "Usa") + "\n",
        "row 5 code: 'Usa' is the code of the region in row 2: expected another",
    ),
    "code twice after blank lines": (
        lambda: SMALL.replace("\n", "\n\n") + USA + "\n",
        "row 9 code: 'USA' is the code of the region in row 3: expected another",
    ),
    "name twice": (lambda: SMALL + USA.replace("USA", "USB") + "\n", "row 5 name: 'United States' is the name of the"),
    "name that is another's code": (
        lambda: SMALL.replace("Algeria", "Chn"),
        "row 4 name: 'Chn' is the code of the region in row 3: expected another",
    ),
    "error in a record of two rows": (usa("country,40", '"coun\ntry",40'), "row 2 kind: expected printable text"),
    "cut off inside a record of three rows": (usa("country", '"coun\n\ntry"x'), "row 2 is not CSV"),
    "behind a record of three rows": (
        lambda: SMALL.replace("United States", '"United\n\nStates"').replace("Algeria", '"Alge"ria'),
        "row 6 is not CSV",
    ),
    "underscore in a number": (usa("91", "9_1"), f"row 2 idv: {RANGE} '9_1'"),
    "digits of another script": (usa("91", "\u0669\u0661"), f"row 2 idv: {RANGE} '"),
    "no code": (usa("USA", ""), "row 2 code: expected letters, digits and '-', got ''"),
    "blank in a code": (usa("USA", "U SA"), "row 2 code: expected letters, digits and '-', got 'U SA'"),
    "path as a code": (usa("USA", "../USA"), "row 2 code: expected letters, digits and '-', got '../USA'"),
    "only hyphens": (usa("USA", "--"), "row 2 code: expected letters, digits and '-', got '--'"),
    "long code": (usa("USA", "U" * 17), "row 2 code: expected"),
    "no name": (usa("United States", " "), "row 2 name: expected 1 to 80 characters, got ''"),
    "long name": (usa("United States", "U" * 81), "row 2 name: expected 1 to 80 characters"),
    "newline in a name": (
        usa("United States", '"United\nStates"'),
        "row 2 name: expected printable text on one line, got 'United\\nStates'",
    ),
    "NUL byte in a name": (usa("United States", "United\0States"), ""),
    "escape code in a name": (usa("United States", "\x1b[31mUSA"), "row 2 name: expected printable text on one line"),
    "missing column": (lambda: SMALL.replace(",ivr", ""), COLUMNS),
    "extra column": (lambda: SMALL.replace(",ivr", ",ivr,year"), COLUMNS),
    "columns in another order": (lambda: SMALL.replace("pdi,idv", "idv,pdi"), COLUMNS),
    "capital column": (lambda: SMALL.replace("pdi", "PDI"), COLUMNS),
    "no header": (lambda: SMALL.removeprefix(HEADER + "\n"), COLUMNS),
    "newline in the header": (lambda: SMALL.replace("code", '"co\nde"'), COLUMNS),
    "semicolons": (lambda: SMALL.replace(",", ";"), COLUMNS),
    "tabs": (lambda: SMALL.replace(",", "\t"), COLUMNS),
    "short row": (usa(",68", ""), "row 2 ivr: expected 9 cells, got 8"),
    "long row": (usa(",68", ",68,1"), "row 2 after ivr: expected 9 cells, got 10"),
    "one word in a row": (lambda: SMALL + "and so on\n", "row 5 name: expected 9 cells, got 1"),
    "quote left open": (usa("United States", '"United States'), "row 2 is not CSV (unexpected end of data)"),
    "text behind a quote": (usa("United States", '"United" States'), "row 2 is not CSV"),
    "endless cell": (usa("United States", "U" * 200_000), "row 2 is not CSV (field larger than field limit"),
    "empty": (lambda: "", COLUMNS),
    "header alone": (lambda: HEADER + "\n", "has no region with all six scores"),
    "no complete region": (lambda: SMALL.replace(",68\n", ",\n").replace(",24\n", ",\n"), "has no region with all six"),
    "Latin-1": (
        lambda: SMALL.replace("China", "Chiná").encode("latin-1"),
        "row 3 is not in UTF-8 (byte 0xe1): save it as UTF-8",
    ),
    "UTF-16": (lambda: SMALL.encode("utf-16"), "row 1 is not in UTF-8 (UTF-16): save it as UTF-8"),
    "binary": (lambda: b"\x89PNG\r\n\x1a\n\x00\xff", "row 1 is not in UTF-8 (byte 0x89)"),
    "spreadsheet": (lambda: b"PK\x03\x04" + b"\0" * 64, ""),
    "over a megabyte": (lambda: SMALL + "\n" * 1_000_000, "is over 1000000 bytes: expected one row per region"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line_that_names_file_and_place(name: str, tmp_path: Path) -> None:
    make, place = BROKEN[name]
    file = written(tmp_path, make())
    with pytest.raises(InputError) as caught:
        load_regions(file)
    message = str(caught.value)
    assert message.startswith(f"targets '{file}' ")
    assert place in message
    assert len(message.splitlines()) == 1
    assert len(message) < 500


def test_the_table_of_broken_files_breaks_each_in_one_way() -> None:
    assert len(BROKEN) >= 20
    assert len({make() for make, _ in BROKEN.values()}) == len(BROKEN)


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "is a folder, no file"), (tmp_path / "none.csv", "No such file or directory")):
        with pytest.raises(InputError) as caught:
            load_regions(path)
        assert str(caught.value) == f"targets '{path}' cannot be read ({reason}): give a CSV file"
