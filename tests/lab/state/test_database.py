"""The database: a reply waits for the disk, and a disk that fails loses nothing."""

import asyncio
import threading
from pathlib import Path

import pytest

from dynaseal_lab.model import Fault
from dynaseal_lab.state.folder import StateFolder, open_folder


def stored_records(folder: StateFolder) -> int:
    """Return how many records are on the disk."""
    return folder.database.rows("SELECT count(*) FROM record")[0][0]


def test_settled_waits_for_a_change(state: Path) -> None:
    async def put() -> None:
        records["key",] = "record"
        assert stored_records(folder) == 0
        await folder.record_store.settled()
        assert stored_records(folder) == 1

    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str)
        asyncio.run(put())


def test_many_changes_share_one_commit_and_all_are_waited_for(state: Path) -> None:
    async def put(number: int) -> None:
        records[str(number),] = "record"
        await folder.record_store.settled()
        assert (str(number),) in read_back() or stored_records(folder) > number

    def read_back() -> set[tuple[str, ...]]:
        return set(folder.record_store.mapping("kind", str))

    async def put_all() -> None:
        await asyncio.gather(*(put(number) for number in range(50)))

    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str)
        asyncio.run(put_all())
        assert stored_records(folder) == 50


def test_a_change_that_no_reply_waits_for_is_written_too(state: Path) -> None:
    async def put() -> None:
        records["key",] = "record"
        await folder.record_store.settled()
        assert stored_records(folder) == 0

    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str, reply_waits=False)
        asyncio.run(put())
    with open_folder(state) as folder:
        assert stored_records(folder) == 1


def test_a_commit_that_the_end_of_the_lab_finds_waiting_is_written(state: Path) -> None:
    writer_is_free = threading.Event()

    async def end_during_a_commit() -> None:
        folder.database._writer.submit(writer_is_free.wait)
        records["key",] = "record"
        folder.database._flush_soon()
        await asyncio.sleep(0.01)
        assert not folder.database._pending

    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str)
        asyncio.run(end_during_a_commit())
        writer_is_free.set()
    with open_folder(state) as folder:
        assert stored_records(folder) == 1


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(state: Path) -> None:
    async def fill() -> None:
        records["first",] = "small"
        await folder.record_store.settled()
        folder.database.rows("PRAGMA max_page_count=1")  # the file may not grow: SQLite says the disk is full
        records["second",] = "x" * 100_000
        with pytest.raises(Fault, match="InternalFailure: The lab cannot write its state: database or disk"):
            await folder.record_store.settled()
        records["third",] = "small"
        with pytest.raises(Fault):
            await folder.record_store.settled()
        folder.database.rows("PRAGMA max_page_count=100000")
        await folder.record_store.settled()

    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str)
        asyncio.run(fill())
    with open_folder(state) as folder:
        assert set(folder.record_store.mapping("kind", str)) == {("first",), ("second",), ("third",)}
