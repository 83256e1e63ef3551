"""Surrogate keys: key attributes that hold a keyed token where the real value is encrypted.

- A token is a whole HMAC, never cut: equal tokens mean equal values. It says that two items have the same
  value, and nothing about the value; it has no order and no beginning.
- It covers the value's type and normal form, so `1` and `1.0` are one key, and `"1"` is another.
- Its key is derived from the beacon key for one table and one key attribute: the same value has another token
  elsewhere.
- To everyone else the token is a signed key attribute and the value an encrypted one, so AWS's libraries
  read such items. Here the token is made on writing, and checked and taken out on reading.
"""

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


@dataclass(frozen=True, slots=True)
class SurrogateKey:
    """A key attribute that holds a token, and the encrypted attribute that the token stands for.

    The application writes and asks for the real value by `source`, and never sees the token.

    Args:
        name: The partition key's or the sort key's name; of the type S in DynamoDB.
        source: The attribute with the real value: a string, a number or binary; encrypted.

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
                f"A surrogate key needs a name and another one as its source, not {self.name!r} and "
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
            EncryptError: the item lacks a real value, or has a token that is not its own.
        """
        for key in self.keys:
            value = item.get(key.source)
            if value is None:
                raise EncryptError(
                    f"The item has no attribute {key.source!r}, of which its key {key.name!r} is made"
                )
            made = token(token_keys[key.name], key_value(value, key))
            if item.get(key.name, made) != made:
                raise EncryptError(
                    f"The item has the key {key.name!r} with another value than the token of {key.source!r}",
                    hint="Leave it out: it is made when the item is written",
                )
            prepared[key.name] = made

    def take_tokens(self, item: dict[str, Any], token_keys: TokenKeys) -> None:
        """Check that a decrypted item's tokens are those of its values, and take them out.

        Raises:
            SignatureError: one is not.
        """
        for key in self.keys:
            value, stored = item.get(key.source), item.pop(key.name, None)
            if value is None or stored is None:
                raise SignatureError
            made = token(token_keys[key.name], value)
            try:
                check_one_of([made["S"].encode()], str(stored.get("S")).encode())
            except AuthenticationFailedError:
                raise SignatureError from None


def compile_surrogates(
    table_name: str, keys: Iterable[SurrogateKey], key_names: Iterable[str], encrypted: Iterable[str]
) -> Surrogates:
    """Check surrogate keys against their table.

    Args:
        table_name: The table's logical name.
        keys: The surrogate keys, as they are declared.
        key_names: The names of the table's key attributes.
        encrypted: Those of the sources that are encrypted.

    Raises:
        ConfigError: one cannot be.
    """
    found = Surrogates(table_name, tuple(keys))
    if len(found.names) < len(found.keys) or len(found.by_source) < len(found.keys):
        raise ConfigError("Two surrogate keys have the same name or the same source", hint="Keep one of them")
    for key in found.keys:
        if key.name not in key_names:
            raise ConfigError(
                f"The surrogate key {key.name!r} is no key of the table",
                hint="Find items by other attributes with a StandardBeacon, which can be the key of an index",
            )
        if key.source not in encrypted:
            raise ConfigError(
                f"The surrogate key {key.name!r} stands for {key.source!r}, which is not encrypted",
                hint=f"Give {key.source!r} the action ENCRYPT_AND_SIGN, or make it the key itself",
            )
    return found


def token(token_key: bytes, value: AttributeValue) -> dict[str, str]:
    """Give the token that stands for a value, as DynamoDB stores it.

    Raises:
        MalformedValueError: DynamoDB or the format cannot hold the value.

    Example:
        >>> one = token(bytes(64), {"N": "1.0"})
        >>> one == token(bytes(64), {"N": "1"}), one == token(bytes(64), {"S": "1"}), len(one["S"])
        (True, False, 64)
    """
    type_id, data = serialize(value)
    return {"S": urlsafe_b64encode(token_mac(token_key, type_id + data)).decode()}


def key_value(value: AttributeValue, key: SurrogateKey) -> AttributeValue:
    """Give a value back if it can be a key's value in DynamoDB.

    Raises:
        EncryptError: it cannot.
    """
    ((kind, content),) = value.items()
    if kind not in _KEY_TYPES or not content:
        raise EncryptError(
            f"The attribute {key.source!r} stands behind the key {key.name!r} and cannot be one",
            hint="A key is a string, a number or binary, and is not empty",
        )
    try:
        serialize(value)
    except MalformedValueError as error:
        raise EncryptError(f"The attribute {key.source!r} cannot be stored: it holds {error}") from None
    return value


def _framed(name: str) -> bytes:
    """Spell a name so that where it ends is beyond doubt."""
    data = name.encode()
    return len(data).to_bytes(4) + data
