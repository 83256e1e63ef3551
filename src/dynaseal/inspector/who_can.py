"""Who may read an item under a lab's present policies, and for who may not, what says so."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.boto.keys.key_store import KeyStore
from dynaseal.boto.keys.uses import KeyKind, Uses, discovered_key, uses_of
from dynaseal.config import TableConfig
from dynaseal.errors import KeyStoreError
from dynaseal.inspection.item import ExplainedItem
from dynaseal.inspection.tables import TableFacts, describe_table, get_item, written_value
from dynaseal.inspector.labs import Access, Lab, LabError
from dynaseal.materials.arn import is_same_key, parse_arn
from dynaseal.materials.key_store.branch_keys import BRANCH_KEY_ID, TYPE, VERSION_PREFIX, parse_record
from dynaseal.materials.keyrings.names import (
    HIERARCHY_PROVIDER,
    KMS_ECDH_PROVIDER,
    KMS_PROVIDER,
    KMS_RSA_PROVIDER,
)
from dynaseal.materials.keyrings.wrapped_keys import WrappedKey

READ = "dynamodb:GetItem"
DECRYPT = "kms:Decrypt"
AGREE = "kms:DeriveSharedSecret"

_WRAPPED_BY_OLDER_LIBRARY = "entry amzn-ddb-env-key"
_OLDER_PROBLEM = (
    "Who may decrypt it is not known: an item of the older format does not name the key that wrapped its "
    "data key. Look as a user to see whether the user can"
)

Pairs = tuple[tuple[str, str], ...]
"""Condition keys of a request, with their values."""


@dataclass(frozen=True, slots=True)
class Need:
    """A permission that reading an item needs: an action on a resource, by a request with condition keys."""

    action: str
    resource: str
    condition_keys: Pairs = ()

    @property
    def name(self) -> str:
        """The action and the resource, in few words."""
        return f"{self.action.partition(':')[2]} on {self.resource.rpartition(':')[2]}"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to unwrap an item's data key, which needs all of its permissions.

    Attributes:
        key_arn: The KMS key that unwraps it; None if it is not known.
        needs: The permissions; empty if they are not known.
        problem: Why they are not known.
    """

    key_arn: str | None
    needs: tuple[Need, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the lab decides about one need of one principal."""

    need: Need
    access: Access


@dataclass(frozen=True, slots=True)
class PrincipalRow:
    """One principal: what it may do of what reading the item needs.

    Attributes:
        principal: Its ARN.
        read: Whether it may read the stored item.
        storage: Whether it may use the key with which DynamoDB encrypts the table, through DynamoDB; None if
            the table has no key of the account's.
        decrypt: For each way to unwrap the data key, what it may do of what that needs; one way is enough.
            None for a way that is not known.
    """

    principal: str
    read: Access | None
    storage: Access | None
    decrypt: Sequence[Sequence[Answer] | None]

    @property
    def may(self) -> bool | None:
        """Whether it may do everything that is needed; None if that is not known."""
        if self.read is None or not self.read.may or (self.storage is not None and not self.storage.may):
            return False
        ways = [None if way is None else all(each.access.may for each in way) for way in self.decrypt]
        if not ways or True in ways:
            return True
        return None if None in ways else False

    @property
    def name(self) -> str:
        """The ARN's last part."""
        return self.principal.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Principals:
    """Every principal of the account.

    Attributes:
        rows: The principals, those who may read the item first.
        has_storage_key: Whether the table has a storage key of the account's.
        problems: What the lab could not decide.
    """

    rows: Sequence[PrincipalRow]
    has_storage_key: bool
    problems: Sequence[str]


def ways_to_unwrap(explained: ExplainedItem, config: TableConfig) -> list[Way]:
    """Return the ways to unwrap an item's data key that need permissions."""
    if any(each.field == _WRAPPED_BY_OLDER_LIBRARY for each in explained.header):
        return [Way(None, (), _OLDER_PROBLEM)]
    uses = uses_of(config)
    context = tuple(
        (f"kms:EncryptionContext:{name}", value) for name, value in explained.encryption_context.items()
    )
    return [*dict.fromkeys(way for key in explained.wrapped_keys for way in _ways(key, uses, context))]


def _ways(wrapped: WrappedKey, uses: Uses, context: Pairs) -> Iterator[Way]:
    if wrapped.key is None:
        return
    if wrapped.provider == KMS_PROVIDER:
        arn = _used_key(wrapped.key, uses)
        yield Way(arn, (Need(DECRYPT, arn, context),))
    elif wrapped.provider == KMS_RSA_PROVIDER:
        yield Way(wrapped.key, (Need(DECRYPT, wrapped.key),))
    elif wrapped.provider == KMS_ECDH_PROVIDER:
        keys = [use.key_id for use in uses.keys if use.kind is KeyKind.ECDH]
        yield from (Way(arn, (Need(AGREE, arn),)) for arn in keys)
        if not keys:
            yield _unknown_way(wrapped)
    elif wrapped.provider == HIERARCHY_PROVIDER:
        stores = [use.store for use in uses.stores if use.keyring is not None]
        yield from (_by_branch_key(wrapped, store) for store in stores)
        if not stores:
            yield _unknown_way(wrapped)


def _unknown_way(wrapped: WrappedKey) -> Way:
    problem = (
        f"Who may decrypt it is not known: its data key is wrapped by {wrapped.provider}, which does not "
        "name the KMS key. Start the inspector with --config, the table's configuration"
    )
    return Way(None, (), problem)


def _used_key(arn: str, uses: Uses) -> str:
    """Return the key with which a configuration reads a data key: itself, or its replica."""
    try:
        named = parse_arn(arn)
    except ValueError:
        return arn
    for use in uses.keys:
        if use.kind is KeyKind.MULTI_REGION and is_same_key(use.key_id, named):
            return use.key_id
    discovered = [use for keyring in uses.discoveries if (use := discovered_key(keyring, named)) is not None]
    return discovered[0].key_id if discovered else arn


def _by_branch_key(wrapped: WrappedKey, store: KeyStore) -> Way:
    """Return what it needs to fetch a branch key: its record, and the key under which that is wrapped."""
    client = store.dynamodb_client()
    branch_key_id, record_type = str(wrapped.key), f"{VERSION_PREFIX}{wrapped.version}"
    key = {BRANCH_KEY_ID: {"S": branch_key_id}, TYPE: {"S": record_type}}
    try:
        facts = describe_table(client, store.table_name)
        item = get_item(client, facts, key)
    except (BotoCoreError, ClientError) as error:
        return Way(store.kms_key_arn, (), f"The key store cannot be read: {error}")
    context: Mapping[str, str] = {}
    if item is not None:
        with suppress(KeyStoreError):  # a damaged record cannot be unwrapped, whoever may try
            context = parse_record(
                item, branch_key_id, record_type, logical_name=store.logical_key_store_name
            ).context
    decrypt = Need(
        DECRYPT,
        store.kms_key_arn,
        tuple((f"kms:EncryptionContext:{name}", value) for name, value in context.items()),
    )
    return Way(store.kms_key_arn, (*_needs_to_read(facts, branch_key_id), decrypt))


def _needs_to_read(facts: TableFacts, partition_key: str) -> list[Need]:
    """Return what reading a stored item of a table needs."""
    needs = [Need(READ, facts.arn, (("dynamodb:LeadingKeys", partition_key),))]
    if facts.storage_key_arn:
        through = ("kms:ViaService", f"dynamodb.{facts.region}.amazonaws.com")
        needs.append(Need(DECRYPT, facts.storage_key_arn, (through,)))
    return needs


def who_can_read(lab: Lab, facts: TableFacts, key: Mapping[str, Any], ways: Sequence[Way]) -> Principals:
    """Return which principals may read and decrypt an item.

    Args:
        lab: The lab, which decides.
        facts: The item's table.
        key: The item's key, as it is stored.
        ways: The ways to unwrap its data key.

    Raises:
        LabError: the lab does not answer.
    """
    partition_key = written_value(key.get(facts.key_names[0], {}))
    reading, *storing = _needs_to_read(facts, partition_key)
    readers = _by_principal(lab, reading)
    storage = _by_principal(lab, storing[0]) if storing else {}
    problems = [way.problem for way in ways if way.problem is not None]
    decrypting: dict[Need, Mapping[str, Access]] = {}
    for need in dict.fromkeys(need for way in ways for need in way.needs):
        try:
            decrypting[need] = _by_principal(lab, need)
        except LabError as error:
            problems.append(f"{need.resource}: {error}")
    names = dict.fromkeys([*readers, *(name for accesses in decrypting.values() for name in accesses)])
    rows = [
        PrincipalRow(
            name, readers.get(name), storage.get(name), [_answers(way, decrypting, name) for way in ways]
        )
        for name in names
    ]
    rows.sort(key=lambda row: (row.may is False, row.may is None))
    return Principals(rows, bool(storage), problems)


def _answers(
    way: Way, decided: Mapping[Need, Mapping[str, Access]], principal: str
) -> Sequence[Answer] | None:
    """Return what was decided about a way, for one principal; None if a need of it was not decided."""
    answers = [
        Answer(need, decided[need][principal])
        for need in way.needs
        if need in decided and principal in decided[need]
    ]
    return answers if answers and len(answers) == len(way.needs) else None


def _by_principal(lab: Lab, need: Need) -> dict[str, Access]:
    accesses = lab.who_can(need.action, need.resource, need.condition_keys)
    return {access.principal: access for access in accesses}
