"""The text of a file that the user brought, with rows that can be counted."""

from __future__ import annotations


def decoded(raw: bytes) -> str:
    """The text in UTF-8, without a byte order mark, each row ended by one newline.

    Raises:
        UnicodeDecodeError: it is something else; `broken_row` says where.
    """
    return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def broken_row(error: UnicodeDecodeError) -> int:
    """The row of the first byte that is no text, counted from 1."""
    before: bytes = error.object[: error.start]
    return len((before + b".").splitlines())
