"""Runs the Java program of `interop/java` and exchanges requests with it, one per line."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from dynaseal_lab.stack.environment import isolated_environment
from dynaseal_lab.stack.provision import AccessKey

PROJECT = Path(__file__).parents[2] / "interop" / "java"
_TARGET = PROJECT / "target"
_JAR = _TARGET / "interop.jar"


class NoJavaError(Exception):
    """A required program is not installed."""


class RefusedError(Exception):
    """AWS's library refused a request; the message is its own."""


class JavaSide:
    """Sends requests to the Java program. Each is sent after the reply to the previous one."""

    def __init__(self, requests: IO[str], replies: IO[str], sender: ThreadPoolExecutor) -> None:
        self._requests = requests
        self._replies = replies
        self._sender = sender

    def request(self, do: str, **request: Any) -> Any:
        """Send a request and return its result.

        Raises:
            RefusedError: AWS's library refused.
        """
        return self.send(do, **request).result()

    def send(self, do: str, **request: Any) -> Future[Any]:
        """Send a request without waiting for its result."""
        return self._sender.submit(self._exchange, json.dumps({"do": do, **request}))

    def _exchange(self, line: str) -> Any:
        self._requests.write(line + "\n")
        self._requests.flush()
        reply = self._replies.readline()
        if not reply:
            raise EOFError("the Java program ended; standard error says why")
        return result_of(json.loads(reply))


def result_of(reply: Mapping[str, Any]) -> Any:
    """Return the result in a reply.

    Raises:
        RefusedError: AWS's library refused.
    """
    if "refused" in reply:
        raise RefusedError(reply["refused"])
    return reply["done"]


@contextmanager
def running(endpoint: str, key: AccessKey) -> Iterator[JavaSide]:
    """Run the program with the lab at `endpoint` for the duration of a `with` block.

    Raises:
        NoJavaError: java or mvn is not installed.
        subprocess.CalledProcessError: the build failed; standard error says why.
    """
    java = _program("java")
    _build(_program("mvn"))
    environment = isolated_environment(os.environ, key) | {"AWS_ENDPOINT_URL": endpoint}
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(
            [java, "-jar", str(_JAR)], env=environment, stdin=pipe, stdout=pipe, encoding="utf-8"
        ) as process,
        ThreadPoolExecutor(1) as sender,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        yield JavaSide(process.stdin, process.stdout, sender)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NoJavaError(
            f"{name} is not installed. Install Java 17 and Maven to exchange items with AWS's library"
        )
    return found


def _build(mvn: str) -> None:
    """Build the program if its sources have changed. Waits if another process is building it."""
    sources = sorted([PROJECT / "pom.xml", *(PROJECT / "src").rglob("*.java")])
    digest = sha256(b"".join(sha256(path.read_bytes()).digest() for path in sources)).hexdigest()
    built_from = _TARGET / "built-from"
    _TARGET.mkdir(exist_ok=True)
    with (_TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if built_from.exists() and built_from.read_text() == digest and _JAR.exists():
            return
        subprocess.run([mvn, "-q", "-B", "package"], cwd=PROJECT, check=True)
        built_from.write_text(digest)
