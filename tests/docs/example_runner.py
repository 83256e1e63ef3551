"""Runs a page's examples as a reader runs them: saves its files and types its commands in a new folder.

No table, key, lab or setting exists unless the page creates it. In particular, no variable of AWS is set.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue

import pytest

from docs.pages import PROGRAM, Block, Page

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
"""Where a reader's shell looks for programs."""
_SECONDS_PER_COMMAND = 60
_SERVE = "dynaseal lab serve"


class Terminal:
    """A bash in a folder. What a command changes, such as a variable, holds for the next one."""

    def __init__(self, folder: Path) -> None:
        environment = {
            "PATH": PATH,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
        }
        self._bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: Queue[str] = Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def run(self, command: str) -> str:
        """Run a command, and return all its output.

        If the command is a shell, such as `dynaseal lab run -- bash`, it stays open for the next commands.
        """
        mark = uuid.uuid4().hex
        self.start(f"{command}\necho {mark}")
        return self.output_until(re.compile(f"{mark}\n")).removesuffix(f"{mark}\n")

    def start(self, command: str) -> None:
        """Type a command, and do not wait for it."""
        assert self._bash.stdin is not None
        self._bash.stdin.write(f"{command}\n")
        self._bash.stdin.flush()

    def output_until(self, last: re.Pattern[str]) -> str:
        """Return the output up to the first line in which the pattern is found."""
        output = ""
        while not last.search(output):
            try:
                output += self._lines.get(timeout=_SECONDS_PER_COMMAND)
            except Empty:
                pytest.fail(f"No more output after\n{output}", pytrace=False)
        return output

    def close(self) -> None:
        """End the shell and what still runs in it, as closing a terminal does."""
        assert self._bash.stdin is not None
        self._bash.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._bash.wait(timeout=0.5)
        # A program that was started with `&` outlives its shell, and keeps the output open.
        with suppress(ProcessLookupError, PermissionError):  # the latter on macOS, if all have ended
            os.killpg(self._bash.pid, signal.SIGTERM)
        self._bash.wait(timeout=_SECONDS_PER_COMMAND)
        self._reading.join(timeout=_SECONDS_PER_COMMAND)
        assert self._bash.stdout is not None
        self._bash.stdout.close()

    def _read(self) -> None:
        assert self._bash.stdout is not None
        for line in self._bash.stdout:
            self._lines.put(line)


class Reader:
    """Someone who follows a page: saves its files, types its commands, and compares what they print."""

    def __init__(self, page: Page, folder: Path) -> None:
        self._page = page
        self._folder = folder
        self._terminals = [Terminal(folder)]

    def follow(self) -> None:
        """Go through the page from top to bottom."""
        if self._page.program:
            (self._folder / PROGRAM).write_text(self._page.program, encoding="utf-8")
        for block in self._page.blocks:
            if block.file_name:
                (self._folder / block.file_name).write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                for command, expected in block.commands:
                    self._run(block, command, expected)

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()

    def _run(self, block: Block, command: str, expected: str) -> None:
        if PROGRAM in command:
            expected += self._page.program_output
        run = self._serve if command.startswith(_SERVE) else self._terminals[0].run
        printed = run(command)
        if not matches(expected, printed):
            where = f"{self._page.name}:{block.line}"
            pytest.fail(
                f"{where}: {command}\nshould print\n{expected}\nbut printed\n{printed}", pytrace=False
            )

    def _serve(self, command: str) -> str:
        """Start a lab in a second terminal, and paste what it prints to be exported into the first."""
        server = Terminal(self._folder)
        self._terminals.append(server)
        server.start(f"exec {command}")
        printed = server.output_until(re.compile("^lab ready", re.MULTILINE))
        # Whether the native engine is installed is not the page's matter.
        printed = "\n".join(line for line in printed.splitlines() if not line.startswith("Note: "))
        for line in printed.splitlines():
            if line.startswith("export "):
                self._terminals[0].run(line)
        return printed


@contextmanager
def reader(page: Page, folder: Path) -> Iterator[Reader]:
    """Return the reader of a page, and close their terminals at the end."""
    somebody = Reader(page, folder)
    try:
        yield somebody
    finally:
        somebody.close()


def matches(expected: str, printed: str) -> bool:
    """Return whether the output matches the page, where `...` matches anything."""
    parts = map(re.escape, " ".join(expected.split()).split("..."))
    return re.fullmatch(".*".join(parts), " ".join(printed.split())) is not None
