"""The command `harness`, and `python -m harness`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and exits; an interrupt while it is loaded ends it as a later one does."""
    try:
        from harness.cli.main import run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
