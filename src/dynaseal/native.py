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
from typing import Any, Protocol, cast

from dynaseal.attributes import Item
from dynaseal.errors import ConfigError

MODULE = "dynaseal_native"
VARIABLE = "DYNASEAL_ENGINE"
_INTERFACE = 1

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


class Plan(Protocol):
    """What happens to the attributes of items of one shape."""

    def encrypt(self, item: Item, wrapper: Wrapper, is_signed: bool, /) -> dict[str, Any] | None:
        """Encrypt an item; None if the Python engine must decide."""
        ...

    def decrypt(self, item: Item, wrapper: Wrapper, /) -> dict[str, Any] | None:
        """Verify and decrypt an item; None if the Python engine must decide."""
        ...


class Plans(Protocol):
    """Makes plans."""

    def __call__(
        self,
        *,
        version: int,
        legend: bytes,
        paths: Sequence[bytes],
        encrypted: Sequence[str],
        signed: Sequence[str],
        dropped: Sequence[str],
        context: Sequence[tuple[bytes, int]],
        table_entries: tuple[bytes, bytes, int],
    ) -> Plan:
        """Make a plan; see the engine's own documentation."""
        ...


class NativeEngine(Protocol):
    """The module `dynaseal_native`."""

    __version__: str
    Plan: Plans
    Wrapper: type[Wrappers]

    def peek(self, item: Item, /) -> tuple[int, bytes, tuple[bytes, bytes] | None] | None:
        """Return version and legend of a stored item's header, and its branch key's id and version."""
        ...


@cache
def native_engine() -> NativeEngine | None:
    """Return the native engine, or None if it is not installed or refused.

    Raises:
        ConfigError: the environment asks for an engine that does not exist, or is not installed.
    """
    choice = os.environ.get(VARIABLE, "")
    if choice not in ("", "python", "native"):
        raise ConfigError(
            f"The environment variable {VARIABLE} is {choice!r}",
            hint="Set it to python or native, or unset it",
        )
    if choice == "python":
        return None
    if find_spec(MODULE) is None:
        if choice == "native":
            raise ConfigError(
                f"The environment variable {VARIABLE} is 'native', and dynaseal-native is not installed",
                hint="Build it with `make native`, or unset the variable",
            )
        return None
    engine: Any = import_module(MODULE)
    if engine.INTERFACE != _INTERFACE:
        _logger.warning(
            "dynaseal-native %s does not fit this version of dynaseal, and is not used; install the version "
            "that was released with it",
            engine.__version__,
        )
        return None
    return cast("NativeEngine", engine)


def engine_name() -> str:
    """Return which engine encrypts and decrypts items, for people to read."""
    engine = native_engine()
    return "python" if engine is None else f"native {engine.__version__}"
