"""What the command prints: progress on standard error, a program's own output on standard output."""

import os

from rich.console import Console
from rich.text import Text


class Output:
    """Prints steps and results, in colour on a terminal."""

    def __init__(self) -> None:
        # rich leaves bold and dim on with NO_COLOR; without a colour system it prints no escape sequence.
        color_system = None if os.environ.get("NO_COLOR") else "auto"
        self._progress = Console(
            stderr=True, markup=False, highlight=False, soft_wrap=True, color_system=color_system
        )
        self._output = Console(markup=False, highlight=False, soft_wrap=True, color_system=color_system)

    def step(self, title: str) -> None:
        """Print the title of a step."""
        self._progress.print(title, style="bold")

    def detail(self, line: str) -> None:
        """Print a detail of the step."""
        self._progress.print(f"  {line}", style="dim")

    def verdict(self, line: str, *, good: bool) -> None:
        """Print whether something was as expected."""
        self._progress.print(f"  {line}", style="green" if good else "bold red")

    def program(self, printed: str) -> None:
        """Print what a program printed."""
        self._output.print(Text.from_ansi(printed.rstrip()))

    @property
    def appearance(self) -> dict[str, str]:
        """Environment variables that make a program print as if it had this terminal."""
        colours = {"FORCE_COLOR": "1"} if self._output.color_system else {}
        return {"COLUMNS": str(max(self._output.width, 80)), **colours}
