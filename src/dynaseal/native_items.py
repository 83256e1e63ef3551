"""One table's items through the native engine.

The keyring must be one that the engine knows: a raw AES keyring, or a hierarchical keyring with one branch
key, whose branch keys are in its cache. Everything else is left to the Python engine, also a subclass or a
keyring with a method of its own, which may do something else.
"""

from collections.abc import Mapping
from typing import Any

from dynaseal.attributes import Item
from dynaseal.config import TableConfig
from dynaseal.core.context import ATTRIBUTE_PREFIX, PUBLIC_KEY, serialize
from dynaseal.core.shapes import Shape
from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
from dynaseal.native import NativeEngine, Plan, Wrapper

KnownKeyring = RawAesKeyring | AwsKmsHierarchicalKeyring
_METHODS = ("on_encrypt", "on_decrypt")
_COUNT_LENGTH = 2


class NativeItems:
    """Encrypts and decrypts a table's items natively, where that is possible.

    Args:
        engine: The native engine.
        config: The table's configuration.
        context: The entries that every item's encryption context has.
    """

    def __init__(self, engine: NativeEngine, config: TableConfig, context: Mapping[str, str]) -> None:
        self._engine = engine
        self._keyring = known_keyring(config)
        self._is_signed = config.algorithm_suite.is_signed
        before = {key: value for key, value in context.items() if key < PUBLIC_KEY}
        after = {key: value for key, value in context.items() if key > PUBLIC_KEY}
        self._table_entries = (_entries(before), _entries(after), len(context))

    def plan(self, shape: Shape) -> Plan | None:
        """Make the engine's plan for a shape; None if the engine must not be used for it."""
        if self._keyring is None or not shape.binds_keys:
            return None
        return self._engine.Plan(
            version=shape.layout.version,
            legend=shape.layout.legend,
            paths=[path for path, _, _ in shape.layout.canonical],
            encrypted=shape.encrypted,
            signed=shape.only_signed,
            dropped=shape.dropped,
            context=[((ATTRIBUTE_PREFIX + name).encode(), position) for name, position in shape.context],
            table_entries=self._table_entries,
        )

    def encrypt(self, shape: Shape, item: Item) -> dict[str, Any] | None:
        """Encrypt an item; None if the Python engine must."""
        keyring = self._unchanged_keyring()
        if shape.plan is None or keyring is None or not _is_dict(item):
            return None
        wrapper = keyring.writing_wrapper()
        return None if wrapper is None else shape.plan.encrypt(item, wrapper, self._is_signed)

    def peek(self, item: Item) -> tuple[int, bytes, Wrapper] | None:
        """Return version and legend of a stored item, and how to unwrap its data key."""
        keyring = self._unchanged_keyring()
        peeked = self._engine.peek(item) if keyring is not None and _is_dict(item) else None
        if peeked is None or keyring is None:
            return None
        version, legend, branch_key = peeked
        wrapper = keyring.reading_wrapper(branch_key)
        return None if wrapper is None else (version, legend, wrapper)

    def _unchanged_keyring(self) -> KnownKeyring | None:
        keyring = self._keyring
        return None if keyring is None or not vars(keyring).keys().isdisjoint(_METHODS) else keyring


def known_keyring(config: TableConfig) -> KnownKeyring | None:
    """Return a table's keyring if it is of a class that the native engine knows."""
    keyring: Any = config.keyring
    return keyring if type(keyring) in (RawAesKeyring, AwsKmsHierarchicalKeyring) else None


def _is_dict(item: Item) -> bool:
    """Return whether an item is what boto3 makes of one; a subclass may do something else when it is read."""
    return type(item) is dict


def _entries(entries: Mapping[str, str]) -> bytes:
    return serialize(entries)[_COUNT_LENGTH:]
