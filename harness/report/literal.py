"""Text of anybody's as it may be shown: names in records and files come from others."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 200
"""Characters of a setting that are shown."""


def literal(text: str) -> str:
    r"""The text with every character spelt out that is not printed.

    Those are control characters, with which a terminal can be made to do things, line ends, the marks that turn the
    direction of writing, invisible ones, and halves of a character.

    Args:
        text: any text.

    Returns:
        One line, such as a\x1b[31m for a text that holds an escape character; "" and printable text as they are.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, most: int = LONGEST) -> str:
    """The text itself where it has at most so many characters, else its beginning and its end."""
    half = (most - 3) // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"
