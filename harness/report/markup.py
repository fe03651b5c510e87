"""HTML from templates in which every name is text: escaped where it is printed, and spelt out where it is not.

A page's own policy lets a browser load and run nothing but the style and the script that stand in it.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.report.literal import literal

FOLDER: Final = Path(__file__).parent


def render(template: str, values: dict[str, Any]) -> str:
    """A template of this folder, filled.

    Args:
        template: its file name.
        values: by the names that it uses; one that is missing is an error.
    """
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_spelt_out,
    )
    return environment.get_template(template).render(values).strip()


def own_files(*names: str) -> tuple[str, str]:
    """Files of this folder in one, as they stand in a page, and their hash as its policy names it."""
    return hashed("".join((FOLDER / name).read_text(encoding="utf-8") for name in names))


def hashed(text: str) -> tuple[str, str]:
    """A style or a script of ours with its hash as a page's policy names it."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return text, f"sha256-{digest}"


def _spelt_out(value: Any) -> Any:
    """What a template prints, before it is escaped; a part of the page that is made already stays as it is."""
    return literal(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
