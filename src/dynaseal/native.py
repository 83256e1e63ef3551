"""The native engine: a faster implementation of the usual case, where `dynaseal-native` is installed.

- It encrypts and decrypts whole items, with the same bytes as the Python engine.
- It returns None for whatever is not the usual case, and for every item that does not verify. The Python
  engine then decides, and words the error. So both accept the same, and messages come from one place.
- `DYNASEAL_ENGINE=python` in the environment refuses it.
"""

import logging
import os
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, TypeAlias, cast

from dynaseal.attributes import Item
from dynaseal.errors import ConfigError

MODULE = "dynaseal_native"
VARIABLE = "DYNASEAL_ENGINE"
_INTERFACE = 2

_logger = logging.getLogger("dynaseal")


class Wrapper(Protocol):
    """A keyring that the native engine knows, ready for use. It shows nothing of its key."""


class Wrappers(Protocol):
    """Makes wrappers."""

    @staticmethod
    def raw_aes(namespace: str, name: str, key: bytes) -> Wrapper:
        """Make the wrapper of a raw AES keyring; the key must be 16, 24 or 32 bytes."""
        ...

    @staticmethod
    def branch_key(branch_key_id: str, version: bytes, key: bytes) -> Wrapper:
        """Make the wrapper of one version of a branch key: the 16 bytes of its UUID, and 32 bytes."""
        ...


class FieldsToEncrypt(Protocol):
    """An item that is to be encrypted, in the native engine's form. It can be sealed once.

    Attributes:
        entries: The entries that its attributes add to the encryption context, in order.
        serialized: The encryption context with those of the table, serialised.
    """

    @property
    def entries(self) -> dict[str, str]: ...  # noqa: D102 see the class
    @property
    def serialized(self) -> bytes: ...  # noqa: D102 see the class

    def seal(
        self,
        *,
        context: bytes,
        stored_context: bytes,
        data_keys: Sequence[tuple[str, bytes, bytes]],
        data_key: bytes,
        tag_keys: Sequence[bytes],
        message_id: bytes,
        is_signed: bool,
    ) -> tuple[dict[str, Any], bytes] | None:
        """Encrypt the item; see `dynaseal.core.engine.SealingKeys`.

        Returns:
            The item to store without a signature, and the hash that a signature must sign; None if the Python
            engine must decide.
        """
        ...


class FieldsToDecrypt(Protocol):
    """A stored item in the native engine's form. It can be unsealed once.

    Attributes:
        entries: The entries that its attributes add to the encryption context, in order.
        serialized: The encryption context with those of the table, serialised.
    """

    @property
    def entries(self) -> dict[str, str]: ...  # noqa: D102 see the class
    @property
    def serialized(self) -> bytes: ...  # noqa: D102 see the class

    def unseal(
        self, *, context: bytes, data_key_count: int, data_key: bytes, tag_key: bytes, point: bytes | None
    ) -> dict[str, Any] | None:
        """Verify and decrypt the item, whose header was read; None if the Python engine must decide."""
        ...


class Plan(Protocol):
    """What happens to the attributes of items of one shape."""

    def encrypt(self, item: Item, wrapper: Wrapper, is_signed: bool, /) -> dict[str, Any] | None:
        """Encrypt an item; None if the Python engine must decide."""
        ...

    def decrypt(self, item: Item, wrapper: Wrapper, /) -> dict[str, Any] | None:
        """Verify and decrypt an item; None if the Python engine must decide."""
        ...

    def plaintext_fields(self, item: Item, /) -> FieldsToEncrypt | None:
        """Take an item that is to be encrypted with materials from Python; None if Python must take it."""
        ...

    def stored_fields(self, item: Item, /) -> FieldsToDecrypt | None:
        """Take a stored item that is to be decrypted with materials from Python; None if Python must."""
        ...


class Plans(Protocol):
    """Makes plans."""

    def __call__(
        self,
        *,
        version: int,
        legend: bytes,
        paths: Sequence[bytes],
        names: Sequence[str],
        dropped: Sequence[str],
        context: Sequence[tuple[bytes, int]],
        table_entries: tuple[bytes, bytes, int],
    ) -> Plan:
        """Make a plan; see the engine's own documentation."""
        ...


Job: TypeAlias = tuple[Plan, Item, Wrapper]
"""An item, and what the native engine needs to encrypt or decrypt it."""


class NativeEngine(Protocol):
    """The module `dynaseal_native`."""

    __version__: str
    Plan: Plans
    Wrapper: type[Wrappers]

    def peek(self, item: Item, /) -> tuple[int, bytes, tuple[bytes, bytes] | None] | None:
        """Return version and legend of a stored item's header, and its branch key's id and version."""
        ...

    def encrypt_many(self, jobs: Sequence[Job | None], is_signed: bool, /) -> list[dict[str, Any] | None]:
        """Encrypt items; the result has None for each that the Python engine must decide about."""
        ...

    def decrypt_many(self, jobs: Sequence[Job | None], /) -> list[dict[str, Any] | None]:
        """Decrypt items; the result has None for each that the Python engine must decide about."""
        ...


@cache
def native_engine() -> NativeEngine | None:
    """Return the native engine, or None if it is not installed or refused.

    Raises:
        ConfigError: the environment asks for an engine that does not exist, or cannot be used.
    """
    choice = os.environ.get(VARIABLE, "")
    if choice not in ("", "python", "native"):
        raise ConfigError(
            f"The environment variable {VARIABLE} is {choice!r}",
            hint="Set it to python or native, or unset it",
        )
    if choice == "python":
        return None
    if find_spec(MODULE) is not None:
        try:
            return _import_engine()
        except ImportError as error:
            problem = str(error)
    elif choice == "native":
        problem = "dynaseal-native is not installed"
    else:
        return None
    if choice == "native":
        raise ConfigError(
            f"The environment variable {VARIABLE} is 'native', and {problem}",
            hint="Build it with `make native`, or unset the variable",
        )
    _logger.warning("The native engine is not used: %s", problem)
    return None


def _import_engine() -> NativeEngine:
    """Import the native engine.

    Raises:
        ImportError: it cannot be used; the message says why.
    """
    try:
        engine: Any = import_module(MODULE)
    except ImportError as error:  # such as an engine that was built for another system
        raise ImportError(f"dynaseal-native cannot be imported: {error}") from error
    if getattr(engine, "INTERFACE", None) != _INTERFACE:
        raise ImportError(
            "the installed dynaseal-native does not fit this version of dynaseal: install the one that was "
            "released with it"
        )
    return cast("NativeEngine", engine)


def engine_name() -> str:
    """Return which engine encrypts and decrypts items, for people to read."""
    engine = native_engine()
    return "python" if engine is None else f"native {engine.__version__}"
