"""One run of a migration: a parallel scan, each of whose items is moved.

- Each segment of the scan is read by a thread of its own, page by page. When all items of a page are handled,
  the checkpoint is saved. A migration that was killed begins again with the pages that it had not finished;
  their items that were already written verify, and are skipped.
- Items that failed in an earlier run are tried again first. If the scan was finished, only they are.
- If the scan was finished and nothing failed, the next run is a new scan.
- An error that is not about one item, such as a missing permission, ends the run. The checkpoint stays.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from dynaseal.attributes import Item
from dynaseal.encryptor import ItemEncryptor
from dynaseal.materials.kms_calls import KmsCall
from dynaseal.migrate.checkpoint import Checkpoint
from dynaseal.migrate.limits import UnitLimit
from dynaseal.migrate.moving import ItemMover
from dynaseal.migrate.reports import Consumed, Estimate, Handled, MigrationReport, Progress
from dynaseal.migrate.selecting import Selection
from dynaseal.migrate.survey import Survey
from dynaseal.migrate.table_access import TableAccess
from dynaseal.migrate.transforming import Plaintext, Target

MAX_FAILURES = 10_000
"""After this many failures a run ends: the configurations are wrong, and not single items."""
Mode = Literal["run", "dry-run", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a migration does, and to which tables.

    Attributes:
        client: A client that takes and returns wire values, and does not encrypt.
        table: The name of the table that the items are in.
        target_table: The name of the table that they are copied into; None if they are changed in place.
        source: Reads the items.
        target: Writes the items.
        selection: Which items are taken.
        renew: Whether items get new data keys although nothing else about them would change.
        max_read_units: The limit of read units per second; None for no limit.
        max_write_units: The limit of write units per second; None for no limit.
    """

    client: Any
    table: str
    target_table: str | None
    source: ItemEncryptor
    target: Target
    selection: Selection
    renew: bool
    max_read_units: float | None
    max_write_units: float | None

    def access(self, name: str) -> TableAccess:
        """Return the access to one of the tables."""
        reads, writes = UnitLimit(self.max_read_units), UnitLimit(self.max_write_units)
        return TableAccess(self.client, name, reads=reads, writes=writes)


class Run:
    """One run of a migration.

    Args:
        plan: What the migration does.
        mode: What is done with items.
        checkpoint: The state, which is changed.
        progress: Called after each page; None if nobody wants it.
    """

    def __init__(
        self,
        plan: Plan,
        mode: Mode,
        checkpoint: Checkpoint,
        progress: Callable[[Progress], object] | None,
    ) -> None:
        self._plan = plan
        self._mode: Mode = mode
        target_table = plan.target_table
        if target_table is not None and mode == "verify":
            self._table, into = plan.access(target_table), None
        else:
            self._table = plan.access(plan.table)
            into = None if target_table is None else plan.access(target_table)
        self._mover = ItemMover(
            self._table,
            plan.source,
            plan.target,
            target_table=into,
            selection=plan.selection,
            renew=plan.renew,
        )
        checkpoint.begin_again_if_finished()
        self._checkpoint = checkpoint
        self._before = checkpoint.consumed
        self._calls_before = self._kms_calls()
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._progress = progress
        self._progress_lock = threading.Lock()
        self._total: int | None = None
        self._survey = Survey(
            self._mover,
            kms_calls=self._kms_calls,
        )

    def finish(self) -> MigrationReport:
        """Handle every item that is left, and return the report."""
        with suppress(ClientError):
            # The permission for DescribeTable is needed for nothing else here.
            self._total = self._table.item_count() if self._progress is not None else None
        self._retry_failures()
        unfinished = [n for n, segment in enumerate(self._checkpoint.segments) if not segment.done]
        if unfinished:
            with ThreadPoolExecutor(len(unfinished), thread_name_prefix="dynaseal-migrate") as pool:
                futures = [pool.submit(self._read_segment, number) for number in unfinished]
                try:
                    for future in futures:
                        future.result()
                except BaseException:
                    self._stop.set()
                    raise
        return self._report()

    def _read_segment(self, number: int) -> None:
        start = self._checkpoint.segments[number].next
        segments = len(self._checkpoint.segments)
        try:
            while not self._stop.is_set():
                items, start = self._table.scan(number, segments, start, consistent=self._mode == "verify")
                handled: list[Handled] = []
                for item in items:
                    if self._stop.is_set():
                        return
                    handled.append(self._handle(item))
                self._checkpoint.finish_page(number, start, handled, self._consumed())
                self._report_progress()
                if len(self._checkpoint.failures) >= MAX_FAILURES:
                    self._stop.set()
                if start is None:
                    return
        except BaseException:
            self._stop.set()
            raise

    def _handle(self, item: Item) -> Handled:
        match self._mode:
            case "run":
                return self._mover.move(item)
            case "verify":
                return self._mover.verify(item)
            case "dry-run":
                return self._survey.look_at(item)

    def _retry_failures(self) -> None:
        """Move the items again that failed in an earlier run."""
        if self._mode != "run" or not self._checkpoint.failures:
            return
        failures = list(self._checkpoint.failures.values())
        for failure in failures:
            handled = self._mover.move_key(failure.key, failure.form)
            self._checkpoint.finish_retries([handled], self._consumed())
        self._report_progress()

    def _report_progress(self) -> None:
        if self._progress is None:
            return
        with self._progress_lock:
            states = self._checkpoint.states()
            self._progress(
                Progress(
                    items=sum(states.values()), states=states, total=self._total, consumed=self._consumed()
                )
            )

    def _consumed(self) -> Consumed:
        """Return what the whole migration has consumed, before an interruption too."""
        return self._before + Consumed(
            kms_calls=self._kms_calls() - self._calls_before,
            read_units=self._table.reads.consumed,
            write_units=self._table.writes.consumed,
            seconds=time.monotonic() - self._began,
        )

    def _kms_calls(self) -> Counter[KmsCall]:
        calls = self._plan.source.kms_calls
        return calls if isinstance(self._plan.target, Plaintext) else calls + self._plan.target.kms_calls

    def _report(self) -> MigrationReport:
        checkpoint = self._checkpoint
        totals = checkpoint.totals
        forms = Counter(totals.forms)
        forms.update(failure.form for failure in checkpoint.failures.values())
        consumed = self._consumed()
        return MigrationReport(
            table=self._table.name,
            mode=self._mode,
            complete=checkpoint.is_complete,
            states={} if self._mode == "dry-run" else self._checkpoint.states(),
            forms=forms,
            keys=totals.keys,
            failures=tuple(checkpoint.failures.values()),
            consumed=consumed,
            estimate=self._estimate(consumed) if self._mode == "dry-run" else None,
        )

    def _estimate(self, consumed: Consumed) -> Estimate:
        return self._survey.estimate(
            read_units=consumed.read_units,
            segments=len(self._checkpoint.segments),
            max_read_units=self._plan.max_read_units,
            max_write_units=self._plan.max_write_units,
            is_copy=self._plan.target_table is not None,
        )
