"""From a configuration and a role to the least policies.

- A statement names single actions. What differs in resource or conditions has a statement of its own.
- A data key is bound to the table's logical name, and so are the permissions on KMS: a condition on the
  encryption context. A tenant's statement is bound to the tenant's attribute as well.
- A key policy leaves the decision to the principal's account, for exactly these actions and conditions, so
  that IAM policy and key policy are both needed. That is also how access from another account works.
- KMS cannot be asked for less than a key store's record: the branch key's id and the record's type are in its
  encryption context.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dynaseal.boto.keys.uses import KeyKind, KeyUse, StoreUse, Uses, uses_of
from dynaseal.boto.permissions import INDEX_READS, KEY_ADMINISTRATION, Role, item_actions
from dynaseal.boto.policies.documents import Policies, Statement
from dynaseal.config import TableConfig, UpdateMode
from dynaseal.core.actions import CryptoAction
from dynaseal.core.arguments import check_instances, check_members, check_strings
from dynaseal.core.context import ATTRIBUTE_PREFIX, TABLE_NAME, version_1_entry
from dynaseal.core.quoting import quoted
from dynaseal.core.values.types import STRING
from dynaseal.errors import ConfigError
from dynaseal.materials.arn import KmsArn, parse_arn
from dynaseal.materials.key_store.branch_keys import ACTIVE, BEACON, BRANCH_KEY_ID, TYPE, VERSION_PREFIX
from dynaseal.materials.keyrings.kms_discovery import KmsDiscoveryKeyring, KmsMrkDiscoveryKeyring

_CONTEXT = "kms:EncryptionContext:"
_LEADING_KEYS = "dynamodb:LeadingKeys"
_STORE_NAME = f"{_CONTEXT}tablename"


@dataclass(frozen=True, slots=True)
class Tenant:
    """The items to which a role is limited: those with one value of an attribute in the encryption context.

    Attributes:
        attribute: The attribute's name.
        value: Its value, a string.
    """

    attribute: str
    value: str


def policies_for(
    config: TableConfig,
    role: Role,
    *,
    table: str | None = None,
    storage_key: str | None = None,
    principal: str | None = None,
    tenant: Tenant | None = None,
) -> Policies:
    """Return the least policies with which a role can use a table; calls nothing.

    Args:
        config: The table's configuration.
        role: What the principal does.
        table: The table's name or ARN; by default its name is the logical name. Account and Region, where the
            ARN does not say them, are those of the first KMS key.
        storage_key: The ARN of the KMS key that encrypts the table at rest; without one, the table is taken
            to be encrypted with a key that DynamoDB owns.
        principal: The ARN of a user, role or account's root; by default any principal of the key's account
            that has the IAM policy.
        tenant: Limits the role to the items of one tenant.

    Raises:
        ConfigError: a key is named by an alias, the keyring cannot do what the role does, or items cannot be
            limited to the tenant.

    Example:
        >>> from dynaseal import AttributeActions, AwsKmsKeyring, TableConfig
        >>> arn = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        >>> config = TableConfig("t", "pk", attribute_actions=AttributeActions(), keyring=AwsKmsKeyring(arn))
        >>> [statement.sid for statement in policies_for(config, Role.READER).iam]
        ['Items', 'Indexes', 'DataKeys']
    """
    check_instances("policies_for", TableConfig, config=config)
    check_members("policies_for", Role, role=role)
    if principal is not None:
        _account_of(principal)
    uses = _uses_for(config, role)
    generator = _Generator(config, uses, role, _place(uses, table, config), storage_key, tenant)
    return _combine([*generator.statements()], principal)


def _uses_for(config: TableConfig, role: Role) -> Uses:
    uses = uses_of(config)
    if uses.unknown:
        raise ConfigError(
            f"What {uses.unknown[0]!r} calls is not known, so no policy can be written for it",
            hint="Write its statements yourself, and generate the others with one of dynaseal's keyrings",
        )
    if role in (Role.WRITER, Role.MIGRATOR) and not uses.can_write:
        raise ConfigError(
            f"The configuration can only read, so it has no policy for a {role.value}",
            hint="Pass a configuration whose keyring names a key to write with",
        )
    return uses


@dataclass(frozen=True, slots=True)
class _Place:
    """The table's ARN, and the parts of it."""

    arn: str
    name: str
    region: str
    account: str

    def table_of_store(self, use: StoreUse) -> str:
        """Return the ARN of a key store's table, which is in the Region and account of its KMS key."""
        key = parse_arn(use.store.kms_key_arn)
        name = use.store.table_name
        prefix = f"arn:{key.partition}:dynamodb:{key.region}:{key.account}:table/"
        return name if name.startswith("arn:") else prefix + name


@dataclass(frozen=True, slots=True)
class _Needed:
    """A statement, the keys whose key policies need it too, and the table that may need a policy."""

    statement: Statement
    keys: Sequence[str] = ()
    table: str | None = None


def _place(uses: Uses, table: str | None, config: TableConfig) -> _Place:
    name = config.logical_table_name if table is None else table
    check_strings("policies_for", table=name)
    if name.startswith("arn:"):
        parts = name.split(":", 5)
        if len(parts) != 6 or parts[2] != "dynamodb" or not parts[5].startswith("table/"):
            raise ConfigError(f"{quoted(name)} is not the ARN of a table")
        return _Place(name, parts[5].partition("/")[2], parts[3], parts[4])
    arns = [use.key_id for use in uses.keys] + [use.store.kms_key_arn for use in uses.stores]
    key = next((parse_arn(arn) for arn in arns if arn.startswith("arn:")), None)
    partition, region, account = (
        ("aws", "*", "*") if key is None else (key.partition, key.region, key.account)
    )
    return _Place(f"arn:{partition}:dynamodb:{region}:{account}:table/{name}", name, region, account)


@dataclass(frozen=True, slots=True)
class _Generator:
    config: TableConfig
    uses: Uses
    role: Role
    place: _Place
    storage_key: str | None
    tenant: Tenant | None

    def statements(self) -> Iterator[_Needed]:
        """Yield what the role needs."""
        if self.tenant is not None:
            self._check_tenant(self.tenant)
        if self.role is Role.KEY_ADMIN:
            yield from self._administration()
            return
        yield from self._items()
        if self.storage_key is not None:
            yield self._storage(self.storage_key)
        yield from self._data_keys()
        yield from self._discovery()
        yield from self._key_stores()

    @property
    def _reads(self) -> bool:
        """Whether the role decrypts items."""
        reads_first = self.config.update_mode is UpdateMode.READ_MODIFY_WRITE
        return self.role is not Role.WRITER or reads_first

    @property
    def _writes(self) -> bool:
        return self.role in (Role.WRITER, Role.MIGRATOR)

    def _items(self) -> Iterator[_Needed]:
        actions = item_actions(self.config, self.role)
        keys = self._leading_keys()
        if keys:  # A Scan names no key, so that no condition could limit it.
            actions = [action for action in actions if action != "dynamodb:Scan"]
        items = Statement(sid="Items", actions=sorted(actions), resources=[self.place.arn])
        yield _Needed(self._limited(items, keys), table=self.place.arn)
        if self.role is Role.READER:
            index_actions = [action for action in INDEX_READS if action in actions]
            indexes = Statement(sid="Indexes", actions=index_actions, resources=[f"{self.place.arn}/index/*"])
            yield _Needed(self._limited(indexes, keys), table=self.place.arn)

    @staticmethod
    def _limited(statement: Statement, leading_keys: Sequence[str]) -> Statement:
        if not leading_keys:
            return statement
        return statement.with_condition("ForAllValues:StringEquals", _LEADING_KEYS, *leading_keys)

    def _leading_keys(self) -> Sequence[str]:
        """Return the partition keys of the tenant's items, if the tenant is the partition key."""
        if self.tenant is None or self.tenant.attribute != self.config.partition_key_name:
            return ()
        return [self.tenant.value]

    def _storage(self, arn: str) -> _Needed:
        key = _key_arn(arn)
        statement = Statement(sid="StorageKey", actions=["kms:Decrypt"], resources=[arn])
        statement = statement.with_condition(
            "StringEquals", "kms:ViaService", f"dynamodb.{key.region}.amazonaws.com"
        ).with_condition("StringEquals", f"{_CONTEXT}aws:dynamodb:tableName", self.place.name)
        return _Needed(statement, [arn])

    def _check_tenant(self, tenant: Tenant) -> None:
        """Refuse a tenant to whose items nothing would limit the role."""
        if self.role in (Role.KEY_ADMIN, Role.MIGRATOR):
            raise ConfigError(
                f"A {self.role.value} cannot be limited to one tenant's items: it needs the whole table",
                hint="Leave the tenant out",
            )
        self._value_in_context(tenant)
        if tenant.attribute == self.config.partition_key_name:
            return
        without_context = [use.key_id for use in self.uses.keys if not use.binds_context]
        one_for_all = [
            use.store.table_name
            for use in self.uses.stores
            if use.keyring is not None and use.keyring.branch_key_id_supplier is None
        ]
        if self.uses.is_local or without_context or one_for_all:
            reason = (
                "KMS has no part in decrypting them"
                if self.uses.is_local
                else f"the key of {(without_context + one_for_all)[0]} is used for every tenant"
            )
            raise ConfigError(
                f"No policy can limit the role to a value of {tenant.attribute!r}: {reason}",
                hint="Use a KMS keyring, or a hierarchical keyring with a supplier of branch key ids",
            )

    def _data_keys(self) -> Iterator[_Needed]:
        """Yield one statement for all keys that are used in the same way."""
        by_kind: dict[str, list[KeyUse]] = {}
        for use in self.uses.keys:
            name = (
                "DataKeys"
                if use.kind in (KeyKind.SYMMETRIC, KeyKind.MULTI_REGION)
                else f"{use.kind.name}Keys"
            )
            by_kind.setdefault(name.capitalize() if use.kind is KeyKind.RSA else name, []).append(use)
        for sid, keys in by_kind.items():
            operations = {
                operation
                for use in keys
                for operation in (
                    *(use.reading if self._reads else ()),
                    *(use.writing if self._writes else ()),
                )
            }
            arns = [*dict.fromkeys(str(_key_arn(use.key_id)) for use in keys)]
            for statement in self._uses_of_keys(sid, keys[0], operations, arns):
                yield _Needed(statement, arns)

    def _uses_of_keys(
        self, sid: str, use: KeyUse, operations: Iterable[str], arns: Sequence[str]
    ) -> Iterator[Statement]:
        names = sorted(f"kms:{operation}" for operation in operations)
        if "kms:GetPublicKey" in names:  # It has neither an encryption context nor an algorithm.
            names.remove("kms:GetPublicKey")
            yield Statement(sid=f"{sid}Public", actions=["kms:GetPublicKey"], resources=arns)
        if not names:
            return
        statement = Statement(sid=sid, actions=names, resources=arns)
        if use.kind is KeyKind.RSA:
            statement = statement.with_condition(
                "StringEquals", "kms:EncryptionAlgorithm", str(use.algorithm)
            )
        elif use.kind is KeyKind.ECDH:
            statement = statement.with_condition("StringEquals", "kms:KeyAgreementAlgorithm", "ECDH")
        else:
            statement = self._bound_to_items(statement)
        yield statement

    def _discovery(self) -> Iterator[_Needed]:
        if not self._reads or not self.uses.discoveries:
            return
        arns = [*dict.fromkeys(arn for each in self.uses.discoveries for arn in _discovered(each))]
        statement = Statement(sid="DiscoveredKeys", actions=["kms:Decrypt"], resources=arns)
        yield _Needed(self._bound_to_items(statement))

    def _bound_to_items(self, statement: Statement) -> Statement:
        """Return a statement about data keys with its conditions on the encryption context of items."""
        name = self.config.logical_table_name
        statement = statement.with_condition("StringEquals", f"{_CONTEXT}{TABLE_NAME}", name)
        if self.tenant is None:
            return statement
        key = f"{_CONTEXT}{ATTRIBUTE_PREFIX}{self.tenant.attribute}"
        return statement.with_condition("StringEquals", key, self._value_in_context(self.tenant))

    def _value_in_context(self, tenant: Tenant) -> str:
        config = self.config
        in_context = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
        is_key = tenant.attribute in config.key_names
        if not is_key and config.find_action(tenant.attribute) is not in_context:
            raise ConfigError(
                f"Items cannot be limited to a value of {tenant.attribute!r}, which is not in their "
                "encryption context",
                hint=f"Give {tenant.attribute!r} the action {in_context.name}",
            )
        if tenant.attribute in {key.name for key in config.surrogate_keys}:
            raise ConfigError(
                f"Items cannot be limited to a value of {tenant.attribute!r}, which holds tokens",
                hint=f"Give another attribute the action {in_context.name}",
            )
        if config.version == 2:
            return tenant.value
        return version_1_entry(STRING, tenant.value.encode())

    def _key_stores(self) -> Iterator[_Needed]:
        """Yield what each key store needs, whoever fetches keys from it."""
        stores: dict[tuple[str, str, str], list[StoreUse]] = {}
        for use in self.uses.stores:
            store = use.store
            name = (store.kms_key_arn, store.table_name, store.logical_key_store_name)
            stores.setdefault(name, []).append(use)
        for number, store_uses in enumerate(stores.values(), 1):
            suffix = "" if len(stores) == 1 else str(number)
            yield from self._key_store(store_uses, suffix)

    def _key_store(self, uses: Sequence[StoreUse], suffix: str) -> Iterator[_Needed]:
        store = uses[0].store
        table = self.place.table_of_store(uses[0])
        ids = self._branch_key_ids(uses)
        records = Statement(sid=f"KeyStore{suffix}", actions=["dynamodb:GetItem"], resources=[table])
        if ids:
            records = records.with_condition("ForAllValues:StringEquals", _LEADING_KEYS, *ids)
        yield _Needed(records, table=table)
        keys = Statement(sid=f"KeyStoreKey{suffix}", actions=["kms:Decrypt"], resources=[store.kms_key_arn])
        keys = keys.with_condition("StringEquals", _STORE_NAME, store.logical_key_store_name)
        if ids:
            keys = keys.with_condition("StringEquals", f"{_CONTEXT}{BRANCH_KEY_ID}", *ids)
        types = self._record_types(uses)
        yield _Needed(keys.with_condition("StringLike", f"{_CONTEXT}{TYPE}", *types), [store.kms_key_arn])

    def _record_types(self, uses: Sequence[StoreUse]) -> Sequence[str]:
        types: list[str] = []
        if any(use.keyring is not None for use in uses):
            types += [ACTIVE] if self._writes else []
            types += [f"{VERSION_PREFIX}*"] if self._reads else []
        if any(use.keyring is None for use in uses):
            types.append(BEACON)
        return types

    def _branch_key_ids(self, uses: Sequence[StoreUse]) -> Sequence[str]:
        """Return the ids of the branch keys that are used; empty if they are not known."""
        ids = [self._branch_key_id(use, uses) for use in uses]
        return [] if None in ids else sorted({each for each in ids if each is not None})

    def _branch_key_id(self, use: StoreUse, uses: Sequence[StoreUse]) -> str | None:
        if use.keyring is None:
            if use.beacon_key_id is not None:
                return use.beacon_key_id
            # A tenant's beacon key belongs to the branch key that its items are encrypted under.
            others = [other for other in uses if other.keyring is not None]
            return self._branch_key_id(others[0], uses) if others else None
        supplier = use.keyring.branch_key_id_supplier
        if supplier is None:
            return use.keyring.branch_key_id
        if self.tenant is None:
            return None
        item = {self.tenant.attribute: {"S": self.tenant.value}}
        try:
            return supplier(item)
        except (LookupError, ValueError) as error:
            raise ConfigError(
                f"The supplier of branch key ids refused the tenant with {type(error).__name__}",
                hint="Name the tenant by the attribute that the supplier reads",
            ) from error

    def _administration(self) -> Iterator[_Needed]:
        named = [str(_key_arn(use.key_id)) for use in self.uses.keys]
        stores = {use.store.kms_key_arn: use for use in self.uses.stores}
        arns = [*dict.fromkeys([*named, *stores])]
        if arns:
            statement = Statement(sid="KeyAdministration", actions=KEY_ADMINISTRATION, resources=arns)
            yield _Needed(statement, arns)
        for number, (arn, use) in enumerate(stores.items(), 1):
            suffix = "" if len(stores) == 1 else str(number)
            yield from self._store_administration(arn, use, suffix)

    def _store_administration(self, arn: str, use: StoreUse, suffix: str) -> Iterator[_Needed]:
        table = self.place.table_of_store(use)
        actions = ["dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem"]
        yield _Needed(Statement(sid=f"KeyStore{suffix}", actions=actions, resources=[table]))
        name = use.store.logical_key_store_name
        making = Statement(
            sid=f"BranchKeys{suffix}", actions=["kms:GenerateDataKeyWithoutPlaintext"], resources=[arn]
        )
        yield _Needed(making.with_condition("StringEquals", _STORE_NAME, name), [arn])
        copying = Statement(
            sid=f"BranchKeyCopies{suffix}",
            actions=["kms:ReEncryptFrom", "kms:ReEncryptTo"],
            resources=[arn],
        )
        copying = copying.with_condition("StringEquals", _STORE_NAME, name)
        yield _Needed(copying.with_condition("Bool", "kms:ReEncryptOnSameKey", "true"), [arn])


def _combine(needed: Sequence[_Needed], principal: str | None) -> Policies:
    keys: dict[str, list[Statement]] = {}
    tables: dict[str, list[Statement]] = {}
    for each in needed:
        for arn in each.keys:
            statement = replace(each.statement, sid=f"{each.statement.sid}ThroughIam", resources=["*"])
            keys.setdefault(arn, []).append(_to_principal(statement, arn.split(":")[4], principal))
        if each.table is not None and principal is not None:
            account = each.table.split(":")[4]
            if account not in ("*", _account_of(principal)):
                statement = _to_principal(each.statement, account, principal)
                tables.setdefault(each.table, []).append(statement)
    return Policies(iam=[each.statement for each in needed], keys=keys, tables=tables)


def _to_principal(statement: Statement, account: str, principal: str | None) -> Statement:
    """Return a statement of a resource's policy that leaves the decision to the principal's account."""
    if principal is None:
        return replace(statement, principal=f"arn:aws:iam::{account}:root")
    partition = principal.split(":")[1]
    root = f"arn:{partition}:iam::{_account_of(principal)}:root"
    statement = replace(statement, principal=root)
    return (
        statement
        if principal == root
        else statement.with_condition("ArnEquals", "aws:PrincipalArn", principal)
    )


def _account_of(principal: str) -> str:
    parts = principal.split(":")
    if len(parts) != 6 or parts[2] != "iam":
        raise ConfigError(
            f"{quoted(principal)} is not the ARN of an IAM user, a role or an account's root",
            hint="Example: arn:aws:iam::111122223333:role/reader",
        )
    return parts[4]


def _key_arn(key_id: str) -> KmsArn:
    try:
        arn = parse_arn(key_id)
    except ValueError:
        arn = None
    if arn is None or arn.kind != "key":
        raise ConfigError(
            f"{quoted(key_id)} is not the ARN of a KMS key, and policies name keys by their ARNs",
            hint="Name the key by its ARN; DescribeKey shows the ARN of an alias's key",
        )
    return arn


def _discovered(keyring: KmsDiscoveryKeyring) -> Iterator[str]:
    region = keyring.region if isinstance(keyring, KmsMrkDiscoveryKeyring) else "*"
    key_filter = keyring.key_filter
    if key_filter is None:
        yield f"arn:aws:kms:{region}:*:key/*"
        return
    for account in sorted(key_filter.account_ids):
        yield f"arn:{key_filter.partition}:kms:{region}:{account}:key/*"


def parse_tenant(value: str) -> Tenant:
    """Read a tenant as the command line has it, `attribute=value`.

    Raises:
        ValueError: it has no `=`, or nothing on one side of it.
    """
    attribute, _, tenant = value.partition("=")
    if not attribute or not tenant:
        raise ValueError("a tenant is written as attribute=value, such as tenant=acme")
    return Tenant(attribute, tenant)
