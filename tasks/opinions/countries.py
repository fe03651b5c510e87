"""Which of an instrument's countries a region is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.errors import unknown_choice

ALIASES: Final = {
    "BIH": ("Bosnia Herzegovina",),
    "CZE": ("Czech Rep.", "Czech Republic"),
    "GBR": ("Britain", "United Kingdom"),
    "HKG": ("Hong Kong SAR",),
    "IND": ("India (Current national sample)",),
    "KOR": ("S. Korea", "Korea, South"),
    "RUS": ("Russian Federation",),
    "SVK": ("Slovak Republic",),
    "TUR": ("Turkey", "Turkiye"),
    "TWN": ("Taiwan ROC",),
    "USA": ("United States of America",),
    "VNM": ("Viet Nam",),
    "ZAF": ("S. Africa",),
}
"""Other names of our regions. Samples that are not national, or not the current one, are no alias of a country.

Source: country labels of GlobalOpinionQA as programs of third parties list them; codebook.json of WorldValuesBench.
"""


def labels_of(code: str, name: str, known: Sequence[str]) -> tuple[str, ...]:
    """The labels of a region in an instrument: its own name first, then its aliases.

    Args:
        code: of the region, such as GBR.
        name: of the region, such as Great Britain.
        known: the instrument's labels.

    Raises:
        UsageError: it has none; the message lists the closest labels.
    """
    wanted = [one.casefold() for one in (name, *ALIASES.get(code, ()))]
    found = sorted((label for label in known if label.casefold() in wanted), key=lambda x: wanted.index(x.casefold()))
    if not found:
        raise unknown_choice("country", name, known, "give one of them with --country")
    return tuple(found)


def label_named(wanted: str, known: Sequence[str]) -> str:
    """The label that the user gave.

    Raises:
        UsageError: there is none; the message lists the closest ones.
    """
    found = next((label for label in known if label.casefold() == wanted.casefold()), None)
    if found is None:
        raise unknown_choice("country", wanted, known, "give one of them with --country")
    return found
