"""What the pages tell one to type is typed, in order and as it stands, and prints what they show."""

from __future__ import annotations

import re

import pytest

LANGUAGES = {"sh", "python", "text", "toml", "csv", "yaml", "json", "jinja", ""}
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e-?\d+)?")
HASH = re.compile(r"(?<=-)[0-9a-f]{8}\b")
# A search may end a little elsewhere on another processor or with another version of torch.
SHARE, POINTS = 0.1, 0.3


def alike(shown: str, printed: str) -> bool:
    """Whether a line is the one that is shown: runs' hashes aside, blanks alike, and numbers nearly the same."""
    one, other = (HASH.sub("HASH", " ".join(line.split())) for line in (shown, printed))
    if shown.endswith("..."):
        one, other = one.removesuffix("...").rstrip(), other[: len(other)]
        found = NUMBER.sub("0", other).startswith(NUMBER.sub("0", one))
    else:
        found = NUMBER.sub("0", one) == NUMBER.sub("0", other)
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=False)
    return found and all(
        abs(float(a) - float(b)) <= POINTS + SHARE * abs(float(a)) if a != b else True for a, b in pairs
    )


def missing(shown: tuple[str, ...], printed: str) -> list[str]:
    """The lines shown that were not printed, in this order; lines of dots stand for any others."""
    lines = iter(printed.splitlines())
    return [line for line in shown if line.strip() not in ("", "...") and not any(alike(line, one) for one in lines)]


def test_a_page_can_be_typed(session):
    assert session.code == 0, session.end


def test_a_page_shows_what_is_printed(session):
    for block, text in session.printed:
        assert missing(block.shown, text) == [], f"{block.page}:{block.line} printed:\n{text}"


def test_a_file_is_used_after_it_is_saved(every_block):
    for at, block in enumerate(every_block):
        after = [one for one in every_block[at + 1 :] if one.page == block.page and one.language == "sh"]
        used = "\n".join(one.text for one in after if not one.saved)
        assert block.saved.partition("/")[0] in used, f"{block.page}:{block.line} saves what nothing uses"


def test_a_block_says_what_it_is(block):
    assert block.language in LANGUAGES, "a shell's block is 'sh', so that it is typed; what it prints is 'text'"
    if not block.language:
        assert not re.search(r"^(harness|python|pip) ", block.text, re.MULTILINE), "'sh', so that it is typed"
    if block.language == "text":
        assert block.text.strip(), "what is shown is missing"


def test_every_exception_is_still_there(every_block, exceptions):
    there = [block.key for block in every_block if block.language in ("sh", "python")]
    assert [key for key in exceptions if there.count(key) != 1] == []
    assert all(exceptions.values())


PAGE = """
Save this as `a/b.py`, and no other:

```python
print("20.1 points")
```

```sh
HERE=1
python a/b.py && false || echo "exit code $?"
```

It prints

```text
20.2 points
...
```

and then

```text
exit...
```

```sh
{command}
```
"""


@pytest.mark.parametrize(
    ("command", "code", "printed"),
    [
        ("echo $HERE", 0, "1\n"),
        ("false | cat; echo on", 1, ""),
        ("echo $GONE", 1, None),
        ("harness path tusks", 2, None),
    ],
)
def test_blocks_are_one_session_that_stops_at_a_failure(command, code, printed, read_blocks, type_blocks, tmp_path):
    blocks = read_blocks("page.md", PAGE.format(command=command))
    assert [(one.line, one.saved, len(one.shown)) for one in blocks if one.language != "text"] == [
        (4, "a/b.py", 0),
        (8, "", 3),
        (26, "", 0),
    ]
    done = type_blocks([one for one in blocks if one.language != "text"], tmp_path)
    assert done.code == code
    assert printed is None or done.printed[2][1] == printed
    assert done.printed[1][1] == "20.1 points\nexit code 1\n"
    assert missing(done.printed[1][0].shown, done.printed[1][1]) == []
    assert "page.md:26 ended with" in done.end


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("1 de 13.8 † word", "1 de 25.0 † word"),
        ("1 de 13.8", "1 icl 13.8"),
        ("run de-JPN-0123abcd", "run cma-JPN-0123abcd"),
        ("run ...", "ran de"),
        ("a b", "a b c"),
    ],
)
def test_what_is_not_printed_is_noticed(shown, printed):
    assert not alike(shown, printed)


def test_what_differs_in_last_digits_alone_is_the_same():
    assert alike("run  de-JPN-0123abcd 13.80", "run de-JPN-4567abcd 13.82")
    assert missing(("b", "a"), "a\nb\n") == ["a"]
