"""Tunes soft prompts until a frozen language model answers a values survey as a region's people do, and measures it.

The packages `harness.optimizers` and `harness.tasks` live in the folders optimizers/ and tasks/ at the top of the
source tree and are installed below this package (docs/decisions/0001-import-names.md).
"""

from pathlib import Path as _Path

__version__ = "0.1.0"

# In a source tree this file shadows an installed package whenever Python starts in the root; the two mapped folders
# are then beside this package instead of inside it.
_ROOT = _Path(__file__).resolve().parent.parent
if not (_Path(__file__).parent / "optimizers").is_dir() and (_ROOT / "tasks" / "hofstede_vsm").is_dir():
    __path__.append(str(_ROOT))
