"""Comparing a configuration with everything that it depends on; nothing is changed.

The order is that of a request: credentials, the table, its storage key, the keyring's keys, the items, the
permissions. What depends on something that was not found is left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.attributes import Item
from dynaseal.boto.check_table import check_table
from dynaseal.boto.doctor.access import AwsClients, Identity, check_item_permissions, find_identity
from dynaseal.boto.doctor.diagnosis import Diagnosis, Notes, error_code, in_words_of_aws, is_refusal
from dynaseal.boto.doctor.items import ItemsCheck
from dynaseal.boto.doctor.key_stores import check_key_store, key_of
from dynaseal.boto.doctor.kms_keys import KeyCheck, client_of, is_in_region
from dynaseal.boto.keys.uses import KeyKind, KeyUse, Uses, discovered_key, uses_of
from dynaseal.boto.permissions import Role, item_actions
from dynaseal.config import TableConfig, UpdateMode
from dynaseal.core.arguments import (
    check_at_least,
    check_instances,
    check_integers,
    check_members,
    check_strings,
)
from dynaseal.core.context import base_context
from dynaseal.errors import ConfigError
from dynaseal.materials.arn import parse_arn, region_of
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.report import describe_item

DEFAULT_SAMPLE = 100
_READER_AND_WRITER = (Role.READER, Role.WRITER)


def diagnose(
    table_name: str,
    config: TableConfig,
    *,
    session: boto3.Session | None = None,
    sample: int = DEFAULT_SAMPLE,
    role: Role | None = None,
) -> Diagnosis:
    """Compare a configuration with its table, its keys, the caller's permissions and stored items, read-only.

    Calls STS, DynamoDB, KMS and IAM. Decrypts the items of the sample, as any reader does. Changes nothing.

    Args:
        table_name: The table's name, or its ARN.
        config: The table's configuration. Its keyring and key stores are called with their own clients.
        session: A boto3 session for all other clients; by default boto3's default session.
        sample: How many stored items to look at.
        role: `Role.READER` or `Role.WRITER`, if the caller only reads or only writes; by default permissions
            for both are checked, or for a configuration that cannot write those of a reader.

    Returns:
        What does not fit, with one thing to do for each, and what could not be looked at.

    Raises:
        BotoCoreError: AWS cannot be reached.
        ConfigError: an argument is of another type, the sample is negative, or the role is another one.

    Example:
        >>> from dynaseal import AttributeActions, RawAesKeyring, TableConfig, diagnose
        >>> keyring = RawAesKeyring("payroll", "2026", bytes(32))
        >>> config = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)
        >>> diagnosis = diagnose("people", config)  # doctest: +SKIP
        >>> [finding.action for finding in diagnosis.findings]  # doctest: +SKIP
        []
    """
    check_strings("diagnose", table_name=table_name)
    check_instances("diagnose", TableConfig, config=config)
    check_integers("diagnose", sample=sample)
    check_at_least("diagnose", 0, sample=sample)
    if role is not None:
        _check_role(role)
    return _Examination(table_name, config, AwsClients(session), role).run(sample)


def _check_role(role: Role) -> None:
    check_members("diagnose", Role, role=role)
    if role not in _READER_AND_WRITER:
        # Of the others, nothing could be said: no dry run covers what they do with keys.
        raise ConfigError(
            f"diagnose's role must be Role.READER or Role.WRITER, and is {role}",
            hint="Leave the role out to check the permissions of both",
        )


class _Examination:
    def __init__(self, table_name: str, config: TableConfig, clients: AwsClients, role: Role | None) -> None:
        self._table_name = table_name
        self._config = config
        self._clients = clients
        self._uses: Uses = uses_of(config)
        # A configuration that cannot write is for readers, unless the caller says otherwise.
        usual = _READER_AND_WRITER if self._uses.can_write else (Role.READER,)
        self._roles: Sequence[Role] = usual if role is None else (role,)
        self._notes = Notes()
        self._storage_key: str | None = None

    def run(self, sample: int) -> Diagnosis:
        items: Sequence[Item] = ()
        identity = find_identity(self._clients, self._notes)
        if identity is not None:
            table = self._describe_table(identity)
            keys = self._check_key_states()
            items = self._sample(sample) if table is not None else ()
            keys = [*keys, *self._check_discovered_keys(items)]
            if self._notes.has_code("key-schema"):
                # Every item would seem to be damaged.
                what = "Whether the items verify: the configuration has other key attributes than the table"
                self._notes.skip(self._table_name, what)
                items = ()
            check = ItemsCheck(self._config, self._table_name, self._other_names(table or {}), self._notes)
            check.check(items)
            self._check_writing()
            self._check_key_use(keys, check)
            if table is not None:
                self._check_item_permissions(identity, table or self._unseen_table(identity))
        return self._notes.to_diagnosis(self._table_name, len(items))

    def _describe_table(self, identity: Identity) -> Mapping[str, Any] | None:
        """Return the table's description; empty if it may not be seen, None if there is no such table."""
        client = self._clients("dynamodb")
        try:
            table = client.describe_table(TableName=self._table_name)["Table"]
        except ClientError as error:
            if is_refusal(error):
                what = "The table's keys, indexes, time to live and stream"
                self._notes.skip(self._table_name, what, "dynamodb:DescribeTable")
                return {}
            self._report_missing_table(client.meta.region_name, identity, error)
            return None
        for finding in check_table(client, self._table_name, self._config):
            if finding.code == "expiry-unreadable":
                what = "By which attribute items expire"
                self._notes.skip(self._table_name, what, "dynamodb:DescribeTimeToLive")
            else:
                self._notes.add(finding)
        self._check_storage_key(table)
        return table

    def _report_missing_table(self, region: str, identity: Identity, error: ClientError) -> None:
        subject = self._table_name
        message = f"DescribeTable failed in {region}, account {identity.account}: {in_words_of_aws(error)}"
        if error_code(error) != "ResourceNotFoundException":
            action = "Check the table's name, the Region and the endpoint"
            self._notes.find("error", "table-unreadable", subject, message, action)
            return
        elsewhere = next((other for other in self._key_regions() if self._exists_in(other, region)), None)
        action = "Check the table's name, the Region and the account, or create the table"
        if elsewhere is not None:
            action = f"Set AWS_REGION to {elsewhere}, where a table with this name exists"
        self._notes.find("error", "table-missing", subject, message, action)

    def _key_regions(self) -> Sequence[str]:
        keys = [*self._uses.keys, *map(key_of, self._uses.stores)]
        return [*dict.fromkeys(region for key in keys if (region := region_of(key.key_id)) is not None)]

    def _exists_in(self, region: str, present: str) -> bool:
        if region == present:
            return False
        try:
            self._clients("dynamodb", region).describe_table(TableName=self._table_name)
        except (BotoCoreError, ClientError):
            return False
        return True

    def _check_storage_key(self, table: Mapping[str, Any]) -> None:
        arn = table.get("SSEDescription", {}).get("KMSMasterKeyArn")
        self._storage_key = arn
        if arn is not None:
            use = KeyUse(key_id=arn, kind=KeyKind.STORAGE)
            KeyCheck(use, client_of(use, self._clients), self._notes).state()

    def _check_key_states(self) -> Sequence[KeyCheck]:
        """Check the state of every key, and return the checks of those that the keyring uses itself."""
        checks = [KeyCheck(use, client_of(use, self._clients), self._notes) for use in self._uses.keys]
        stores = {use.store.kms_key_arn: key_of(use) for use in self._uses.stores}.values()
        for check in [
            *checks,
            *(KeyCheck(use, client_of(use, self._clients), self._notes) for use in stores),
        ]:
            check.state()
        for unknown in self._uses.unknown:
            self._notes.skip(repr(unknown), "Its keys: it is not one of dynaseal's keyrings")
        return checks

    def _check_discovered_keys(self, items: Sequence[Item]) -> Sequence[KeyCheck]:
        """Check the state of the keys with which discovery keyrings read the items."""
        arns = dict.fromkeys(
            key.key
            for item in items
            for key in describe_item(item).wrapped_keys
            if key.provider == KMS_PROVIDER and key.key is not None
        )
        uses = {
            use.key_id: use
            for keyring in self._uses.discoveries
            for arn in arns
            if (use := discovered_key(keyring, parse_arn(arn))) is not None and is_in_region(use)
        }
        if self._uses.discoveries and not uses:
            message = "The keys of a discovery keyring: no stored item names one that it would use"
            self._notes.skip(self._table_name, message)
        checks = [KeyCheck(use, client_of(use, self._clients), self._notes) for use in uses.values()]
        for check in checks:
            check.state()
        return checks

    def _sample(self, limit: int) -> Sequence[Item]:
        paginator = self._clients("dynamodb").get_paginator("scan")
        pages = paginator.paginate(
            TableName=self._table_name,
            PaginationConfig={"MaxItems": limit, "PageSize": max(1, min(limit, 1000))},
        )
        try:
            return [item for page in pages for item in page["Items"]]
        except ClientError as error:
            if self._is_about_storage_key(error):
                return ()
            permission = "dynamodb:Scan" if is_refusal(error) else None
            self._notes.skip(self._table_name, f"The stored items: {in_words_of_aws(error)}", permission)
            return ()

    def _is_about_storage_key(self, error: ClientError) -> bool:
        """Return whether DynamoDB refused because the storage key may not be used, and report that.

        Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
        """
        message = in_words_of_aws(error)
        if self._storage_key is None or not is_refusal(error) or "KMS key access denied" not in message:
            return False
        action = (
            "Allow kms:Decrypt on the key to this principal in the key policy, for calls by DynamoDB "
            "(kms:ViaService), or in an IAM policy if the key policy leaves the decision to the account"
        )
        text = f"DynamoDB may not use the table's storage key for this principal: {message}"
        self._notes.find("error", "permission", self._storage_key, text, action)
        self._notes.skip(self._table_name, "The stored items", "kms:Decrypt")
        return True

    def _other_names(self, table: Mapping[str, Any]) -> Sequence[str]:
        """Return the names that items may be bound to by mistake, or because the table was restored."""
        source = table.get("RestoreSummary", {}).get("SourceTableArn", "")
        name = self._table_name.rpartition("/")[2]
        return [name, source.rpartition("/")[2], table.get("TableArn", ""), source]

    def _check_writing(self) -> None:
        if Role.WRITER in self._roles and not self._uses.can_write:
            self._notes.find(
                "error",
                "cannot-write",
                self._table_name,
                "The configuration's keyring can only read, so no item can be written",
                "Use a keyring that has a key to write with, or check the permissions of a reader",
            )

    def _check_key_use(self, keys: Sequence[KeyCheck], check: ItemsCheck) -> None:
        config = self._config
        context = base_context(config.logical_table_name, config.partition_key_name, config.sort_key_name)
        if check.samples:
            context = check.samples[0].context
        reading = Role.READER in self._roles or config.update_mode is UpdateMode.READ_MODIFY_WRITE
        for key in keys:
            key.permissions(check.samples, context, reading=reading, writing=Role.WRITER in self._roles)
        data_keys = [sample.data_key for sample in check.samples]
        for use in self._uses.stores:
            check_key_store(use, data_keys, self._notes)

    def _unseen_table(self, identity: Identity) -> Mapping[str, Any]:
        """Return as much of a table's description as its name, the Region and the account say."""
        if self._table_name.startswith("arn:"):
            return {"TableArn": self._table_name}
        region = self._clients("dynamodb").meta.region_name
        partition = identity.arn.split(":")[1]
        return {"TableArn": f"arn:{partition}:dynamodb:{region}:{identity.account}:table/{self._table_name}"}

    def _check_item_permissions(self, identity: Identity, table: Mapping[str, Any]) -> None:
        actions = [action for role in self._roles for action in item_actions(self._config, role)]
        check_item_permissions(self._clients, identity, table, actions, self._notes)
