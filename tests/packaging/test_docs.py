"""What the documents name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MATRIX = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").partition("## Faults")[2].partition("\n## ")[0]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", MATRIX)))


def test_every_fault_names_a_test():
    rows = [line for line in MATRIX.splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 15
    assert [row for row in rows if "`tests/" not in row] == []


@pytest.mark.parametrize("name", NAMED)
def test_the_test_of_a_fault_exists(name):
    file, _, function = name.partition("::")
    assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8") if function else (ROOT / file).is_file()


LINKS = [
    (page.relative_to(ROOT).as_posix(), link)
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    for link in re.findall(r"\]\((?!http)([^)#\s]+)", page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_links_between_pages_lead_somewhere(page, link):
    assert ((ROOT / page).parent / link).exists(), f"{page} names {link}"


def test_the_index_names_every_page():
    folder = ROOT / "docs"
    named = re.findall(r"\]\(([^)#\s]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    there = {page.relative_to(folder).as_posix() for page in folder.rglob("*.md")} - {"README.md"}
    assert sorted(named) == sorted(there)
