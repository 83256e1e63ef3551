"""One stored item taken from one configuration to another, on an event loop."""

from typing import TypeVar

from dynaseal.aio.encryptor import ItemEncryptor
from dynaseal.aio.running import Turns, run_sized
from dynaseal.attributes import Item
from dynaseal.encryptor import ItemEncryptor as BlockingItemEncryptor
from dynaseal.migrate import transforming
from dynaseal.migrate.transforming import Outcome, Plaintext

_Other = TypeVar("_Other")


async def transform(
    item: Item,
    source: ItemEncryptor | BlockingItemEncryptor,
    target: ItemEncryptor | BlockingItemEncryptor | Plaintext,
) -> Outcome:
    """Take a stored item from one configuration to another; see `dynaseal.migrate.transform`.

    Args:
        item: The stored item, whole and in wire form. It is not changed.
        source: Reads items of the old configuration.
        target: Writes items of the new one; or `dynaseal.migrate.PLAINTEXT`, to decrypt them for good.

    Returns:
        The outcome. An item that cannot be read or written is an outcome too, and not an exception.

    Raises:
        ConfigError: the target writes items of the older format, or items that are not encrypted without
            being `PLAINTEXT`.
    """
    old, new = _blocking(source), _blocking(target)
    return await run_sized(Turns(), item, transforming.transform, item, old, new)


def _blocking(encryptor: ItemEncryptor | _Other) -> BlockingItemEncryptor | _Other:
    return encryptor.blocking if isinstance(encryptor, ItemEncryptor) else encryptor
