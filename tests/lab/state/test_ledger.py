"""The ledger: an answer waits for the disk, and a disk that fails loses nothing."""

import asyncio

import pytest

from dynaseal_lab.model import Fault
from dynaseal_lab.state.folder import Folder, opened


def rows(folder: Folder) -> int:
    return folder.ledger.rows("SELECT count(*) FROM record")[0][0]


def test_settled_waits_for_what_was_put(state):
    async def put() -> None:
        shelf["key",] = "record"
        assert rows(folder) == 0
        await folder.shelves.settled()
        assert rows(folder) == 1

    with opened(state) as folder:
        shelf = folder.shelves.open("kind", str)
        asyncio.run(put())


def test_many_changes_share_one_commit_and_all_are_waited_for(state):
    async def put(number: int) -> None:
        shelf[str(number),] = "record"
        await folder.shelves.settled()
        assert (str(number),) in seen() or rows(folder) > number

    def seen() -> set[tuple[str, ...]]:
        return set(folder.shelves.open("kind", str))

    async def put_all() -> None:
        await asyncio.gather(*(put(number) for number in range(50)))

    with opened(state) as folder:
        shelf = folder.shelves.open("kind", str)
        asyncio.run(put_all())
        assert rows(folder) == 50


def test_what_nobody_waits_for_is_written_all_the_same(state):
    async def put() -> None:
        shelf["key",] = "record"
        await folder.shelves.settled()
        assert rows(folder) == 0

    with opened(state) as folder:
        shelf = folder.shelves.open("kind", str, prompt=False)
        asyncio.run(put())
    with opened(state) as folder:
        assert rows(folder) == 1


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(state):
    async def fill() -> None:
        shelf["first",] = "small"
        await folder.shelves.settled()
        folder.ledger.rows("PRAGMA max_page_count=1")  # the file may not grow: SQLite says the disk is full
        shelf["second",] = "x" * 100_000
        with pytest.raises(Fault, match="InternalFailure: The lab cannot write its state: database or disk"):
            await folder.shelves.settled()
        shelf["third",] = "small"
        with pytest.raises(Fault):
            await folder.shelves.settled()
        folder.ledger.rows("PRAGMA max_page_count=100000")
        await folder.shelves.settled()

    with opened(state) as folder:
        shelf = folder.shelves.open("kind", str)
        asyncio.run(fill())
    with opened(state) as folder:
        assert set(folder.shelves.open("kind", str)) == {("first",), ("second",), ("third",)}
