"""The filter as a whole: chunks are read, transformed in several processes, and written in order.

Memory is bounded: a chunk is read only when a process is free, and when fewer than `_WINDOW` chunks per
process are read and not yet written. So a slow writer stops the reader.
"""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from dynaseal.materials.kms_calls import KmsCall
from dynaseal.migrate.exports.chunks import FailedLine, TransformedChunk
from dynaseal.migrate.exports.compression import fastest
from dynaseal.migrate.exports.reading import Chunk, InputError, open_input, read_chunks
from dynaseal.migrate.exports.workers import InThisProcess, Processes, TransformerFactory, Workers
from dynaseal.migrate.exports.writing import GzipOutput, Output, PlainOutput

_WINDOW = 4


@dataclass
class Counts:
    """What has become of the lines so far.

    Attributes:
        changed: Lines whose items were transformed.
        skipped: Lines whose items were already as the target would write them.
        failed: Lines that are not in the output.
        blank: Lines without anything in them; they are not in the output either.
        kms_calls: How many KMS calls were made, by operation and key.
    """

    changed: int = 0
    skipped: int = 0
    failed: int = 0
    blank: int = 0
    kms_calls: Mapping[KmsCall, int] = field(default_factory=dict[KmsCall, int])

    @property
    def lines(self) -> int:
        """How many lines there were in all."""
        return self.changed + self.skipped + self.failed + self.blank

    def add(self, chunk: TransformedChunk) -> None:
        """Add a chunk's lines."""
        self.changed += chunk.changed
        self.skipped += chunk.skipped
        self.failed += len(chunk.failed)
        self.blank += chunk.blank


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def transform_stream(
    source: BinaryIO,
    destination: BinaryIO,
    factory: TransformerFactory,
    *,
    jobs: int,
    report_failures: Callable[[tuple[FailedLine, ...]], None],
    report_progress: Callable[[Counts], None],
) -> Counts:
    """Transform every line of a stream, in order.

    Args:
        source: Lines in DynamoDB JSON; gzip is recognised, and then the output is gzip too.
        destination: Where the transformed lines are written.
        factory: Makes the transformer, once in each process.
        jobs: How many processes transform; with 1 it is the calling one.
        report_failures: Called with failed lines, in order.
        report_progress: Called after each chunk that was written.

    Returns:
        The counts of all lines. If this raises instead, the output does not look whole.

    Raises:
        InputError: the input is cut off or damaged.
        OSError: the output cannot be written.
        WorkerError: a process ended.
    """
    compression = fastest()
    lines, is_gzip = open_input(source, compression)
    output: Output = GzipOutput(destination) if is_gzip else PlainOutput(destination)
    counts = Counts()
    with _workers(jobs, factory, compress=is_gzip) as workers:
        for chunk in _in_order(read_chunks(lines, compression), workers, _WINDOW * jobs):
            output.write(chunk.data, chunk.crc, chunk.length)
            counts.add(chunk)
            counts.kms_calls = workers.kms_calls()
            if chunk.failed:
                report_failures(chunk.failed)
            report_progress(counts)
    output.close()
    return counts


@contextmanager
def _workers(jobs: int, factory: TransformerFactory, *, compress: bool) -> Generator[Workers, None, None]:
    if jobs == 1:
        yield InThisProcess(factory, compress=compress)
        return
    with Processes(jobs, factory, compress=compress) as processes:
        yield processes


def _in_order(chunks: Iterator[Chunk], workers: Workers, window: int) -> Iterator[TransformedChunk]:
    """Transform chunks, at most `window` of them at a time, and yield the results in the chunks' order.

    What was read before an error of the input is yielded before the error is raised.
    """
    done: dict[int, TransformedChunk] = {}
    submitted = finished = 0
    error: Exception | None = None
    is_ended = False
    while not is_ended or finished < submitted:
        while not is_ended and workers.is_free and submitted - finished < window:
            try:
                chunk = next(chunks, None)
            except InputError as raised:
                error, chunk = raised, None
            if chunk is None:
                is_ended = True
            else:
                workers.submit(submitted, chunk)
                submitted += 1
        if finished < submitted:
            done.update(workers.results())
            while finished in done:
                yield done.pop(finished)
                finished += 1
    if error is not None:
        raise error
