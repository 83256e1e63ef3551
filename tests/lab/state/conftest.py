"""Labs as programs of their own, which a test may kill, and clients of them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ACCOUNT, REGION, SECRET = "111122223333", "eu-west-1", "the-secret-of-roots"


@dataclass(frozen=True)
class Program:
    """A lab that runs as a program."""

    process: "subprocess.Popen[str]"
    endpoint: str

    def client(self, service: str, secret: str = SECRET, account: str = ACCOUNT) -> Any:
        """A boto3 client of an account's root, which asks once."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=1),
        )

    def kill(self) -> None:
        """End it at once, with nothing said to it (SIGKILL)."""
        self.process.kill()
        self.process.wait()


@contextmanager
def program(state: Path, *arguments: str) -> Iterator[Program]:
    """`dynaseal lab serve --state`, ready for requests."""
    command = [sys.executable, "-c", "from dynaseal.cli.main import main; main()", "lab", "serve"]
    command += ["--state", str(state), "--root-secret", SECRET, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Program(process, process.stdout.readline().strip().rpartition(" ")[2])
        finally:
            process.kill()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where a state folder shall be; it is not there yet."""
    return tmp_path / "state"
