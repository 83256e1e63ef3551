"""`dynaseal lab serve` as a program of its own, which a test may stop or kill."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dynaseal_lab.server import RunningLab
from dynaseal_lab.testing import LabAccount

ACCOUNT, REGION, SECRET = "111122223333", "eu-west-1", "the-secret-of-roots"


@dataclass(frozen=True)
class LabProgram:
    """A lab that runs as a program; `first_line` is what it printed when it was ready, or empty."""

    process: "subprocess.Popen[str]"
    first_line: str

    @property
    def endpoint(self) -> str:
        """Where the lab accepts requests; empty if it did not start."""
        return self.first_line.strip().rpartition(" ")[2]

    @property
    def account(self) -> LabAccount:
        """An account of the lab, if the lab was started with `SECRET`."""
        return LabAccount(ACCOUNT, RunningLab(self.endpoint, SECRET), REGION)

    def client(self, service: str) -> Any:
        """Return a boto3 client that signs as the account's root."""
        return self.account.client(service)

    def kill(self) -> None:
        """End the program at once (SIGKILL), without a chance to finish anything."""
        self.process.kill()
        self.process.wait()


@contextmanager
def lab_program(*arguments: str) -> Iterator[LabProgram]:
    """Run `dynaseal lab serve` with these arguments until it is ready for requests."""
    command = [sys.executable, "-c", "from dynaseal.cli.main import main; main()", "lab", "serve", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield LabProgram(process, process.stdout.readline())
        finally:
            process.kill()
