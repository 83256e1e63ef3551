"""One stored item, taken from one configuration to another: a function without I/O of its own.

Keyrings and key stores may call KMS; nothing else is called.

1. The item's form is found without keys. A damaged item fails.
2. An item of the current format is read under the target first. If it verifies and nothing about it would
   change, it is skipped; the source need not be able to read it.
3. Any other item is read under the source, or under the target if it verified there.
4. It is encrypted under the target, or left decrypted if the target is `PLAINTEXT`.

An item whose header does not name any key of the target is read under the source at once, and its form is
found only if that fails. That is the usual item when keys change, and an export has millions of them.

What would change is found without encrypting wherever that is possible, because with KMS keyrings each
encryption is a call of KMS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any, Final, Literal

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX
from dynaseal.config import TableConfig
from dynaseal.core import header
from dynaseal.core.arguments import check_instances
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME, RESERVED_PREFIX, EncryptedDataKey, Header
from dynaseal.core.quoting import quoted
from dynaseal.core.shapes import Shapes
from dynaseal.core.traces import find_trace
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import ConfigError, DecryptError, DynasealError, EncryptError
from dynaseal.materials.arn import parse_arn
from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.keyrings.kms import KmsKeyring
from dynaseal.materials.keyrings.kms_ecdh import KmsEcdhKeyring
from dynaseal.materials.keyrings.kms_rsa import KmsRsaKeyring
from dynaseal.materials.keyrings.multi import MultiKeyring
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
from dynaseal.materials.keyrings.raw_ecdh import RawEcdhKeyring
from dynaseal.materials.keyrings.raw_rsa import RawRsaKeyring
from dynaseal.materials.keyrings.wrapped_keys import describe_key
from dynaseal.materials.model import AnyKeyring
from dynaseal.migrate.forms import ItemForm, StoredForm, find_form, key_names
from dynaseal.migrate.sizes import MAX_ITEM_SIZE, item_size

OutcomeState = Literal["changed", "skipped", "failed"]
"""What became of an item: it is skipped if the target would write the same."""

# These name the same keys in every item that they write.
_KEYRINGS_WITH_FIXED_KEYS = (
    KmsKeyring,
    KmsRsaKeyring,
    KmsEcdhKeyring,
    RawAesKeyring,
    RawRsaKeyring,
    RawEcdhKeyring,
)
_CACHED_TRANSFORMERS = 32


class Plaintext(Enum):
    """The type of `PLAINTEXT`, which is its only value."""

    PLAINTEXT = "PLAINTEXT"

    def __repr__(self) -> str:
        return self.name


PLAINTEXT: Final = Plaintext.PLAINTEXT
"""The target that decrypts: items are stored without any encryption or signature."""

Target = ItemEncryptor | Plaintext


def make_encryptors(
    owner: str, source: TableConfig, target: TableConfig | Plaintext
) -> tuple[ItemEncryptor, Target]:
    """Make the encryptors of a source and a target.

    Args:
        owner: Whose arguments they are, for the message.
        source: The configuration that the items were written with.
        target: The configuration to write them with; or `PLAINTEXT`.

    Raises:
        ConfigError: an argument has the wrong type.
    """
    check_instances(owner, TableConfig, source=source)
    check_instances(owner, (TableConfig, Plaintext), target=target)
    return ItemEncryptor(source), target if isinstance(target, Plaintext) else ItemEncryptor(target)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one item.

    Attributes:
        state: `changed`: `item` is to be stored in place of the item that was passed. `skipped`: the item is
            already as the target would write it, and verifies. `failed`: nothing is to be written.
        item: The item to store, or the unchanged item if it is skipped; None if it failed.
        reason: Why it failed; None otherwise. It shows no plaintext.
        form: What the item was: `plaintext`, `older`, `current` or `damaged`.
        head: The header of an item of the current format as it was, or its bytes; None otherwise.
        errors: The errors that made it fail, for a program that wants their classes.
        verified: Whether the item was read: it verified, or was plaintext that may be read.
    """

    state: OutcomeState
    item: dict[str, Any] | None = None
    reason: str | None = None
    form: ItemForm
    head: Header | bytes | None = field(default=None, repr=False)
    errors: tuple[Exception, ...] = ()
    verified: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that an item of the current format named, each as its provider, name and version."""
        if self.head is None:
            return ()
        parsed = self.head if isinstance(self.head, Header) else header.parse(self.head)
        return key_names(parsed.encrypted_data_keys)

    @property
    def new_keys(self) -> tuple[str, ...]:
        """The keys that `item` names."""
        if self.item is None or HEADER_NAME not in self.item:
            return ()
        return key_names(header.parse(bytes(self.item[HEADER_NAME]["B"])).encrypted_data_keys)


def transform(item: Item, source: ItemEncryptor, target: Target) -> Outcome:
    """Take a stored item from one configuration to another. Nothing is read or written.

    Args:
        item: The stored item, whole and in wire form. For a line of an export or the image of a stream
            record, pass `from_stream_image(image)`. It is not changed.
        source: Reads items of the old configuration. Items that are not encrypted are read only if its
            plaintext policy allows that.
        target: Writes items of the new one; or `PLAINTEXT`, to decrypt them for good.

    Returns:
        The outcome. An item that cannot be read or written is an outcome too, and not an exception.

    Raises:
        ConfigError: the target writes items of the older format, or items that are not encrypted without
            being `PLAINTEXT`.

    Example:
        >>> from dynaseal import AttributeActions, RawAesKeyring, TableConfig
        >>> old, new = (
        ...     ItemEncryptor(TableConfig(
        ...         "people", "pk",
        ...         attribute_actions=AttributeActions(),
        ...         keyring=RawAesKeyring("payroll", year, year.encode() * 8),
        ...     ))
        ...     for year in ("2025", "2026")
        ... )
        >>> outcome = transform(old.encrypt_item({"pk": {"S": "ann"}, "salary": {"N": "1"}}), old, new)
        >>> outcome.state, outcome.keys, outcome.new_keys
        ('changed', ('payroll 2025',), ('payroll 2026',))
        >>> new.decrypt_item(outcome.item)
        {'pk': {'S': 'ann'}, 'salary': {'N': '1'}}
        >>> transform(outcome.item, old, new).state
        'skipped'
    """
    return transformer(source, target).transform(item)


@lru_cache(_CACHED_TRANSFORMERS)
def transformer(source: ItemEncryptor, target: Target) -> "Transformer":
    """Return the transformer of a source and a target, the same one each time.

    Raises:
        ConfigError: the target writes items of the older format, or items that are not encrypted without
            being `PLAINTEXT`.
    """
    return Transformer(source, target)


class Transformer:
    """Takes items from one configuration to another; safe for use by many threads.

    Args:
        source: Reads items of the old configuration.
        target: Writes items of the new one; or `PLAINTEXT`.

    Raises:
        ConfigError: the target writes items of the older format, or items that are not encrypted without
            being `PLAINTEXT`.
    """

    def __init__(self, source: ItemEncryptor, target: Target) -> None:
        check_instances("A migration", ItemEncryptor, source=source)
        self._source = source
        self._writer: _Writer | None = None
        if not isinstance(target, Plaintext):
            check_instances("A migration", ItemEncryptor, target=target)
            self._writer = _writer(target)
        # None if the source calls KMS for each item: then an item must not be read twice.
        self._target_marks = _header_marks(target) if _header_marks(source) is not None else None

    def transform(self, item: Item) -> Outcome:
        """Return the outcome of one stored item; see `transform`."""
        return self._transform_foreign(item) or self._transform_any(item)

    def _transform_foreign(self, item: Item) -> Outcome | None:
        """Transform an item that the target cannot read; None if it is not one, or if that fails."""
        if self._writer is None or self._target_marks is None:
            return None
        try:
            head = item[HEADER_NAME]["B"]
            if FOOTER_NAME not in item or any(mark in head for mark in self._target_marks):
                return None
            plain = _without_derived(self._source, self._source.decrypt_item(item))
            stored = self._writer.target.encrypt_item(self._writer.prepare(plain))
        except (DynasealError, KeyError, TypeError):
            return None  # `_transform_any` finds the reason
        return _changed(stored, "current", head)

    def _transform_any(self, item: Item) -> Outcome:
        found = StoredForm(form="damaged")
        try:
            found = find_form(item, self._is_encrypted)
            if found.damage is not None:
                return Outcome(state="failed", reason=found.damage, form=found.form)
            return self._transform(item, found)
        except _UnreadableError as error:
            return _failed(found, str(error), *error.errors)
        except DynasealError as error:
            return _failed(found, _reason(error), error)
        except TypeError as error:
            return _failed(found, f"A value has the wrong type: {error}", error)

    def verify(self, item: Item) -> Outcome:
        """Return `skipped` if an item is already as the target would write it, and otherwise `failed`.

        The source is not used, except to recognise items that are encrypted where the target is `PLAINTEXT`.
        """
        found = self._verifier.transform(item)
        if found.state != "changed":
            return found
        reason = "The item is not as the target would write it"
        if self._writer is None:
            reason = "The item is encrypted"
        elif found.form != "current":
            reason = f"The item is {_FORMS[found.form]}"
        elif set(found.keys) != set(found.new_keys):
            reason = f"The item is encrypted under {', '.join(found.keys)}"
        return Outcome(
            state="failed", reason=reason, form=found.form, head=found.head, verified=found.verified
        )

    @cached_property
    def _verifier(self) -> "Transformer":
        if self._writer is None:
            return self
        return Transformer(self._writer.target, self._writer.target)

    def _transform(self, item: Item, found: StoredForm) -> Outcome:
        writer = self._writer
        if writer is None:
            plain = _without_derived(self._source, self._source.decrypt_item(item))
            if found.form == "plaintext":
                return _skipped(item, found)
            _check_plaintext(plain, self._source)
            return _changed(plain, found.form, found.head)
        plain, reader = self._read(item, found, writer.target)
        plain = writer.prepare(_without_derived(reader, plain))
        stored = None
        if reader is writer.target and found.head is not None:
            unchanged, stored = writer.compare(item, plain, found.head)
            if unchanged:
                return _skipped(item, found)
        if stored is None:
            stored = writer.target.encrypt_item(plain)
        return _changed(stored, found.form, found.head)

    def _read(
        self, item: Item, found: StoredForm, target: ItemEncryptor
    ) -> tuple[dict[str, Any], ItemEncryptor]:
        """Return the decrypted item, and the encryptor that verified it."""
        if found.form != "current":
            return self._source.decrypt_item(item), self._source
        try:
            return target.decrypt_item(item), target
        except DecryptError as error:
            first = error
        if self._source is target:
            raise first
        try:
            return self._source.decrypt_item(item), self._source
        except DecryptError as error:
            raise _UnreadableError(error, first) from None

    def _is_encrypted(self, name: str) -> bool:
        writes = self._writer is not None and self._writer.target.config.is_encrypted(name)
        return writes or self._source.config.is_encrypted(name)


_FORMS: Mapping[str, str] = {"plaintext": "not encrypted", "older": "of the older library's format"}


class _UnreadableError(Exception):
    """Neither configuration can read an item."""

    def __init__(self, source: DecryptError, target: DecryptError) -> None:
        old, new = _reason(source), _reason(target)
        message = old if old == new else f"With the source: {old}. With the target: {new}"
        super().__init__(message)
        self.errors = (source, target)


def _reason(error: DynasealError) -> str:
    return error.message.removesuffix(".")


def _failed(found: StoredForm, reason: str, *errors: Exception) -> Outcome:
    return Outcome(state="failed", reason=reason, form=found.form, head=found.head, errors=errors)


def _skipped(item: Item, found: StoredForm) -> Outcome:
    return Outcome(state="skipped", item=dict(item), form=found.form, head=found.head, verified=True)


def _changed(stored: dict[str, Any], form: ItemForm, head: Header | bytes | None) -> Outcome:
    size = item_size(stored)
    if size > MAX_ITEM_SIZE:
        reason = f"The item would have {size:,} bytes, and DynamoDB stores at most {MAX_ITEM_SIZE:,}"
        return Outcome(state="failed", reason=reason, form=form, head=head, verified=True)
    return Outcome(state="changed", item=stored, form=form, head=head, verified=True)


def _without_derived(reader: ItemEncryptor, plain: dict[str, Any]) -> dict[str, Any]:
    """Return a decrypted item without its signed beacons, which are made again when it is written.

    One that its parts do not make is left: the application wrote it.
    """
    compiled = reader.config.compiled_search
    if compiled is None or not compiled.signed_beacons:
        return plain
    derived = {
        beacon.name
        for beacon in compiled.signed_beacons
        if beacon.name in plain and plain[beacon.name] == {"S": beacon.plain_string(plain)}
    }
    return {name: value for name, value in plain.items() if name not in derived}


def _check_plaintext(plain: Item, source: ItemEncryptor) -> None:
    """Check that an item can be stored as plaintext, so that it is complete and nothing takes it for more.

    Raises:
        EncryptError: it cannot.
    """
    for name in source.config.key_names:
        if name not in plain:
            raise EncryptError(
                f"The item's key {quoted(name)} holds a token: the plaintext item would need another key"
            )
    trace = find_trace(plain, source.config.is_encrypted)
    if trace is not None:
        raise EncryptError(
            f"The value of {quoted(trace.attribute_name)} has the form of ciphertext: as plaintext it would "
            "be taken for a part of an encrypted item"
        )


class _Writer:
    """What is known about items that the target writes.

    Args:
        target: The target.

    Raises:
        ConfigError: it writes items that are not encrypted, or items of the older format.
    """

    def __init__(self, target: ItemEncryptor) -> None:
        config = target.config
        if config.plaintext_policy.forces_write:
            raise ConfigError(
                f"The target writes the items of {config.logical_table_name!r} without encryption",
                hint="To decrypt them for good, pass dynaseal.migrate.PLAINTEXT, or --to plaintext; "
                "otherwise give the target the plaintext policy FORBID_WRITE_ALLOW_READ",
            )
        if config.writes_older_items:
            raise ConfigError(
                f"The target writes the items of {config.logical_table_name!r} in the older format",
                hint="Give its Legacy the policy FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT, or leave it out",
            )
        self.target = target
        self._shapes = Shapes(config.schema)
        self._has_fixed_keys = config.cmm is None and _has_fixed_keys(config.keyring)
        self._keys: _Keys | None = None

    def prepare(self, plain: dict[str, Any]) -> dict[str, Any]:
        """Return a decrypted item as an application would write it under the target.

        Where a key attribute becomes a surrogate key, its value moves to the attribute with the real value.

        Raises:
            EncryptError: the key attribute has a value that would be lost.
        """
        prepared = plain
        for key in self.target.config.surrogate_keys:
            if key.name not in prepared:
                continue
            real_value = prepared[key.name]
            if prepared.get(key.source, real_value) != real_value:
                raise EncryptError(
                    f"The value of the key {key.name!r} would be lost: it becomes a token of {key.source!r}, "
                    "which has another value",
                    hint="Copy the key's value to another attribute first",
                )
            prepared = {name: value for name, value in prepared.items() if name != key.name}
            prepared[key.source] = real_value
        return prepared

    def compare(self, item: Item, plain: Item, head: Header) -> tuple[bool, dict[str, Any] | None]:
        """Compare a stored item that verified with what the target would write.

        Args:
            item: The stored item.
            plain: The same item as an application would write it.
            head: Its header.

        Returns:
            Whether nothing would change; and the item newly encrypted, if it had to be for the comparison.

        Raises:
            EncryptError: the target would not write the item.
        """
        search = self.target.search
        signed = plain if search is None else search.with_signed_attributes(plain)
        shape = self._shapes.for_writing(tuple(signed))
        if (
            (shape.layout.version, shape.layout.legend) != (head.version, head.legend)
            or head.suite is not self.target.config.algorithm_suite
            or {name for name in item if not name.startswith(RESERVED_PREFIX)} != signed.keys()
            # What is encrypted was read from the item itself: only signed beacons and tokens can differ.
            or any(signed[name] != item[name] for name in shape.only_signed)
        ):
            return False, None
        stored = None
        keys = self._keys
        if keys is None:
            stored = self.target.encrypt_item(plain)
            keys = _keys_of(header.parse(stored[HEADER_NAME]["B"]))
            if self._has_fixed_keys:
                self._keys = keys
        if keys != _keys_of(head):
            return False, stored
        if search is not None:
            return search.has_beacons(item, plain, head.encrypted_data_keys), stored
        return not any(name.startswith(BEACON_PREFIX) for name in item), stored


@lru_cache(_CACHED_TRANSFORMERS)
def _writer(target: ItemEncryptor) -> _Writer:
    """Return the writer of a target, the same one each time, so that it learns the names of its keys once."""
    return _Writer(target)


@dataclass(frozen=True, slots=True)
class _Keys:
    """What an item's header says about its keys, without what is random in each item.

    Attributes:
        names: For each data key its provider, the wrapping key's name and version, in order of their names.
        stored_context: The names of the entries of the encryption context that the header stores.
    """

    names: tuple[tuple[str, str, str], ...]
    stored_context: frozenset[str]


def _keys_of(head: Header) -> _Keys:
    names = sorted(map(_key_name, head.encrypted_data_keys))
    return _Keys(tuple(names), frozenset(head.stored_context))


def _key_name(wrapped: EncryptedDataKey) -> tuple[str, str, str]:
    described = describe_key(wrapped)
    if described.key is None:
        return wrapped.provider_id, wrapped.provider_info.hex(), ""
    name = described.key
    if wrapped.provider_id == KMS_PROVIDER:
        arn = parse_arn(name)
        # The replicas of a multi-Region key are one key: each can decrypt what another encrypted.
        name = str(arn.in_region("")) if arn.is_multi_region else name
    return wrapped.provider_id, name, described.version or ""


def _header_marks(target: Target) -> tuple[bytes, ...] | None:
    """Return bytes, one of which is in the header of every item that a target can read; None if unknown."""
    if isinstance(target, Plaintext) or target.config.cmm is not None:
        return None
    return _keyring_marks(target.config.keyring)


def _keyring_marks(keyring: AnyKeyring | None) -> tuple[bytes, ...] | None:
    if isinstance(keyring, MultiKeyring):
        marks: list[bytes] = []
        for each in map(_keyring_marks, keyring.keyrings):
            if each is None:
                return None
            marks += each
        return tuple(marks)
    return keyring.header_marks if isinstance(keyring, RawAesKeyring | AwsKmsHierarchicalKeyring) else None


def _has_fixed_keys(keyring: AnyKeyring | None) -> bool:
    """Return whether a keyring names the same keys in every item that it writes."""
    if isinstance(keyring, MultiKeyring):
        return all(map(_has_fixed_keys, keyring.keyrings))
    return isinstance(keyring, _KEYRINGS_WITH_FIXED_KEYS)
