"""Runs `demo.py` and holds what it says against what must be.

- The program is the one that people read: it runs as a process of its own and knows nothing of this module.
- Each outcome is judged by exit code and by what is printed, the denials by KMS's own words.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from .errors import DemonstrationError

TIME_LIMIT = 60
"""Seconds for one run of the program, which takes about one."""

PLAINTEXT = "behind the third stone"
"""What demo.py keeps secret in its sample item."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one user's run must look like.

    Attributes:
        exit_code: The program's exit code.
        said: Regular expressions, each of which matches in what it printed.
        unsaid: Texts that it must not have printed.
    """

    exit_code: int
    said: Sequence[str]
    unsaid: Sequence[str] = ()


FULL = Expectation(exit_code=0, said=(r"EncryptedTable reads", PLAINTEXT, r"aws_dbe_head"))
LIMITED = Expectation(
    exit_code=3,
    said=(
        r"plain create +works",
        r"plain read +works",
        r"plain update +works",
        r"plain delete +works",
        r"DescribeTable +works",
        r"encrypted write +refused: .*GenerateDataKey.*AccessDeniedException",
        r"encrypted read +refused: .*Decrypt.*AccessDeniedException",
        r"aws_dbe_head",
    ),
    unsaid=(PLAINTEXT,),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `text` is all that it printed, with a terminal's colours if it was asked for them."""

    exit_code: int
    text: str

    def differences(self, expected: Expectation) -> Sequence[str]:
        """What is not as expected, one line each; nothing if all is.

        Example:
            >>> Outcome(0, "hello").differences(Expectation(3, ["bye"]))
            ['exit code 0 instead of 3', 'nothing printed matches "bye"']
        """
        plain = Text.from_ansi(self.text).plain
        found = [
            f'nothing printed matches "{pattern}"'
            for pattern in expected.said
            if not re.search(pattern, plain)
        ]
        leaked = [f'"{text}" was printed' for text in expected.unsaid if text in plain]
        code = self.exit_code
        return (
            [f"exit code {code} instead of {expected.exit_code}"] * (code != expected.exit_code)
            + found
            + leaked
        )


def find() -> Path:
    """Where `demo.py` is: beside this module in an installed package, at the root of a checkout.

    Raises:
        DemonstrationError: it is at neither place.
    """
    here = Path(__file__)
    for place in (here.with_name("demo.py"), checkout() / "demo.py"):
        if place.is_file():
            return place
    raise DemonstrationError("demo.py is missing. Install dynaseal again, or run it in a checkout")


def checkout() -> Path:
    """The root of the checkout that this module is in."""
    return Path(__file__).parents[3]


def run(program: Path, folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run the program in `folder`, where it finds `.env`, with `environment` and nothing else.

    Raises:
        DemonstrationError: it did not end in time.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own program, without arguments
            [sys.executable, str(program)],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DemonstrationError(f"{program.name} did not end within {TIME_LIMIT} s. Try it again") from None
    return Outcome(done.returncode, done.stdout)
