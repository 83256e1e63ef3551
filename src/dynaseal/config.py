"""The configuration of one table: one frozen object, checked when it is built.

- The key attributes are signed. They are included in the encryption context if any other attribute is.
- An attribute is unsigned if it is listed as unsigned or has the unsigned prefix. Every attribute with the
  action DO_NOTHING must be unsigned, and no other may be, so that writer and reader agree on what the
  signature covers.
- Attributes with the prefix `aws_dbe_` belong to the format.
- A surrogate key needs a beacon key, from which its tokens' key is derived, and a table whose items are all
  encrypted.

Source: specification `ddb-table-encryption-config.md`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dynaseal.core.actions import (
    AttributeActions,
    CryptoAction,
    check_actions,
    find_path_below,
    path_error,
)
from dynaseal.core.arguments import (
    ProcessBound,
    check_collection,
    check_instances,
    check_members,
    check_methods,
    check_string_collection,
    check_strings,
)
from dynaseal.core.header import RESERVED_PREFIX
from dynaseal.core.lazy import LazyModule
from dynaseal.core.quoting import quoted
from dynaseal.core.shapes import Schema
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import ConfigError
from dynaseal.materials.managers.default import DefaultMaterialsManager
from dynaseal.materials.model import AnyKeyring, CryptographicMaterialsManager

# Beacons are a third of what `import dynaseal` would load, and many tables have none: they are imported when
# a configuration has some.
if TYPE_CHECKING:
    from dynaseal.beacons.compiled.search import CompiledSearch
    from dynaseal.beacons.definitions import SearchConfig
    from dynaseal.beacons.surrogates import keys as surrogates
    from dynaseal.beacons.surrogates.keys import SurrogateKey, Surrogates
    from dynaseal.legacy.items import Legacy, OlderItems
else:
    surrogates = LazyModule("dynaseal.beacons.surrogates.keys")

MAX_KEY_NAME_LENGTH = 255
MAX_TABLE_NAME_LENGTH = 65_535
"""What an entry of the encryption context can hold, in bytes of UTF-8."""


class PlaintextPolicy(Enum):
    """Whether items that are not encrypted may be written and read.

    Attributes:
        FORCE_WRITE_ALLOW_READ: Items are written without encryption; both kinds are read.
        FORBID_WRITE_ALLOW_READ: Items are encrypted; both kinds are read.
        FORBID_WRITE_FORBID_READ: Items are encrypted, and one that is not is refused when it is read.

    Source: specification `ddb-table-encryption-config.md`, "Plaintext Policy".
    """

    FORCE_WRITE_ALLOW_READ = "FORCE_WRITE_ALLOW_READ"
    FORBID_WRITE_ALLOW_READ = "FORBID_WRITE_ALLOW_READ"
    FORBID_WRITE_FORBID_READ = "FORBID_WRITE_FORBID_READ"

    @property
    def forces_write(self) -> bool:
        """Whether items are written as they are, unencrypted."""
        return self is PlaintextPolicy.FORCE_WRITE_ALLOW_READ

    @property
    def allows_read(self) -> bool:
        """Whether an unencrypted item is returned as it is when it is read."""
        return self is not PlaintextPolicy.FORBID_WRITE_FORBID_READ


class Unreadable(Enum):
    """What happens when a reply of Query, Scan or BatchGetItem has an item that does not verify.

    Attributes:
        RAISE: The first such item is a `DecryptError`, and nothing of the reply is returned.
        REPORT: The other items are returned, and the reply lists those that do not verify in
            `UnreadableItems`.
    """

    RAISE = "RAISE"
    REPORT = "REPORT"


class UpdateMode(Enum):
    """How UpdateItem is made on a table.

    Attributes:
        UNSIGNED_ONLY: An update is sent as it is, and may touch unsigned attributes only.
        READ_MODIFY_WRITE: An update of signed attributes reads the item, changes it and writes it, on
            condition that nobody else has changed it meanwhile.
    """

    UNSIGNED_ONLY = "UNSIGNED_ONLY"
    READ_MODIFY_WRITE = "READ_MODIFY_WRITE"


@dataclass(frozen=True)
class TableConfig(ProcessBound):
    """How the items of one table are encrypted and signed.

    Args:
        logical_table_name: The name bound to every item; stays the same when the table is restored under
            another name.
        partition_key_name: The partition key's name.
        sort_key_name: The sort key's name, if the table has one.
        attribute_actions: Either a mapping that names every attribute (an item with any other attribute is
            refused when it is written), or `AttributeActions` with a default.
        keyring: Where keys come from. Give either this or `cmm`.
        cmm: A materials manager of your own, instead of a keyring.
        allowed_unsigned_attributes: Names of attributes that are not signed.
        allowed_unsigned_attribute_prefix: A prefix of such names.
        algorithm_suite: The suite for writing; items of either suite can be read.
        search: Beacons, by which encrypted attributes can be searched.
        plaintext_policy: Whether unencrypted items may be written and read.
        surrogate_keys: Key attributes that hold tokens of encrypted attributes.
        unreadable: Whether an item that does not verify makes a Query, Scan or BatchGetItem fail, or is
            listed in the reply beside the items that verify.
        update_mode: Whether updates may touch signed attributes.
        legacy: Whether items of the older format (`dynamodb-encryption-sdk`) are read and written, and how.

    Raises:
        ConfigError: parts of the configuration contradict each other; the message says which, and what to
            change.

    Example:
        >>> from dynaseal import CryptoAction, RawAesKeyring, TableConfig
        >>> config = TableConfig(
        ...     "people", "pk",
        ...     attribute_actions={"pk": CryptoAction.SIGN_ONLY, "salary": CryptoAction.ENCRYPT_AND_SIGN},
        ...     keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ... )
        >>> config.is_encrypted("salary"), config.is_encrypted("pk")
        (True, False)
    """

    logical_table_name: str
    partition_key_name: str
    sort_key_name: str | None = None
    attribute_actions: AttributeActions | Mapping[str, CryptoAction] = field(kw_only=True)
    keyring: AnyKeyring | None = field(default=None, kw_only=True)
    cmm: CryptographicMaterialsManager | None = field(default=None, kw_only=True)
    allowed_unsigned_attributes: Iterable[str] = field(default=(), kw_only=True)
    allowed_unsigned_attribute_prefix: str | None = field(default=None, kw_only=True)
    algorithm_suite: AlgorithmSuite = field(default=AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG, kw_only=True)
    search: "SearchConfig | None" = field(default=None, kw_only=True)
    plaintext_policy: PlaintextPolicy = field(default=PlaintextPolicy.FORBID_WRITE_FORBID_READ, kw_only=True)
    surrogate_keys: "Iterable[SurrogateKey]" = field(default=(), kw_only=True)
    unreadable: Unreadable = field(default=Unreadable.RAISE, kw_only=True)
    update_mode: UpdateMode = field(default=UpdateMode.UNSIGNED_ONLY, kw_only=True)
    legacy: "Legacy | None" = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._check_types()
        if (self.keyring is None) == (self.cmm is None):
            raise ConfigError("A table's configuration needs either a keyring or a cmm")
        unsigned = frozenset(self.allowed_unsigned_attributes)
        if isinstance(self.attribute_actions, AttributeActions):
            unsigned |= {name for name, action in self._named.items() if action is CryptoAction.DO_NOTHING}
        object.__setattr__(self, "allowed_unsigned_attributes", unsigned)
        self._check_names()
        self._check_surrogates()
        self._check_legacy()
        self._check_keys()
        for name, action in self._named.items():
            self._check_action(name, action)

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """The partition key's name and, if there is one, the sort key's."""
        if self.sort_key_name is None:
            return (self.partition_key_name,)
        return (self.partition_key_name, self.sort_key_name)

    @cached_property
    def version(self) -> int:
        """The header version that is written: 2 if any attribute goes into the encryption context."""
        in_context = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
        return 2 if in_context in {self._default, *self._named.values()} else 1

    @cached_property
    def materials_manager(self) -> CryptographicMaterialsManager:
        """The materials manager: `cmm`, or the default one over the keyring."""
        if self.keyring is not None:
            return DefaultMaterialsManager(self.keyring)
        assert self.cmm is not None  # noqa: S101 checked when the configuration was built
        return self.cmm

    @cached_property
    def compiled_search(self) -> "CompiledSearch | None":
        """The table's beacons, checked and ready for use."""
        if self.search is None:
            return None
        from dynaseal.beacons.compiled.compiler import TableActions, compile_search  # noqa: PLC0415

        table = TableActions(
            named=self._named,
            keys=frozenset(self.key_names),
            unsigned=self._unsigned,
            unsigned_prefix=self.allowed_unsigned_attribute_prefix,
            action_of=self._configured_action,
        )
        return compile_search(self.search, table, self._surrogates)

    @cached_property
    def older_items(self) -> "OlderItems | None":
        """Reads and writes items of the older format; None if the configuration does not allow it."""
        legacy = self.legacy
        if legacy is None or not legacy.policy.allows_read:
            return None
        from dynaseal.legacy.items import OlderItems, older_actions  # noqa: PLC0415 few tables have older items
        from dynaseal.legacy.structures import TableIndex  # noqa: PLC0415

        actions = self.attribute_actions if legacy.attribute_actions is None else legacy.attribute_actions
        return OlderItems(
            legacy.materials_provider,
            legacy.table_name or self.logical_table_name,
            TableIndex(self.partition_key_name, self.sort_key_name),
            older_actions(actions),
        )

    @property
    def writes_older_items(self) -> bool:
        """Whether items are written in the older format."""
        return self.legacy is not None and self.legacy.policy.forces_write

    @cached_property
    def schema(self) -> Schema:
        """What the item format needs to know."""
        in_context = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
        required = {name for name, action in self._named.items() if action is in_context}
        return Schema(
            table_name=self.logical_table_name,
            key_names=self.key_names,
            version=self.version,
            required=frozenset(required.union(self.key_names)),
            action=self.find_action,
            is_unsigned=self.is_unsigned,
        )

    def find_action(self, attribute_name: str) -> CryptoAction | None:
        """Return the action of an attribute, or None if it has none."""
        return self._signed_beacons.get(attribute_name) or self._configured_action(attribute_name)

    def _configured_action(self, attribute_name: str) -> CryptoAction | None:
        named = self._named.get(attribute_name)
        if named is not None:
            return named
        if attribute_name in self.key_names:
            return self._key_action
        return CryptoAction.DO_NOTHING if self._is_configured_unsigned(attribute_name) else self._default

    def is_unsigned(self, attribute_name: str) -> bool:
        """Return whether an attribute is outside the signature, when writing and when reading."""
        return attribute_name not in self._signed_beacons and self._is_configured_unsigned(attribute_name)

    def _is_configured_unsigned(self, attribute_name: str) -> bool:
        prefix = self.allowed_unsigned_attribute_prefix
        if attribute_name in self._unsigned or (prefix is not None and attribute_name.startswith(prefix)):
            return True
        rest_is_unsigned = self._default is CryptoAction.DO_NOTHING
        return rest_is_unsigned and attribute_name not in self._named and attribute_name not in self.key_names

    def is_signed(self, attribute_name: str) -> bool:
        """Return whether the signature covers an attribute that is written."""
        return not self.is_unsigned(attribute_name)

    def is_encrypted(self, attribute_name: str) -> bool:
        """Return whether an attribute is encrypted when it is written."""
        return self.find_action(attribute_name) is CryptoAction.ENCRYPT_AND_SIGN

    @cached_property
    def named_attributes(self) -> frozenset[str]:
        """The attributes that the configuration names."""
        return frozenset({*self._named, *self._unsigned, *self.key_names})

    @property
    def names_every_unsigned_attribute(self) -> bool:
        """Whether an attribute that the configuration does not name is signed."""
        return self.allowed_unsigned_attribute_prefix is None and self._default is not CryptoAction.DO_NOTHING

    @property
    def signs_unnamed_attributes(self) -> bool:
        """Whether an attribute that the configuration does not name can be signed."""
        return self._default not in (None, CryptoAction.DO_NOTHING)

    @cached_property
    def _named(self) -> dict[str, CryptoAction]:
        actions = self.attribute_actions
        return dict(actions.attribute_actions if isinstance(actions, AttributeActions) else actions)

    @cached_property
    def _signed_beacons(self) -> Mapping[str, CryptoAction]:
        """The actions of signed beacons. These attributes are not in `attribute_actions`."""
        return {} if self.compiled_search is None else self.compiled_search.signed_attributes

    @cached_property
    def _default(self) -> CryptoAction | None:
        actions = self.attribute_actions
        return actions.default_action if isinstance(actions, AttributeActions) else None

    @cached_property
    def _unsigned(self) -> frozenset[str]:
        return frozenset(self.allowed_unsigned_attributes)

    @property
    def _key_action(self) -> CryptoAction:
        if self.version == 2:
            return CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
        return CryptoAction.SIGN_ONLY

    def _check_types(self) -> None:
        owner = "A TableConfig"
        check_strings(
            owner, logical_table_name=self.logical_table_name, partition_key_name=self.partition_key_name
        )
        optional = {
            "sort_key_name": self.sort_key_name,
            "allowed_unsigned_attribute_prefix": self.allowed_unsigned_attribute_prefix,
        }
        check_strings(owner, **{name: value for name, value in optional.items() if value is not None})
        unsigned = check_string_collection(
            owner, "allowed_unsigned_attributes", self.allowed_unsigned_attributes
        )
        object.__setattr__(self, "allowed_unsigned_attributes", unsigned)
        check_members(owner, AlgorithmSuite, algorithm_suite=self.algorithm_suite)
        check_members(owner, PlaintextPolicy, plaintext_policy=self.plaintext_policy)
        check_members(owner, Unreadable, unreadable=self.unreadable)
        check_members(owner, UpdateMode, update_mode=self.update_mode)
        if self.surrogate_keys != ():
            declared = check_collection(owner, surrogates.SurrogateKey, "surrogate_keys", self.surrogate_keys)
            object.__setattr__(self, "surrogate_keys", declared)
        if self.search is not None:
            from dynaseal.beacons.definitions import SearchConfig  # noqa: PLC0415

            check_instances(owner, SearchConfig, search=self.search)
        if self.legacy is not None:
            from dynaseal.legacy.items import Legacy  # noqa: PLC0415

            check_instances(owner, Legacy, legacy=self.legacy)
        if not isinstance(self.attribute_actions, AttributeActions):
            check_actions(owner, self.attribute_actions)
        self._check_keyring()

    def _check_keyring(self) -> None:
        owner, manager = "A TableConfig", ("get_encryption_materials", "decrypt_materials")
        if self.keyring is not None:
            value: Any = self.keyring
            hint = "Write keyring=AwsKmsKeyring(arn), or another keyring"
            if isinstance(value, str):
                hint = f"Write keyring=AwsKmsKeyring({quoted(value)})"
            elif all(hasattr(value, method) for method in manager):
                hint = "It is a materials manager: write cmm=..."
            elif hasattr(value, "generate_data_key"):
                hint = "It is a KMS client: write keyring=AwsKmsKeyring(arn, client=...)"
            methods = ("on_encrypt", "on_decrypt")
            check_methods(owner, methods, "a keyring", hint=hint, keyring=value)
        if self.cmm is not None:
            check_methods(
                owner, manager, "a materials manager", hint="A keyring is passed as keyring=...", cmm=self.cmm
            )

    def _check_names(self) -> None:
        if not 0 < len(self.logical_table_name.encode()) <= MAX_TABLE_NAME_LENGTH:
            raise ConfigError(f"A table's logical name must have 1 to {MAX_TABLE_NAME_LENGTH:,} bytes")
        if self.partition_key_name == self.sort_key_name:
            raise ConfigError(f"{self.partition_key_name!r} cannot be both partition key and sort key")
        for name in self.key_names:
            if not 0 < len(name) <= MAX_KEY_NAME_LENGTH:
                raise ConfigError(f"A key attribute's name must have 1 to {MAX_KEY_NAME_LENGTH} characters")
        if not isinstance(self.attribute_actions, AttributeActions):
            # Without a default action, an attribute that is not named is refused when it is written; so such
            # a name is a mistake only beside the attribute into which it would be a path.
            path = find_path_below({*self._named, *self._unsigned, *self.key_names})
            if path is not None:
                raise path_error(path)
        for name in {*self._named, *self._unsigned}:
            if name.startswith(RESERVED_PREFIX):
                raise ConfigError(
                    f"The attribute {name!r} cannot be configured: the prefix {RESERVED_PREFIX!r} is reserved"
                )

    @cached_property
    def _surrogates(self) -> "Surrogates":
        declared = tuple(self.surrogate_keys)
        encrypted = [
            key.source
            for key in declared
            if self._configured_action(key.source) is CryptoAction.ENCRYPT_AND_SIGN
        ]
        return surrogates.compile_surrogates(self.logical_table_name, declared, self.key_names, encrypted)

    def _check_surrogates(self) -> None:
        if not self.surrogate_keys:
            return
        _ = self._surrogates  # built now, so that its errors come now
        if self.search is None:
            raise ConfigError(
                "Surrogate keys need a beacon key, from which the keys of their tokens are derived",
                hint="Pass search=SearchConfig([BeaconVersion(key_store, SingleKeySource(beacon_key_id))])",
            )
        if self.plaintext_policy is not PlaintextPolicy.FORBID_WRITE_FORBID_READ:
            raise ConfigError(
                "A table with surrogate keys cannot hold unencrypted items: their keys would not be tokens",
                hint="Copy the items to a new table with plaintext_policy=FORBID_WRITE_FORBID_READ",
            )

    def _check_legacy(self) -> None:
        if self.legacy is None or not self.legacy.policy.allows_read:
            return
        if self.surrogate_keys:
            raise ConfigError(
                "A table with surrogate keys cannot hold items of the older format: their keys would not be "
                "tokens",
                hint="Copy the items to a new table without legacy=",
            )
        if self.writes_older_items:
            if self.search is not None:
                raise ConfigError(
                    "Items of the older format have no beacons, and this configuration writes that format",
                    hint="Write the current format: FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT",
                )
            if self.plaintext_policy.forces_write:
                raise ConfigError(
                    "legacy= and plaintext_policy= contradict each other: one writes items of the older "
                    "format, the other unencrypted ones",
                    hint="Set plaintext_policy=FORBID_WRITE_ALLOW_READ, which reads unencrypted items",
                )
        _ = self.older_items  # built now, so that its errors come now

    def _check_keys(self) -> None:
        for name in self.key_names:
            action = self._named.get(name, self._signed_beacons.get(name))
            implied = action is None and (
                isinstance(self.attribute_actions, AttributeActions)
                or name in {key.name for key in self.surrogate_keys}
            )
            if action is not self._key_action and not implied:
                raise ConfigError(
                    f"The key attribute {name!r} has "
                    + ("no action" if action is None else f"the action {action.name}"),
                    hint=f"Set its action to {self._key_action.name}, the action of this table's keys",
                )
            if name in self._unsigned:
                raise ConfigError(
                    f"The key attribute {name!r} is listed as unsigned, and keys are always signed"
                )

    def _check_action(self, name: str, action: CryptoAction) -> None:
        prefix = self.allowed_unsigned_attribute_prefix
        prefixed = prefix is not None and name.startswith(prefix)
        listed = name in self._unsigned
        if action is CryptoAction.DO_NOTHING and not (listed or prefixed):
            raise ConfigError(
                f"The attribute {name!r} has the action DO_NOTHING but is not allowed to be unsigned",
                hint="List it in allowed_unsigned_attributes: readers must know what is not signed",
            )
        if action is not CryptoAction.DO_NOTHING and (listed or prefixed):
            how = "is listed as unsigned" if listed else f"begins with the unsigned prefix {prefix!r}"
            raise ConfigError(f"The attribute {name!r} has the action {action.name} but {how}")
