"""Surrogate keys: key attributes that hold a token instead of the real value, which is encrypted.

- A token is a whole HMAC, not truncated, so equal tokens mean equal values. It reveals that two items have
  the same value, and nothing else about the value. It has no order and no beginning.
- It covers the value's type and normal form, so `1` and `1.0` have the same token, and `"1"` has another one.
- Its key is derived from the beacon key for one table and one key attribute, so the same value has a
  different token in another table or key attribute.
- For AWS's libraries the token is a signed key attribute and the value an encrypted one, so they can read
  such items. This library makes the token when it writes an item; it checks and removes the token when it
  reads it.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dynaseal.attributes import AttributeValue, Item
from dynaseal.core.primitives import (
    BEACON_KEY_LENGTH,
    AuthenticationFailedError,
    Hkdf,
    check_one_of,
    token_mac,
)
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.errors import ConfigError, EncryptError, SignatureError

TokenKeys = Mapping[str, bytes]
"""The keys of a table's tokens, by the name of the surrogate key."""

_INFO = b"DYNASEAL_SURROGATE_KEY"
_KEY_TYPES = frozenset({"S", "N", "B"})
# 48 bytes in base64.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{64}")


@dataclass(frozen=True, slots=True)
class SurrogateKey:
    """A key attribute that holds a token, and the encrypted attribute with the real value.

    The application writes and searches the real value by `source`, and never sees the token.

    Args:
        name: The name of the partition key or sort key. Its type in DynamoDB must be S.
        source: The name of the encrypted attribute with the real value: a string, a number or binary.

    Raises:
        ConfigError: a name is empty, or both are the same.

    Example:
        >>> SurrogateKey("pk", source="email")
        SurrogateKey(name='pk', source='email')
    """

    name: str
    source: str

    def __post_init__(self) -> None:
        if not self.name or not self.source or self.name == self.source:
            raise ConfigError(
                f"A surrogate key needs two different names, its own and its source's, not {self.name!r} and "
                f"{self.source!r}"
            )


@dataclass(frozen=True)
class Surrogates:
    """The surrogate keys of one table.

    Attributes:
        table_name: The table's logical name, which tokens are bound to.
        keys: At most the partition key and the sort key.
    """

    table_name: str
    keys: tuple[SurrogateKey, ...] = ()

    @cached_property
    def by_source(self) -> Mapping[str, SurrogateKey]:
        """The surrogate keys by the attribute with the real value."""
        return {key.source: key for key in self.keys}

    @cached_property
    def names(self) -> frozenset[str]:
        """The key attributes that hold tokens."""
        return frozenset(key.name for key in self.keys)

    def derive_keys(self, beacon_key: bytes) -> TokenKeys:
        """Derive the keys of the tokens from the table's beacon key."""
        derivation = Hkdf(beacon_key)
        return {
            key.name: derivation.derive(
                _INFO + _framed(self.table_name) + _framed(key.name), BEACON_KEY_LENGTH
            )
            for key in self.keys
        }

    def add_tokens(self, item: Item, prepared: dict[str, Any], token_keys: TokenKeys) -> None:
        """Add the tokens of an item that is written.

        Args:
            item: The item as the application wrote it.
            prepared: The item that is to be encrypted; changed.
            token_keys: The keys of the table's tokens.

        Raises:
            EncryptError: the item lacks a real value, or already has a different token.
        """
        for key in self.keys:
            value = item.get(key.source)
            if value is None:
                raise EncryptError(
                    f"The item has no attribute {key.source!r}, from which its key {key.name!r} is made"
                )
            expected = token(token_keys[key.name], key_value(value, key))
            if item.get(key.name, expected) != expected:
                raise EncryptError(
                    f"The item has the key {key.name!r} with a value that is not the token of {key.source!r}",
                    hint="Leave it out: it is made when the item is written",
                )
            prepared[key.name] = expected

    def remove_tokens(self, item: dict[str, Any], token_keys: TokenKeys) -> None:
        """Check that a decrypted item's tokens belong to its values, and remove them from it.

        Raises:
            SignatureError: one does not belong to its value.
        """
        for key in self.keys:
            value, stored = item.get(key.source), item.pop(key.name, None)
            if value is None or stored is None:
                raise SignatureError
            expected = token(token_keys[key.name], value)
            try:
                check_one_of([expected["S"].encode()], str(stored.get("S")).encode())
            except AuthenticationFailedError:
                raise SignatureError from None


def compile_surrogates(
    table_name: str, keys: Iterable[SurrogateKey], key_names: Iterable[str], encrypted: Iterable[str]
) -> Surrogates:
    """Check surrogate keys against their table.

    Args:
        table_name: The table's logical name.
        keys: The surrogate keys of the table's configuration.
        key_names: The names of the table's key attributes.
        encrypted: The names of those sources that are encrypted.

    Raises:
        ConfigError: they contradict each other or the table.
    """
    surrogates = Surrogates(table_name, tuple(keys))
    if len(surrogates.names) < len(surrogates.keys) or len(surrogates.by_source) < len(surrogates.keys):
        raise ConfigError("Two surrogate keys have the same name or the same source", hint="Keep one of them")
    for key in surrogates.keys:
        if key.name not in key_names:
            raise ConfigError(
                f"The surrogate key {key.name!r} is not a key of the table",
                hint="Find items by other attributes with a StandardBeacon, which can be the key of an index",
            )
        if key.source not in encrypted:
            raise ConfigError(
                f"The source {key.source!r} of the surrogate key {key.name!r} is not encrypted",
                hint=f"Give {key.source!r} the action ENCRYPT_AND_SIGN, or make it the key itself",
            )
    return surrogates


def token(token_key: bytes, value: AttributeValue) -> dict[str, str]:
    """Return the token of a value, as DynamoDB stores it.

    Raises:
        MalformedValueError: DynamoDB or the format cannot hold the value.

    Example:
        >>> number = token(bytes(64), {"N": "1.0"})
        >>> number == token(bytes(64), {"N": "1"}), number == token(bytes(64), {"S": "1"}), len(number["S"])
        (True, False, 64)
    """
    type_id, data = serialize(value)
    return {"S": urlsafe_b64encode(token_mac(token_key, type_id + data)).decode()}


def has_form_of_token(value: AttributeValue) -> bool:
    """Return whether a value could be a token."""
    content = value.get("S")
    return len(value) == 1 and isinstance(content, str) and _TOKEN.fullmatch(content) is not None


def key_value(value: AttributeValue, key: SurrogateKey) -> AttributeValue:
    """Return a value unchanged if a key can have it in DynamoDB.

    Raises:
        EncryptError: it cannot.
    """
    ((type_name, content),) = value.items()
    if type_name not in _KEY_TYPES or not content:
        raise EncryptError(
            f"The attribute {key.source!r} has a value that its surrogate key {key.name!r} cannot have",
            hint="Use a string, a number or binary that is not empty",
        )
    try:
        serialize(value)
    except MalformedValueError as error:
        raise EncryptError(f"The attribute {key.source!r} cannot be stored: it holds {error}") from None
    return value


def _framed(name: str) -> bytes:
    """Return a name after its length, so that two names joined cannot be mistaken for two others."""
    data = name.encode()
    return len(data).to_bytes(4) + data
