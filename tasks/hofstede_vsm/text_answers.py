"""Reading a written answer: strictly, so that what is read is what was said.

A text is an answer where it names exactly one of the five options, as its answer, and no other option anywhere:

- by its number, at the very beginning ("3", "**3**.", "3 = now and then", "3 because ...") or after a lead-in that
  begins the text, a sentence or a line ("Answer: 3", "I would say option 3"); what follows the number is its end,
  punctuation, the option's own words, "because" or "since": "3 children", "3/5", "3.5", "3rd" and "-3" are no answers;
- by its words. Two words or more may stand anywhere ("For me it is very important.") unless their sentence denies
  before it names them ("I would not say ..."); a single word, which may mean something else ("Good question!"), must
  begin the text or follow a lead-in or a form of "to be", and be followed by an end, punctuation, "because" or "since".

A text that answers at its very beginning is an answer whatever it goes on to say of itself; else one that declines,
such as "I cannot answer that", is refused, even where it names an option later. All other texts are unparsed, the
empty one too. Numbers in words, and numbers outside 1 to 5, name no option.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["parsed", "refused", "unparsed"]


@dataclass(frozen=True)
class Reading:
    """What a text says.

    Attributes:
        kind: whether it is an answer.
        option: the option it names, 1 to 5 as listed; None where it is none.
    """

    kind: Kind
    option: int | None = None


_MARKS: Final = r"[\s*_`\"'(\[#>~-]*"
_OPENING: Final = rf"{_MARKS}(?:(?:sure|okay|ok|well|certainly|of course|yes)\b[\s,.!:]*)?{_MARKS}"
_ANSWER: Final = r"(?:answer|response|choice|rating|reply)"
_SAY: Final = r"(?:say|choose|pick|select|answer(?: with)?|go with|(?:rate|give) (?:it|this))"
_LEAD: Final = (
    rf"(?:(?:here is |here's |so )?(?:(?:the|my|your) )?(?:final )?{_ANSWER}(?: is| would be)?"
    rf"|i(?: would|'d| will|'ll)? {_SAY}"
    r"|(?:it|that|this)(?: is|'s| would be))"
)
_BETWEEN: Final = rf"\s*[:=]?{_MARKS}(?:(?:as|a|an|the|option|number)\b{_MARKS})*"
_BEGINNING: Final = re.compile(rf"{_OPENING}(?:{_LEAD}{_BETWEEN})?(?:(?:option|number)\b{_MARKS})?")
_LED: Final = re.compile(rf"(?:^|[.!?:;\n]){_OPENING}{_LEAD}{_BETWEEN}$")
_LINKED: Final = re.compile(rf"\b(?:is|am|are|be|was|i'm|it's|feel)\s{_MARKS}$")
_CLOSING: Final = r"[\s*_`\"')\]]*"
_ENDING: Final = re.compile(rf"{_CLOSING}(?:$|[.,:;!](?!\d)|[=\u2013\u2014]|-\s|because\b|since\b)|[*_`\"')\]]*\n")
_NUMBER: Final = re.compile(r"(?<![\w.,/+-])[1-5](?![\w/%]|[.,]\d)")
_DENIES: Final = re.compile(r"\b(?:not|no|never|neither|nor|none|hardly|cannot|less|more|instead|rather)\b|n't\b")
_SENTENCE: Final = re.compile(r"[.!?\n]")
_FARTHEST: Final = 80
"""Characters between the beginning of a lead-in and what it leads to."""

_SELF: Final = r"(?:ai|artificial intelligence|language model|model|chatbot|assistant)"
_HELD: Final = r"(?:personal|feelings?|opinions?|beliefs?|preferences?|views?|emotions?)"
_REFUSALS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\bas an? (?:\w+ ){{0,2}}{_SELF}\b",
        rf"\bi(?:'m| am) (?:just |only )?an? (?:\w+ ){{0,2}}{_SELF}\b",
        r"\bi(?:'m| am) (?:\w+ )?sorry\b|^sorry\b|\bi apologi[sz]e\b|\bmy apologies\b",
        r"\bi (?:cannot|can not|can't|could not|couldn't|won't|will not)\b",
        r"\b(?:not able|unable) to\b",
        rf"\bi (?:do not|don't) (?:have|hold|possess) (?:any |a )?{_HELD}\b",
        r"\bi(?: would|'d) (?:prefer|rather) not\b|\bi prefer not\b|\bi (?:must )?(?:decline|refuse)\b",
    )
)
"""Ways to decline, in lower case and with straight apostrophes."""


@dataclass(frozen=True)
class _Mention:
    """A place where an option is named, by its number (`words` is "") or by its words."""

    option: int
    words: str
    begin: int
    end: int


def read_answer(text: str, options: Sequence[str]) -> Reading:
    """Reads one written answer.

    Args:
        text: what was said; may be anything.
        options: the words of the five options as they were listed, option 1 first.
    """
    plain = re.sub(r" ?\n\s*", "\n", re.sub(r"[^\S\n]+", " ", _folded(text))).strip()
    words = [" ".join(_folded(option).split()) for option in options]
    mentions = _mentions(plain, words)
    single = len({mention.option for mention in mentions}) == 1
    if single and any(_begins(plain, mention, words) for mention in mentions):
        return Reading("parsed", mentions[0].option)
    if any(refusal.search(plain) for refusal in _REFUSALS):
        return Reading("refused")
    if single and any(_stands(plain, mention, words) for mention in mentions):
        return Reading("parsed", mentions[0].option)
    return Reading("unparsed")


def _folded(text: str) -> str:
    return text.replace("\u2019", "'").replace("\u2018", "'").casefold()


def _mentions(plain: str, words: Sequence[str]) -> list[_Mention]:
    """Every place that names an option; of options that contain one another, the longest."""
    numbers = {option: number for number, option in enumerate(words, start=1)}
    longest_first = "|".join(re.escape(option) for option in sorted(words, key=len, reverse=True))
    named = [
        _Mention(numbers[found.group()], found.group(), *found.span())
        for found in re.finditer(rf"(?<!\w)(?:{longest_first})(?!\w)", plain)
    ]
    inside = {place for mention in named for place in range(mention.begin, mention.end)}
    digits = [found for found in _NUMBER.finditer(plain) if found.start() not in inside]
    return [*named, *(_Mention(int(found.group()), "", *found.span()) for found in digits)]


def _begins(plain: str, mention: _Mention, words: Sequence[str]) -> bool:
    """Whether the text begins with the option as its answer."""
    before = plain[: mention.begin]
    return len(before) <= _FARTHEST and bool(_BEGINNING.fullmatch(before)) and _closes(plain, mention, words)


def _stands(plain: str, mention: _Mention, words: Sequence[str]) -> bool:
    """Whether the option stands as the answer somewhere after the beginning."""
    before = plain[: mention.begin]
    if " " in mention.words:
        return not _DENIES.search(_SENTENCE.split(before)[-1])
    near = before[-_FARTHEST:]
    led = bool(_LED.search(near)) or bool(mention.words and _LINKED.search(near))
    return led and _closes(plain, mention, words)


def _closes(plain: str, mention: _Mention, words: Sequence[str]) -> bool:
    """Whether what follows leaves the option as it is: an end, punctuation, a reason, or its own words."""
    after = plain[mention.end :]
    own = "" if mention.words else rf"{_CLOSING}[(]?{re.escape(words[mention.option - 1])}(?!\w)"
    return bool(_ENDING.match(after)) or bool(own and re.match(own, after))
