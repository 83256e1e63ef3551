"""One target under atheris: `python -m fuzz.worker TARGET CORPUS [libFuzzer's options]`.

atheris is imported when it runs: only `make fuzz` installs it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Fuzz until an option of libFuzzer ends it, or an input breaks a rule."""
    program, name, *options = sys.argv
    atheris: Any = import_module("atheris")
    # Only code that is imported in here is watched: which lines an input reaches decides what is tried next.
    with atheris.instrument_imports(include=["dynaseal"]):
        run = import_module("fuzz.targets").TARGETS[name].run

    def one_input(data: bytes) -> None:
        run(data)

    atheris.Setup([program, *options], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
