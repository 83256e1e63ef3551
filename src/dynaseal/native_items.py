"""One table's items through the native engine.

- It does whole items if it knows the keyring: a raw AES keyring, or a hierarchical keyring with one branch
  key, whose branch keys are in its cache. A subclass or a keyring with a method of its own may do something
  else, so it is not known.
- For every other keyring, and every materials manager, Python gets the materials and the engine does the
  rest; see `ItemEncryptor`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from os import urandom
from typing import TYPE_CHECKING, Any

from dynaseal.attributes import Item
from dynaseal.config import TableConfig
from dynaseal.core import primitives
from dynaseal.core.context import ATTRIBUTE_PREFIX, PUBLIC_KEY, serialize
from dynaseal.core.engine import SealingKeys
from dynaseal.core.header import FOOTER_NAME, MESSAGE_ID_LENGTH, Header
from dynaseal.core.lazy import LazyModule
from dynaseal.core.shapes import Shape, Shapes
from dynaseal.errors import DynasealError
from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
from dynaseal.materials.model import DecryptionMaterials
from dynaseal.native import FieldsToDecrypt, FieldsToEncrypt, Job, NativeEngine, Plan

if TYPE_CHECKING:
    from dynaseal.core import signatures
    from dynaseal.materials.keyrings import hierarchical
    from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring

    KnownKeyring = RawAesKeyring | AwsKmsHierarchicalKeyring
else:
    signatures = LazyModule("dynaseal.core.signatures")
    hierarchical = LazyModule("dynaseal.materials.keyrings.hierarchical")

_HIERARCHICAL = "AwsKmsHierarchicalKeyring"
_METHODS = ("on_encrypt", "on_decrypt")
_COUNT_LENGTH = 2
# How many items are passed to the engine at once: few, so that neither their copies nor branch keys whose
# time is over are kept for long.
_MAX_JOBS = 1024


class NativeItems:
    """Encrypts and decrypts a table's items natively, where that is possible.

    Args:
        engine: The native engine.
        config: The table's configuration.
        context: The entries that every item's encryption context has.

    Attributes:
        shapes: The shapes of the table's items, with the engine's plans.
    """

    def __init__(self, engine: NativeEngine, config: TableConfig, context: Mapping[str, str]) -> None:
        self._engine = engine
        self._keyring = _known_keyring(config)
        self._keyring_attributes = 0 if self._keyring is None else len(vars(self._keyring))
        self._kind: Any = type(self._keyring)
        self._on_encrypt, self._on_decrypt = _original_methods(self._kind)
        self._is_signed = config.algorithm_suite.is_signed
        before = {key: value for key, value in context.items() if key < PUBLIC_KEY}
        after = {key: value for key, value in context.items() if key > PUBLIC_KEY}
        self._table_entries = (_entries(before), _entries(after), len(context))
        self._peek = engine.peek
        self.shapes = Shapes(config.schema, self._plan)

    @property
    def knows_keyring(self) -> bool:
        """Whether the engine may encrypt and decrypt whole items."""
        return self._keyring is not None

    def _plan(self, shape: Shape) -> Plan | None:
        """Make the engine's plan for a shape; None if the engine must not be used for it."""
        if not shape.binds_keys:
            return None
        canonical = shape.layout.canonical
        names = [shape.names[position] for _, _, position in canonical]
        # Not `names.index`: whoever can write to the table decides how many attributes are in the context.
        positions = {name: position for position, name in enumerate(names)}
        return self._engine.Plan(
            version=shape.layout.version,
            legend=shape.layout.legend,
            paths=[path for path, _, _ in canonical],
            names=names,
            dropped=shape.dropped,
            context=[((ATTRIBUTE_PREFIX + name).encode(), positions[name]) for name, _ in shape.context],
            table_entries=self._table_entries,
        )

    def encrypt(self, item: Item) -> dict[str, Any] | None:
        """Encrypt an item; None if the Python engine must decide."""
        job = self._to_encrypt(item)
        if job is None:
            return None
        plan, snapshot, wrapper = job
        return plan.encrypt(snapshot, wrapper, self._is_signed)

    def decrypt(self, item: Item) -> dict[str, Any] | None:
        """Verify and decrypt an item; None if the Python engine must decide."""
        job = self._to_decrypt(item)
        if job is None:
            return None
        plan, snapshot, wrapper = job
        return plan.decrypt(snapshot, wrapper)

    def encrypt_many(self, items: Iterable[Item]) -> list[dict[str, Any] | None]:
        """Encrypt items; the result has None for each that the Python engine must decide about."""
        jobs = map(self._to_encrypt, items)
        return _in_parts(jobs, lambda part: self._engine.encrypt_many(part, self._is_signed))

    def decrypt_many(self, items: Iterable[Item]) -> list[dict[str, Any] | None]:
        """Decrypt items; the result has None for each that the Python engine must decide about."""
        return _in_parts(map(self._to_decrypt, items), self._engine.decrypt_many)

    def _to_encrypt(self, item: Item) -> Job | None:
        keyring = self._keyring
        if keyring is None or len(vars(keyring)) != self._keyring_attributes or not isinstance(item, dict):
            return None
        # A copy: an attribute that another thread adds meanwhile would be stored without encryption.
        item = item.copy()
        try:
            plan = self.shapes.for_writing(tuple(item)).plan
        except (DynasealError, TypeError):
            return None
        if self._kind.on_encrypt is not self._on_encrypt:
            return None
        wrapper = keyring.writing_wrapper()
        return None if plan is None or wrapper is None else (plan, item, wrapper)

    def _to_decrypt(self, item: Item) -> Job | None:
        keyring = self._keyring
        if keyring is None or len(vars(keyring)) != self._keyring_attributes or not isinstance(item, dict):
            return None
        peeked = self._peek(item)
        if peeked is None:
            return None
        version, legend, branch_key = peeked
        # A copy: an attribute that another thread adds meanwhile would be returned without verification.
        item = item.copy()
        try:
            plan = self.shapes.for_reading(tuple(item), version, legend).plan
        except (DynasealError, TypeError):
            return None
        if self._kind.on_decrypt is not self._on_decrypt:
            return None
        wrapper = keyring.reading_wrapper(branch_key)
        return None if plan is None or wrapper is None else (plan, item, wrapper)


def _in_parts(
    jobs: Iterator[Job | None], run: Callable[[Sequence[Job | None]], list[dict[str, Any] | None]]
) -> list[dict[str, Any] | None]:
    """Return the results of all jobs, of which only a few exist at a time."""
    results: list[dict[str, Any] | None] = []
    while part := list(islice(jobs, _MAX_JOBS)):
        results += run(part)
    return results


def seal(fields: FieldsToEncrypt, keys: SealingKeys) -> dict[str, Any] | None:
    """Encrypt an item under keys from Python; None if the Python engine must."""
    sealed = fields.seal(
        context=keys.context,
        stored_context=keys.stored_context,
        data_keys=[(key.provider_id, key.provider_info, key.ciphertext) for key in keys.encrypted_data_keys],
        data_key=keys.data_key,
        tag_keys=keys.tag_keys,
        message_id=urandom(MESSAGE_ID_LENGTH),
        is_signed=keys.suite.is_signed,
    )
    if sealed is None:
        return None
    stored, canonical_hash = sealed
    if keys.signing_key is not None:
        signature = signatures.sign(keys.signing_key, primitives.sha384(canonical_hash))
        stored[FOOTER_NAME] = {"B": stored[FOOTER_NAME]["B"] + signature}
    return stored


def unseal(fields: FieldsToDecrypt, parsed: Header, materials: DecryptionMaterials) -> dict[str, Any] | None:
    """Verify and decrypt an item with materials from Python; None if the Python engine must."""
    data_key, tag_key = materials.plaintext_data_key, materials.symmetric_signing_key
    point = materials.verification_key
    if data_key is None or tag_key is None or parsed.suite.is_signed is (point is None):
        return None
    return fields.unseal(
        context=materials.aad,
        data_key_count=len(parsed.encrypted_data_keys),
        data_key=data_key,
        tag_key=tag_key,
        point=point,
    )


def _known_keyring(config: TableConfig) -> "KnownKeyring | None":
    """Return a table's keyring if it is of a class that the native engine knows, without methods of its own.

    A method that is set on it later makes one attribute more, for which each item looks. One that is replaced
    on its class is noticed as well.
    """
    keyring = config.keyring
    if type(keyring) is RawAesKeyring:
        return keyring if vars(keyring).keys().isdisjoint(_METHODS) else None
    # The name is compared first, so that the class is not imported for keyrings of other kinds.
    if type(keyring).__name__ == _HIERARCHICAL and type(keyring) is hierarchical.AwsKmsHierarchicalKeyring:
        return keyring if vars(keyring).keys().isdisjoint(_METHODS) else None
    return None


@cache
def _original_methods(kind: type[Any]) -> tuple[Any, Any]:
    """Return a keyring class's methods as they were first; a test or a tracer may replace them later."""
    on_encrypt, on_decrypt = (getattr(kind, name, None) for name in _METHODS)
    return on_encrypt, on_decrypt


_original_methods(RawAesKeyring)


def _entries(entries: Mapping[str, str]) -> bytes:
    return serialize(entries)[_COUNT_LENGTH:]
