"""What the command says: progress on standard error, what a program printed on standard output."""

from rich.console import Console
from rich.text import Text


class Output:
    """Says what happens; colours only on a terminal."""

    def __init__(self) -> None:
        self._progress = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
        self._output = Console(markup=False, highlight=False, soft_wrap=True)

    def step(self, text: str) -> None:
        """Begin a step."""
        self._progress.print(text, style="bold")

    def detail(self, text: str) -> None:
        """Tell a detail of the step."""
        self._progress.print(f"  {text}", style="dim")

    def verdict(self, text: str, *, good: bool) -> None:
        """Say whether something was as expected."""
        self._progress.print(f"  {text}", style="green" if good else "bold red")

    def program(self, text: str) -> None:
        """Pass on what the program printed."""
        self._output.print(Text.from_ansi(text.rstrip()))

    @property
    def appearance(self) -> dict[str, str]:
        """Environment variables by which the program prints as it would on this terminal."""
        colours = {"FORCE_COLOR": "1"} if self._output.color_system else {}
        return {"COLUMNS": str(max(self._output.width, 80)), **colours}
