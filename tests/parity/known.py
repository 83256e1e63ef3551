"""The known differences: tests that fail against a lab, each with its reason, in one file."""

from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("known_differences.tsv")


@dataclass(frozen=True)
class KnownDifference:
    """One line of the file; a test's name that ends in `*` stands for every test that begins like it."""

    suite: str
    engine: str
    test: str
    reason: str

    def covers(self, suite: str, engine: str, test: str) -> bool:
        """Return whether the line is about this test on this engine; the engine `*` stands for each."""
        if self.suite != suite or self.engine not in {"*", engine}:
            return False
        return test.startswith(self.test[:-1]) if self.test.endswith("*") else test == self.test


def known_differences() -> list[KnownDifference]:
    """Read the file."""
    lines = FILE.read_text().splitlines()
    return [KnownDifference(*line.split("\t")) for line in lines if line and not line.startswith("#")]
