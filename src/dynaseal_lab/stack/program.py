"""Run `demo.py` and compare its output with what is expected.

- The program is the one that people read; it runs as a process of its own and knows nothing of this module.
- A run is checked by its exit code and by what it printed; denials by KMS's own words.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from .child_program import started
from .errors import DemonstrationError

TIME_LIMIT = 60
"""Seconds for one run of the program, which takes about one."""

INSTALLED = Path(__file__).parent / "installed" / "demo.py"
"""Where an installed package has `demo.py`: without neighbours, which its imports would find first."""

PLAINTEXT = "behind the third stone"
"""What demo.py keeps secret in its sample item."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected outcome of a run.

    Attributes:
        exit_code: The program's exit code.
        patterns: Regular expressions, each of which must match somewhere in the output.
        forbidden: Strings that must not be in the output.
    """

    exit_code: int
    patterns: Sequence[str]
    forbidden: Sequence[str] = ()


FULL = Expectation(exit_code=0, patterns=(r"EncryptedTable reads", PLAINTEXT, r"aws_dbe_head"))
LIMITED = Expectation(
    exit_code=3,
    patterns=(
        r"plain create +works",
        r"plain read +works",
        r"plain update +works",
        r"plain delete +works",
        r"DescribeTable +works",
        r"encrypted write +refused: .*GenerateDataKey.*AccessDeniedException",
        r"encrypted read +refused: .*Decrypt.*AccessDeniedException",
        r"aws_dbe_head",
    ),
    forbidden=(PLAINTEXT,),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a run: its exit code and everything that it printed, with colours if it printed them."""

    exit_code: int
    printed: str

    def differences(self, expected: Expectation) -> Sequence[str]:
        """Return what is not as expected, one line for each difference.

        Example:
            >>> Outcome(0, "hello").differences(Expectation(3, ["bye"]))
            ['exit code 0 instead of 3', 'nothing printed matches "bye"']
        """
        plain = Text.from_ansi(self.printed).plain
        missing = [
            f'nothing printed matches "{pattern}"'
            for pattern in expected.patterns
            if not re.search(pattern, plain)
        ]
        leaked = [f'"{secret}" was printed' for secret in expected.forbidden if secret in plain]
        code = self.exit_code
        return (
            [f"exit code {code} instead of {expected.exit_code}"] * (code != expected.exit_code)
            + missing
            + leaked
        )


def find() -> Path:
    """Return where `demo.py` is: at `INSTALLED`, or at the root of a checkout.

    Raises:
        DemonstrationError: It is in neither place.
    """
    for path in (INSTALLED, checkout() / "demo.py"):
        if path.is_file():
            return path
    raise DemonstrationError(
        "demo.py is missing. Install dynaseal again, or run this command in a clone of the repository"
    )


def checkout() -> Path:
    """Return the root of the checkout that contains this module."""
    return Path(__file__).parents[3]


def run(program: Path, folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run the program in `folder`, where it finds `.env`, with exactly this environment.

    Raises:
        DemonstrationError: It does not end in time.
    """
    try:
        with started(
            [sys.executable, str(program)],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            printed, _ = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        raise DemonstrationError(f"{program.name} did not end within {TIME_LIMIT} s. Try it again") from None
    return Outcome(process.returncode, printed)
