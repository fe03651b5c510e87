"""When two wordings are one: the same words, or one sentence wholly inside the other.

Case, punctuation, quotes, dashes, blanks and Unicode's compatibility forms tell no wordings apart. Accents, other
scripts' look-alikes and synonyms do: this finds slips of editing, not a will to deceive.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# Not seen in print and part of no word: grapheme joiner, fillers of Hangul, Khmer and Mongolian, variation selectors.
_UNSEEN: Final = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
# They stand inside words ("don't"), so they must not divide them.
_APOSTROPHES: Final = "'`\u00b4\u2018\u2019\u201b\u02b9\u02bb\u02bc\u2032\uff07\uff40"
_DROPPED: Final[Mapping[int, None]] = dict.fromkeys(
    [*map(ord, _UNSEEN + _APOSTROPHES), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
)


def words(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared: letters, marks and digits, without case or compatibility forms.

    A letter of a script without case (Han, Thai, Arabic) is a word of its own, since many of these scripts do not part
    words by blanks.
    """
    folded = unicodedata.normalize("NFKC", text.translate(_DROPPED)).casefold()
    found: list[str] = []
    grows = False
    for letter in unicodedata.normalize("NFKC", folded).translate(_DROPPED):
        kind = unicodedata.category(letter)
        if kind == "Cf":
            continue
        if found and ((grows and kind != "Lo" and kind[0] in "LN") or kind[0] == "M"):
            found[-1] += letter
        elif kind[0] in "LNM":
            found.append(letter)
            grows = kind != "Lo"
        else:
            grows = False
    return tuple(found)


@dataclass(frozen=True)
class Sentence:
    """A wording as it is compared. `letters` are its words without blanks, `spaced` with one on each side of a word."""

    letters: str
    spaced: str

    @classmethod
    def of(cls, text: str) -> Sentence:
        """The wording's words, ready to be compared."""
        found = words(text)
        return cls("".join(found), f" {' '.join(found)} ")

    def repeats(self, other: Sentence) -> bool:
        """Whether both are one wording; where words are parted plays no part ("co-worker", "coworker")."""
        return self.letters == other.letters

    def overlaps(self, other: Sentence) -> str:
        """How one holds the other, as a verb: "repeats", "holds", "is part of"; "" if neither does.

        Only whole words count: "how are you" is no part of "how are yours".
        """
        if self.repeats(other):
            return "repeats"
        if other.spaced in self.spaced:
            return "holds"
        return "is part of" if self.spaced in other.spaced else ""


@dataclass(frozen=True)
class Placed:
    """A wording in a survey: the name of its place, such as "item 2 tuning 1", the split it is kept for, its text."""

    name: str
    split: str
    text: str


def first_overlap(placed: Sequence[Placed]) -> tuple[int, str] | None:
    """The first wording that stands twice, or that holds or is part of one of another split.

    Inside a split one wording may hold another: what a split asks, it may ask in more words elsewhere.

    Returns:
        The position of the later of the two, and a phrase such as "repeats the wording of item 2 tuning 1".
    """
    seen: list[tuple[Placed, Sentence]] = []
    for position, here in enumerate(placed):
        sentence = Sentence.of(here.text)
        for before, other in seen:
            how = sentence.overlaps(other)
            if how == "repeats" or (how and here.split != before.split):
                return position, f"{how} the wording of {before.name}"
        seen.append((here, sentence))
    return None


def shared(first: Sequence[Placed], second: Sequence[Placed]) -> list[str]:
    """A phrase for each wording of the second that repeats, holds or is part of one of the first, in any split."""
    known = [(one.name, Sentence.of(one.text)) for one in first]
    phrases = []
    for here in second:
        sentence = Sentence.of(here.text)
        found = [(how, name) for name, other in known if (how := sentence.overlaps(other))]
        if found:
            how, name = min(found, key=lambda one: one[0] != "repeats")
            phrases.append(f"{here.name} {how} the wording of {name}")
    return phrases
