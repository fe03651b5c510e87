"""The pages of the documentation: their fenced blocks, and what happens when one reads and types them in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import harness

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")))
SAVED_AS = re.compile(r"[Ss]ave (?:this|it) as `([\w./-]+)`[^.]*:$")
MARK = "@@ block "
SECONDS = 600
RUN = ("sh", "python")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: the page's path, from the root of the project.
        line: where its fence opens, counted from 1.
        language: what the fence says.
        text: what stands in it.
        saved: the file that the sentence before it says to save it as; empty if there is none.
        shown: the lines of the `text` blocks that follow, which are what it prints.
    """

    page: str
    line: int
    language: str
    text: str
    saved: str
    shown: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it is typed, and not saved for later or shown."""
        return self.language in RUN and not self.saved

    @property
    def key(self) -> tuple[str, str]:
        """The page and the first line, without its comment."""
        return self.page, re.split(r"\s+#", self.text.strip().partition("\n")[0])[0]


@dataclass(frozen=True)
class Session:
    """What a page's blocks printed, each by itself, and how it ended."""

    code: int
    printed: tuple[tuple[Block, str], ...]

    @property
    def end(self) -> str:
        """The last block that was begun, and the end of what it printed."""
        block, text = self.printed[-1]
        return f"{block.page}:{block.line} ended with {self.code}:\n{text[-4000:]}"


def blocks_of(page: str, text: str) -> tuple[Block, ...]:
    """The fenced blocks of a page, in order."""
    tokens = MarkdownIt().parse(text)
    found = []
    for at, token in enumerate(tokens):
        if token.type != "fence":
            continue
        before = next((one.content for one in tokens[max(0, at - 2) : at] if one.type == "inline"), "")
        saved = SAVED_AS.search(before.replace("\n", " "))
        line = (token.map or [0])[0] + 1
        found.append(Block(page, line, token.info, token.content, saved[1] if saved else ""))
        if token.info == "text":
            owner = next((i for i in range(len(found) - 2, -1, -1) if found[i].runs), None)
            if owner is None:
                raise ValueError(f"{page}:{line} shows what no block before it prints")
            found[owner] = replace(found[owner], shown=(*found[owner].shown, *token.content.splitlines()))
    return tuple(found)


def run_blocks(blocks: Sequence[Block], folder: Path) -> Session:
    """Types the blocks of one page into one shell, in a folder of its own."""
    script = "\n".join(f"printf '%s\\n' '{MARK}{number}'\n{_typed(one)}" for number, one in enumerate(blocks))
    (folder / "session.sh").write_text(script, encoding="utf-8")
    work = folder / "work"
    work.mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", str(folder / "session.sh")],
        cwd=work,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=SECONDS,
    )
    (folder / "session.log").write_text(done.stdout, encoding="utf-8")
    parts = re.split(rf"^{MARK}\d+\n", done.stdout, flags=re.MULTILINE)[1:]
    return Session(done.returncode, tuple(zip(blocks, parts, strict=False)))


def _typed(block: Block) -> str:
    if block.saved:
        folder = Path(block.saved).parent
        return f"mkdir -p '{folder}'\ncat > '{block.saved}' <<'END OF FILE'\n{block.text}END OF FILE"
    if block.language == "sh":
        return block.text
    return f"python - <<'END OF FILE'\n{block.text}END OF FILE"


def _environment(folder: Path) -> dict[str, str]:
    """That of a user who has activated the environment of the tests, without a network and 80 columns wide."""
    site = folder / "site"
    return os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(site), str(Path(str(harness.__file__)).parents[1])]),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hub"),
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "OMP_NUM_THREADS": "1",
        # What a page installs goes beside it and not into the environment of the tests; 0 stands for "none" here.
        "PIP_TARGET": str(site),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }


def _exceptions() -> dict[tuple[str, str], str]:
    rows = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text(encoding="utf-8"))["exception"]
    return {(row["page"], row["begins"]): row["reason"] for row in rows}


BLOCKS = {page: blocks_of(page, (ROOT / page).read_text(encoding="utf-8")) for page in PAGES}
EXCEPTIONS = _exceptions()
TYPED = {
    page: typed
    for page, blocks in BLOCKS.items()
    if (typed := [one for one in blocks if (one.language in RUN or one.saved) and one.key not in EXCEPTIONS])
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each page that is typed, and one for each block of any page."""
    if "typed_page" in metafunc.fixturenames:
        metafunc.parametrize("typed_page", TYPED)
    if "block" in metafunc.fixturenames:
        every = [one for blocks in BLOCKS.values() for one in blocks]
        metafunc.parametrize("block", every, ids=lambda one: f"{one.page}:{one.line}")


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """The text of every page."""
    return {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}


@pytest.fixture(scope="session")
def every_block() -> tuple[Block, ...]:
    """The fenced blocks of all pages."""
    return tuple(one for blocks in BLOCKS.values() for one in blocks)


@pytest.fixture(scope="session")
def exceptions() -> dict[tuple[str, str], str]:
    """Page and first line of the blocks that are not typed, each with its reason."""
    return EXCEPTIONS


@pytest.fixture(scope="session")
def sessions(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Session]]]:
    """The pages that a selected test asks for, two at a time; those with the most blocks first."""
    asked = {one.callspec.params.get("typed_page") for one in request.session.items if hasattr(one, "callspec")}
    order = sorted(asked & set(TYPED), key=lambda page: (-len(TYPED[page]), page))
    folders = {page: tmp_path_factory.mktemp(Path(page).stem) for page in order}
    with ThreadPoolExecutor(2) as pool:
        yield {page: pool.submit(run_blocks, TYPED[page], folders[page]) for page in order}


@pytest.fixture
def session(typed_page: str, sessions: dict[str, Future[Session]]) -> Session:
    """What became of one page."""
    return sessions[typed_page].result()


@pytest.fixture(scope="session")
def read_blocks() -> Callable[[str, str], tuple[Block, ...]]:
    """Reads the blocks of a page's text: `read_blocks(page, text)`."""
    return blocks_of


@pytest.fixture(scope="session")
def type_blocks() -> Callable[[Sequence[Block], Path], Session]:
    """Types blocks into a shell: `type_blocks(blocks, folder)`."""
    return run_blocks
