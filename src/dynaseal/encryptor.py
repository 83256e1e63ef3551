"""The item encryptor: encrypts and decrypts one item at a time, as a table's configuration says.

To write an item: get its shape, serialise its attributes, build its encryption context, get materials, seal.
To read one: parse its header, get its shape by the header's legend, rebuild its encryption context, get
materials, check everything, and only then decrypt.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from os import urandom
from typing import TYPE_CHECKING, Any, cast

from dynaseal import drivers, native_items
from dynaseal.attributes import AttributeValue, Item
from dynaseal.config import TableConfig
from dynaseal.core import engine, header, item
from dynaseal.core.arguments import ProcessBound, check_instances
from dynaseal.core.context import (
    PUBLIC_KEY,
    ContextError,
    ContextTooLongError,
    EncryptionContext,
    TableContext,
    base_context,
)
from dynaseal.core.header import HEADER_NAME, MESSAGE_ID_LENGTH, EncryptedDataKey, Header
from dynaseal.core.lazy import LazyModule
from dynaseal.core.numbers import with_exponent
from dynaseal.core.quoting import quoted
from dynaseal.core.shapes import Shape, Shapes
from dynaseal.core.traces import Trace, find_format_attribute, find_trace, is_older_item
from dynaseal.errors import DecryptError, DynasealError, EncryptError, FormatError
from dynaseal.materials.kms_calls import KmsCall, KmsCalls
from dynaseal.materials.managers.default import DefaultMaterialsManager
from dynaseal.materials.model import (
    CryptographicMaterialsManager,
    DecryptionMaterials,
    EncryptionMaterials,
    fault_of_decryption_materials,
    fault_of_encryption_materials,
)
from dynaseal.native import native_engine
from dynaseal.native_items import NativeItems

if TYPE_CHECKING:
    from decimal import Decimal

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    from dynaseal.core import signatures
    from dynaseal.search import TableSearch
else:
    signatures = LazyModule("dynaseal.core.signatures")

MAX_KEY_SHOWN = 2048
"""How many characters of a key attribute's value a message has: as many as DynamoDB allows bytes."""


class ItemEncryptor(ProcessBound):
    """Encrypts and decrypts the items of one table; makes no requests to DynamoDB.

    Safe for use by many threads. Never changes its arguments.

    Args:
        config: The table's configuration.

    Example:
        >>> from dynaseal import CryptoAction, RawAesKeyring, TableConfig
        >>> encryptor = ItemEncryptor(TableConfig(
        ...     "people", "pk",
        ...     attribute_actions={"pk": CryptoAction.SIGN_ONLY, "salary": CryptoAction.ENCRYPT_AND_SIGN},
        ...     keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ... ))
        >>> stored = encryptor.encrypt_item({"pk": {"S": "ann"}, "salary": {"N": "1000"}})
        >>> sorted(stored), list(stored["salary"])
        (['aws_dbe_foot', 'aws_dbe_head', 'pk', 'salary'], ['B'])
        >>> encryptor.decrypt_item(stored)
        {'pk': {'S': 'ann'}, 'salary': {'N': '1000'}}
    """

    def __init__(self, config: TableConfig) -> None:
        check_instances("An ItemEncryptor", TableConfig, config=config)
        self.config = config
        base = base_context(config.logical_table_name, config.partition_key_name, config.sort_key_name)
        self._native = _native_items(config, base)
        self._shapes = Shapes(config.schema) if self._native is None else self._native.shapes
        self._context = TableContext(base)
        self._manager: CryptographicMaterialsManager = drivers.driven(config.materials_manager)
        self._checks_materials = type(self._manager) is not DefaultMaterialsManager  # which checks its own
        self._writes_plaintext = config.plaintext_policy.forces_write
        self._reads_plaintext = config.plaintext_policy.allows_read
        self._older_items = config.older_items
        self._writes_older_items = config.writes_older_items
        self._kms_calls = KmsCalls(f"table {config.logical_table_name}")
        self.search: TableSearch | None = _table_search(config)
        # What whole items are encrypted or decrypted by, without materials from Python; None if nothing can.
        knows_keyring = self._native is not None and self._native.knows_keyring
        always_encrypts = not (self._writes_plaintext or self._writes_older_items)
        self._native_reader = self._native if knows_keyring else None
        self._native_writer = self._native_reader if always_encrypts and self.search is None else None
        has_tokens = self.search is not None and self.search.has_tokens
        self.reads_many: bool = self._native_reader is not None and not has_tokens and not self._older_items
        """Whether `usual_decrypted` may decrypt any item."""

    def __repr__(self) -> str:
        return f"ItemEncryptor({self.config.logical_table_name!r})"

    @property
    def kms_calls(self) -> Counter[KmsCall]:
        """How many KMS calls this encryptor has made, by operation and key: `(operation, key_id)`."""
        return self._kms_calls.total()

    def encrypt_item(self, plaintext_item: Item) -> dict[str, Any]:
        """Encrypt and sign an item.

        Args:
            plaintext_item: Attribute values as botocore's client has them: `{"S": "x"}`, `{"B": b"..."}`.

        Returns:
            The item to store: encrypted attributes as binary, the others unchanged, a header and a footer,
            and the beacons and tokens of a table that has them. The others are the caller's own objects: an
            item that is stored later must not share lists and maps with one that is changed before.

        Raises:
            EncryptError: the item does not fit the configuration or DynamoDB, or a keyring failed.
            KmsError: KMS refused a call.
            TypeError: a value is not of the Python type that its DynamoDB type needs.
        """
        try:
            if self._native_writer is not None:
                stored = self._native_writer.encrypt(plaintext_item)
                if stored is not None:
                    return stored
            plaintext_item = _snapshot(plaintext_item)
            with self._kms_calls.recording():
                if self._writes_plaintext:
                    _refuse_traces(self.config, plaintext_item)
                    return dict(plaintext_item)
                if self._writes_older_items and self._older_items is not None:
                    _refuse_reserved_names(plaintext_item)
                    return self._older_items.write(plaintext_item)
                prepared = (
                    plaintext_item
                    if self.search is None
                    else self.search.with_signed_attributes(plaintext_item)
                )
                if self.search is not None and self._native_reader is not None:
                    stored = self._native_reader.encrypt(prepared)
                    if stored is not None:
                        data_keys = header.parse(stored[HEADER_NAME]["B"]).encrypted_data_keys
                        return stored | self.search.beacons(plaintext_item, data_keys)
                stored, data_keys = self._seal(self._shapes.for_writing(tuple(prepared)), prepared)
                if self.search is not None:
                    stored |= self.search.beacons(plaintext_item, data_keys)
                return stored
        except (DynasealError, TypeError) as error:
            _add_location(error, self.config, plaintext_item)
            raise

    def decrypt_item(self, encrypted_item: Item) -> dict[str, Any]:
        """Verify and decrypt an item; nothing is decrypted before every check has passed.

        Args:
            encrypted_item: The stored item with all its attributes: a projection cannot be verified. For an
                image of a stream record, pass `from_stream_image(image)`.

        Returns:
            The item as it was before encryption, without the header, the footer, the format's other
            attributes and the tokens of surrogate keys.

        Raises:
            FormatError: it is not an encrypted item, or is damaged beyond reading.
            SignatureError: it was changed, or was written for another table or key.
            UnwrapError: no keyring can unwrap its data key.
            KmsError: KMS refused a call.
            TypeError: a value is not of the Python type that its DynamoDB type needs.
        """
        try:
            if self._native_reader is not None:
                result = self._decrypt_natively(self._native_reader, encrypted_item)
                if result is not None:
                    return result
            encrypted_item = _snapshot(encrypted_item)
            with self._kms_calls.recording():
                if self._older_items is not None and is_older_item(encrypted_item):
                    return self._older_items.read(encrypted_item)
                if self._reads_plaintext and find_trace(encrypted_item, self.config.is_encrypted) is None:
                    item.refuse_base64_binary(encrypted_item)
                    return dict(encrypted_item)
                head, foot = item.header_and_footer(encrypted_item, self.config.is_encrypted)
                parsed = header.parse(head)
                shape = self._shapes.for_reading(tuple(encrypted_item), parsed.version, parsed.legend)
                result = self._unseal(shape, encrypted_item, parsed, foot)
                if self.search is not None and self.search.has_tokens:
                    return self.search.without_tokens(result)
                return result
        except (DynasealError, TypeError) as error:
            _add_location(error, self.config, encrypted_item)
            raise

    def _seal(self, shape: Shape, prepared: Item) -> tuple[dict[str, Any], Sequence[EncryptedDataKey]]:
        """Encrypt an item of a shape; return it with its encrypted data keys."""
        fields = None if shape.plan is None else shape.plan.plaintext_fields(prepared)
        plaintext, signed = item.plaintext_fields(shape, prepared) if fields is None else ((), ())
        try:
            context = (
                self._context.with_attributes(item.context_entries(shape, signed))
                if fields is None
                else self._context.with_attributes(fields.entries, fields.serialized)
            )
            materials = self._manager.get_encryption_materials(
                self.config.algorithm_suite, context, context.key_set()
            )
            if self._checks_materials:
                _check_encryption_materials(materials, context)
            keys = _sealing_keys(materials)
        except ContextError as error:
            hint = "Key attributes and context attributes must be fewer or shorter"
            raise EncryptError(
                f"The item's encryption context cannot be written: {error}",
                hint=hint if isinstance(error, ContextTooLongError) else None,
            ) from None
        if fields is not None:
            stored = native_items.seal(fields, keys)
            if stored is not None:
                return stored, keys.encrypted_data_keys
            plaintext, signed = item.plaintext_fields(shape, prepared)
        head, foot, encrypted = engine.seal(
            shape.layout, plaintext, signed, keys, message_id=urandom(MESSAGE_ID_LENGTH)
        )
        stored = item.encrypted_item(shape, prepared, encrypted, head=head, foot=foot)
        return stored, keys.encrypted_data_keys

    def _unseal(self, shape: Shape, encrypted_item: Item, parsed: Header, foot: bytes) -> dict[str, Any]:
        """Verify and decrypt an item of a shape."""
        fields = None if shape.plan is None else shape.plan.stored_fields(encrypted_item)
        encrypted, signed = item.stored_fields(shape, encrypted_item) if fields is None else ((), ())
        try:
            context = (
                self._context.with_attributes(item.context_entries(shape, signed))
                if fields is None
                else self._context.with_attributes(fields.entries, fields.serialized)
            )
            materials = self._manager.decrypt_materials(
                parsed.suite, parsed.encrypted_data_keys, parsed.stored_context, context
            )
            if self._checks_materials and (fault := fault_of_decryption_materials(materials)):
                raise DecryptError(f"The materials manager {fault}")
        except ContextError as error:
            raise DecryptError(f"The item's encryption context cannot be rebuilt: {error}") from None
        if fields is not None:
            result = native_items.unseal(fields, parsed, materials)
            if result is not None:
                return result
            encrypted, signed = item.stored_fields(shape, encrypted_item)
        keys = _unsealing_keys(parsed, materials)
        attributes = engine.unseal(parsed, foot, shape.layout, encrypted, signed, keys=keys)
        # The legend decides this, and it can be trusted only now. Before decryption anyone who can write to
        # the table could change the legend and get this error, where a changed item must give a
        # SignatureError like any other. After it, only a writer who had the keys can have made such an item.
        if not shape.binds_keys:
            raise FormatError("The item's key attributes are not bound to its data key")
        return item.decrypted_item(shape, encrypted_item, attributes)

    def encrypt_many(self, plaintext_items: Iterable[Item]) -> list[dict[str, Any]]:
        """Encrypt and sign items, as `encrypt_item` does one by one.

        With the native engine, other threads run meanwhile.

        Raises:
            DynasealError: the first item that cannot be encrypted; see `encrypt_item`.
            TypeError: see `encrypt_item`.
        """
        items = list(plaintext_items)
        stored_items = zip(items, self.usual_encrypted(items), strict=True)
        return [self.encrypt_item(plain) if stored is None else stored for plain, stored in stored_items]

    def decrypt_many(self, encrypted_items: Iterable[Item]) -> list[dict[str, Any]]:
        """Verify and decrypt items, as `decrypt_item` does one by one.

        With the native engine, other threads run meanwhile.

        Raises:
            DynasealError: the first item that cannot be decrypted; see `decrypt_item`.
            TypeError: see `decrypt_item`.
        """
        items = list(encrypted_items)
        plain_items = zip(items, self.usual_decrypted(items), strict=True)
        return [self.decrypt_item(stored) if plain is None else plain for stored, plain in plain_items]

    def usual_encrypted(self, plaintext_items: Sequence[Item]) -> list[dict[str, Any] | None]:
        """Encrypt the items that the native engine can; None for each that `encrypt_item` must.

        That is every item without the native engine, or if something has replaced `encrypt_item`.
        """
        native = self._native_writer
        if native is None or _is_replaced(self, "encrypt_item"):
            return [None] * len(plaintext_items)
        return native.encrypt_many(plaintext_items)

    def usual_decrypted(self, encrypted_items: Sequence[Item]) -> list[dict[str, Any] | None]:
        """Decrypt the items that the native engine can; None for each that `decrypt_item` must.

        That is every item without the native engine, or if something has replaced `decrypt_item`.
        """
        native = self._native_reader if self.reads_many else None
        if native is None or _is_replaced(self, "decrypt_item"):
            return [None] * len(encrypted_items)
        return native.decrypt_many(encrypted_items)

    def _decrypt_natively(self, native: NativeItems, encrypted_item: Item) -> dict[str, Any] | None:
        """Verify and decrypt an item; None if the Python engine must."""
        if self._older_items is not None and is_older_item(encrypted_item):
            return None
        result = native.decrypt(encrypted_item)
        if result is not None and self.search is not None and self.search.has_tokens:
            return self.search.without_tokens(result)
        return result

    def encrypt_python_item(self, plaintext_item: Mapping[str, Any]) -> dict[str, Any]:
        """Encrypt and sign an item of Python values, as boto3's Table takes them."""
        return _to_python(self.encrypt_item(_from_python(plaintext_item)))

    def decrypt_python_item(self, encrypted_item: Mapping[str, Any]) -> dict[str, Any]:
        """Verify and decrypt an item of Python values, as boto3's Table returns them."""
        return _to_python(self.decrypt_item(_from_python(encrypted_item)))


_ITEM_METHODS = {name: getattr(ItemEncryptor, name) for name in ("encrypt_item", "decrypt_item")}


def _is_replaced(encryptor: ItemEncryptor, name: str) -> bool:
    """Return whether a subclass, `dynaseal.otel` or something else has replaced a method."""
    return name in vars(encryptor) or getattr(type(encryptor), name) is not _ITEM_METHODS[name]


def _snapshot(an_item: Item) -> Item:
    """Copy an item, so that an attribute that is added or replaced meanwhile neither leaves nor enters.

    Another thread or task may change the caller's item while a keyring waits for KMS. What it adds would be
    written without encryption, or read without verification.

    Raises:
        TypeError: it is not a dictionary or another mapping.
    """
    # `dict` is found sooner than an abstract class, and is first.
    if not isinstance(an_item, (dict, Mapping)):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
        raise TypeError(
            f"an item is a dictionary of attribute names and values, not {type(an_item).__name__}"
        )
    return dict(an_item)


# Called in an `except` and not a context manager of its own, which would take 0.5 us per item: 1 %.
def _add_location(error: DynasealError | TypeError, config: TableConfig, an_item: Item) -> None:
    """Add to an error which item it is about, and remove what may show the item's plaintext."""
    if error.__suppress_context__:
        # The exception that it was raised from can hold plaintext, as a UnicodeError holds the string.
        error.__context__ = None
    if isinstance(error, DynasealError):
        error.where = describe_location(config, an_item)


def _native_items(config: TableConfig, context: Mapping[str, str]) -> NativeItems | None:
    engine = native_engine()
    return None if engine is None else NativeItems(engine, config, context)


def _table_search(config: TableConfig) -> "TableSearch | None":
    if config.compiled_search is None:
        return None
    from dynaseal.search import TableSearch  # noqa: PLC0415 many tables have no beacons

    return TableSearch(config.compiled_search)


def _refuse_traces(config: TableConfig, plaintext_item: Item) -> None:
    """Refuse to write as plaintext what a reader would take for a part of an encrypted item."""
    trace = find_trace(plaintext_item, config.is_encrypted)
    if trace is None:
        return
    if trace.is_ciphertext:
        raise EncryptError(
            f"The value of {quoted(trace.attribute_name)} has the form of ciphertext: written as plaintext, "
            "it would be taken for a part of an encrypted item",
            hint="Write it with a plaintext_policy that encrypts",
        )
    raise _reserved_name_error(trace, "An item that is already encrypted cannot be written as plaintext")


def _refuse_reserved_names(plaintext_item: Item) -> None:
    """Refuse to write in the older format what a reader would take for an item of the current one."""
    trace = find_format_attribute(plaintext_item)
    if trace is not None:
        raise _reserved_name_error(trace, "An item that is already encrypted cannot be encrypted again")


def _reserved_name_error(trace: Trace, hint: str) -> EncryptError:
    name = quoted(trace.attribute_name)
    return EncryptError(
        f"The item's attribute {name} has a name that is reserved for encrypted items", hint=hint
    )


def describe_location(config: TableConfig, an_item: Item) -> str:
    """Describe which item it is by its table and key attributes, which DynamoDB stores in the clear.

    A surrogate key of an item that is not encrypted yet is left out: it may hold the real value, not a token.
    """
    is_stored = find_format_attribute(an_item) is not None
    hidden = frozenset[str]() if is_stored else {key.name for key in config.surrogate_keys}
    shown = [name for name in config.key_names if name in an_item and name not in hidden]
    keys = [f"{name}={_format_content(an_item[name])}" for name in shown]
    return " ".join([f"table {config.logical_table_name}, item", *keys])


def _format_content(value: Any) -> str:
    """Return a key attribute's content for a message; "?" for a damaged one, which may be anything."""
    content = next(iter(cast("AttributeValue", value).values()), None) if isinstance(value, Mapping) else None
    return quoted(content, MAX_KEY_SHOWN) if isinstance(content, (str, bytes)) else "?"


def _check_encryption_materials(materials: EncryptionMaterials, context: EncryptionContext) -> None:
    """Check the materials of a user's manager: nobody could read an item that is written under faulty ones.

    Raises:
        EncryptError: they are incomplete, or do not fit the item's encryption context or each other.
    """
    if fault := fault_of_encryption_materials(materials):
        raise EncryptError(f"The materials manager {fault}")
    whole = materials.encryption_context
    if any(whole.get(key) != value for key, value in context.items()):
        raise EncryptError("The materials manager changed an entry of the item's encryption context")
    if "" in whole:
        raise EncryptError(
            "The materials manager added an entry to the encryption context whose key is empty"
        )
    if not materials.required_context_keys <= context.key_set():
        raise EncryptError(
            "The materials manager requires an entry of the encryption context that no reader can rebuild"
        )
    signing_key = materials.signing_key
    if signing_key is not None and not _is_signing_key(signing_key):
        raise EncryptError(
            f"The materials manager returned a signing key of the wrong type {type(signing_key).__name__}",
            hint="A signing key has a public_key of 49 bytes and a method sign",
        )
    public_key = None if signing_key is None else b64encode(signing_key.public_key).decode()
    if materials.suite.is_signed is (signing_key is None) or whole.get(PUBLIC_KEY) != public_key:
        raise EncryptError(
            "The materials manager's signing key does not fit its algorithm suite and encryption context",
            hint="Call the get_encryption_materials of a DefaultMaterialsManager, and change what it returns",
        )


def _is_signing_key(key: object) -> bool:
    point = getattr(key, "public_key", None)
    is_point = isinstance(point, bytes) and len(point) == signatures.PUBLIC_KEY_LENGTH
    return is_point and callable(getattr(key, "sign", None))


def _sealing_keys(materials: EncryptionMaterials) -> engine.SealingKeys:
    data_key = materials.plaintext_data_key
    assert data_key is not None  # noqa: S101 the materials were checked
    context = materials.context
    return engine.SealingKeys(
        materials.suite,
        context.serialized,
        context.serialized_without(materials.required_context_keys),
        materials.encrypted_data_keys,
        data_key,
        materials.symmetric_signing_keys,
        materials.signing_key,
    )


def _unsealing_keys(parsed: Header, materials: DecryptionMaterials) -> engine.UnsealingKeys:
    data_key, tag_key = materials.plaintext_data_key, materials.symmetric_signing_key
    assert data_key is not None and tag_key is not None  # noqa: S101, PT018 the materials were checked
    point = materials.verification_key
    if parsed.suite.is_signed is (point is None):
        raise DecryptError("The materials manager's verification key does not fit the item's algorithm suite")
    public_key = None if point is None else _public_key(point)
    return engine.UnsealingKeys(materials.aad, data_key, tag_key, public_key)


def _public_key(point: bytes) -> "EllipticCurvePublicKey":
    try:
        return signatures.load_public_key(point)
    except ValueError:
        raise FormatError("The public key in the item's stored context is not a point of P-384") from None


# Only boto3 can convert the Python values of its Table: these import it when called, nothing else here does.


def _from_python(python_item: Mapping[str, Any]) -> dict[str, Any]:
    from boto3.dynamodb.types import TypeSerializer  # noqa: PLC0415

    serializer = TypeSerializer()
    wire_item: dict[str, Any] = {}
    for name, value in _snapshot(python_item).items():
        try:
            wire_item[name] = serializer.serialize(value)
            continue
        except RecursionError:
            problem = TypeError(f"the attribute {quoted(name)} contains itself, or is nested far too deep")
        except TypeError:
            problem = TypeError(
                f"the attribute {quoted(name)} holds a value of a type that DynamoDB does not have; "
                "numbers must be int or Decimal"
            )
        except ArithmeticError:
            problem = EncryptError(
                f"The attribute {quoted(name)} holds a number that boto3 cannot convert: it has more than 38 "
                "digits, zeros at its end included, or is too large or too small for DynamoDB",
                hint="Write a large round number with an exponent, such as Decimal('1E+38')",
            )
        # Raised outside the handlers, so that boto3's error, which shows the value, does not become its
        # context.
        raise problem
    return wire_item


def _to_python(wire_item: Item) -> dict[str, Any]:
    deserializer = python_deserializer()
    return {name: deserializer.deserialize(value) for name, value in wire_item.items()}


@cache
def python_deserializer() -> Any:
    """Return boto3's deserializer, made to take numbers from 1E+38 as DynamoDB and this library write them.

    They have no exponent, and boto3's own takes their zeros for digits beyond the 38 that a number may have.
    """
    from boto3.dynamodb.types import DYNAMODB_CONTEXT, TypeDeserializer  # noqa: PLC0415

    class Deserializer(TypeDeserializer):
        def _deserialize_n(self, value: str) -> "Decimal":
            return DYNAMODB_CONTEXT.create_decimal(with_exponent(value))

    return Deserializer()
