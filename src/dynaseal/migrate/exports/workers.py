"""Processes that transform chunks, each with configurations and keyrings of its own.

- Each process makes its configurations once, by the function that it is given: keys and connections do not
  leave a process.
- Processes are spawned, not forked, and each has a pipe to the parent alone. So when the parent ends, however
  it ends, each of them reads the end of its pipe and ends too.
- The parent sends a chunk only to a process that is waiting for one, and a process sends a result only after
  a chunk. So neither waits for the other to read.
- Ctrl-C in a terminal is sent to every process; the parent alone answers it.
"""

import pickle
import signal
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from threading import current_thread, main_thread
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, cast

from dynaseal.errors import DynasealError
from dynaseal.materials.kms_calls import KmsCall
from dynaseal.migrate.exports.chunks import TransformedChunk, transform_chunk
from dynaseal.migrate.exports.compression import fastest
from dynaseal.migrate.exports.lines import LineTransformer
from dynaseal.migrate.exports.reading import Chunk

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

TransformerFactory = Callable[[], LineTransformer]
"""A function of a module, or a `functools.partial` of one, so that another process can import and call it."""

_SECONDS_TO_END = 5


class WorkerError(Exception):
    """A process ended without being told to, or failed before it had read a line."""


class Workers(Protocol):
    """What transforms chunks, several at a time, with results in any order."""

    @property
    def is_free(self) -> bool:
        """Whether a chunk can be submitted now."""
        ...

    def submit(self, index: int, chunk: Chunk) -> None:
        """Begin to transform a chunk; `index` names it among the results."""
        ...

    def results(self) -> Iterator[tuple[int, TransformedChunk]]:
        """Wait until at least one submitted chunk is done, and yield all that are."""
        ...

    def kms_calls(self) -> Mapping[KmsCall, int]:
        """Return how many KMS calls have been made."""
        ...


class InThisProcess:
    """Transforms chunks in the calling process, one at a time."""

    def __init__(self, factory: TransformerFactory, *, compress: bool) -> None:
        self._transformer = factory()
        self._compression = fastest() if compress else None
        self._submitted: list[tuple[int, Chunk]] = []

    @property
    def is_free(self) -> bool:
        """Whether no chunk is waiting."""
        return not self._submitted

    def submit(self, index: int, chunk: Chunk) -> None:
        """Keep a chunk for `results`."""
        self._submitted.append((index, chunk))

    def results(self) -> Iterator[tuple[int, TransformedChunk]]:
        """Transform the chunk that was submitted."""
        index, chunk = self._submitted.pop()
        yield index, transform_chunk(chunk, self._transformer, self._compression)

    def kms_calls(self) -> Mapping[KmsCall, int]:
        """Return how many KMS calls this process has made for the two configurations."""
        return self._transformer.kms_calls()


class Processes:
    """Transforms chunks in several processes. A context manager: at its end they end.

    Args:
        count: How many processes.
        factory: Makes each process's transformer.
        compress: Whether to compress the results.
    """

    def __init__(self, count: int, factory: TransformerFactory, *, compress: bool) -> None:
        context = get_context("spawn")
        self._processes: list[SpawnProcess] = []
        self._free: list[Connection] = []
        self._busy: dict[Connection, int] = {}
        self._calls: dict[Connection, Mapping[KmsCall, int]] = {}
        with _without_interrupts():
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs, factory, compress), daemon=True)
                process.start()
                theirs.close()
                self._processes.append(process)
                self._free.append(ours)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in (*self._free, *self._busy):
            connection.close()
        for process in self._processes:
            if kind is not None:
                process.terminate()
            process.join(_SECONDS_TO_END)

    @property
    def is_free(self) -> bool:
        """Whether a process waits for a chunk."""
        return bool(self._free)

    def submit(self, index: int, chunk: Chunk) -> None:
        """Send a chunk to a process that waits for one.

        Raises:
            WorkerError: the process has ended.
        """
        connection = self._free.pop()
        self._busy[connection] = index
        try:
            # Not `send`: it pickles into a BytesIO whose buffer an error then keeps, and Python 3.12.1
            # crashes when it collects that at the end of the process.
            connection.send_bytes(pickle.dumps(chunk))
        except OSError:
            # It failed before it read its first chunk; its pipe may still hold the reason.
            self._receive(connection)
            raise WorkerError("A process that transforms items ended before it was sent any") from None

    def results(self) -> Iterator[tuple[int, TransformedChunk]]:
        """Wait until at least one process is done, and yield the results of all that are."""
        for ready in wait(list(self._busy)):
            connection = cast("Connection", ready)
            result = self._receive(connection)
            self._calls[connection] = result.kms_calls
            index = self._busy.pop(connection)
            self._free.append(connection)
            yield index, result

    def kms_calls(self) -> Mapping[KmsCall, int]:
        """Return how many KMS calls all processes have made."""
        total: dict[KmsCall, int] = {}
        for calls in self._calls.values():
            for call, count in calls.items():
                total[call] = total.get(call, 0) + count
        return total

    def _receive(self, connection: Connection) -> TransformedChunk:
        try:
            received: object = connection.recv()
        except (EOFError, OSError):
            raise WorkerError(
                "A process that transforms items ended without a result; it may have been killed, for "
                "example because memory was short"
            ) from None
        if isinstance(received, BaseException):
            raise received
        return cast("TransformedChunk", received)


def _work(connection: Connection, factory: TransformerFactory, compress: bool) -> None:
    """What each process does until its pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        transformer = factory()
        compression = fastest() if compress else None
        while True:
            connection.send(transform_chunk(connection.recv(), transformer, compression))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent has ended, or has no more chunks
    except Exception as error:  # noqa: BLE001 the parent raises it
        with suppress(OSError):
            connection.send(_portable(error))


def _portable(error: Exception) -> Exception:
    """Return an error that can be pickled: the same one if it is known that it can be."""
    if isinstance(error, DynasealError) or type(error).__module__.partition(".")[0] == "botocore":
        return error
    return WorkerError(f"A process that transforms items failed: {type(error).__name__}: {error}")


@contextmanager
def _without_interrupts() -> Generator[None, None, None]:
    """Have processes that are started ignore SIGINT from their first moment."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
