"""The migration of a live table: checks its arguments and its table, and makes runs."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from dynaseal.boto.interception.attach import check_not_encrypting, dynamodb_client
from dynaseal.boto.interception.client_copies import wire_copy
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError
from dynaseal.migrate.checkpoint import describe_config, fingerprint, locked, open_checkpoint
from dynaseal.migrate.reports import MigrationReport, Progress
from dynaseal.migrate.running import Mode, Plan, Run
from dynaseal.migrate.selecting import select
from dynaseal.migrate.transforming import Plaintext, make_encryptors, transformer

MAX_SEGMENTS = 1_000_000


class Migration:
    """Moves the items of a live table from one configuration to another; other programs may go on using it.

    Args:
        table: boto3's Table, which does not encrypt.
        source: The configuration under which the items were written. Its plaintext policy says whether items
            that are not encrypted are taken.
        target: The configuration under which they are to be written; or `PLAINTEXT`, to decrypt them for
            good.
        checkpoint: A file that keeps the state, so that an interrupted migration can go on. Without one, a
            migration that is run again looks at every item again.
        segments: How many segments are read at the same time; 4, or as many as the checkpoint says.
        max_write_units: How many write units per second may be consumed.
        max_read_units: How many read units per second may be consumed.
        dry_run: Whether items are only read and counted, and the costs estimated.
        target_table: boto3's Table into which the items are copied, for a change of their keys. It must be in
            the same account and Region.
        keys: Take only items that are encrypted under one of these keys: a KMS key's ARN, a branch key id or
            version, or a raw key's name.
        older_than: Take only items whose branch key version was made before this time. Items under other keys
            than branch keys have no date, and are not taken.
        renew: Whether items get new data keys although nothing else about them would change. A renewal that
            goes on after an interruption may renew the last pages twice.

    Raises:
        ConfigError: an argument does not fit, the table has other keys, or its client already encrypts.

    Example:
        >>> import boto3
        >>> from dynaseal import AttributeActions, PlaintextPolicy, RawAesKeyring, TableConfig
        >>> def config(policy):
        ...     return TableConfig(
        ...         "people", "pk",
        ...         attribute_actions=AttributeActions(),
        ...         keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ...         plaintext_policy=policy,
        ...     )
        >>> table = boto3.resource("dynamodb", region_name="us-west-2").Table("people")
        >>> migration = Migration(
        ...     table,
        ...     config(PlaintextPolicy.FORBID_WRITE_ALLOW_READ),
        ...     config(PlaintextPolicy.FORBID_WRITE_FORBID_READ),
        ...     checkpoint="people.checkpoint",
        ... )
        >>> report = migration.run()  # doctest: +SKIP
    """

    def __init__(
        self,
        table: Any,
        source: TableConfig,
        target: TableConfig | Plaintext,
        *,
        checkpoint: str | Path | None = None,
        segments: int | None = None,
        max_write_units: float | None = None,
        max_read_units: float | None = None,
        dry_run: bool = False,
        target_table: Any = None,
        keys: Iterable[str] = (),
        older_than: datetime | None = None,
        renew: bool = False,
    ) -> None:
        reader, writer = make_encryptors("A Migration", source, target)
        _check_numbers(segments, max_write_units, max_read_units)
        client = dynamodb_client(table)
        check_not_encrypting(client.meta.events, "table's client")
        self._name: str = _name_of(table)
        self._target_name: str | None = None if target_table is None else _name_of(target_table)
        self._source_config, self._target_config = source, target
        self._path = None if checkpoint is None else Path(checkpoint)
        self._segments = segments
        self._dry_run = dry_run
        keyrings = [each.keyring for each in (source, target) if isinstance(each, TableConfig)]
        self._plan = Plan(
            client=wire_copy(client),
            table=self._name,
            target_table=self._target_name,
            source=reader,
            target=writer,
            selection=select(keys, older_than, *keyrings),
            renew=renew,
            max_read_units=max_read_units,
            max_write_units=max_write_units,
        )
        # Refuses a target that cannot be one, before any call.
        transformer(reader, writer)

    def run(self, progress: Callable[[Progress], object] | None = None) -> MigrationReport:
        """Move the items, or count them in a dry run.

        Args:
            progress: Called after each page of the scan, from several threads but never twice at a time.

        Returns:
            The report; items that failed are in it.

        Raises:
            ConfigError: the table does not fit the configuration, or the checkpoint is not of this migration.
            ClientError: DynamoDB refused a request that is not about one item.
        """
        return self._run("dry-run" if self._dry_run else "run", progress)

    def verify(self, progress: Callable[[Progress], object] | None = None) -> MigrationReport:
        """Read the whole table, or the table that items were copied into, and verify it under the target.

        Nothing is changed, and the checkpoint is not used. Each item that is not exactly as the target would
        write it is a failure.

        Args:
            progress: Called after each page of the scan, from several threads but never twice at a time.
        """
        return self._run("verify", progress)

    def _run(self, mode: Mode, progress: Callable[[Progress], object] | None) -> MigrationReport:
        self._check_keys()
        path = self._path if mode == "run" else None
        with locked(path):
            checkpoint = open_checkpoint(path, self._name, self._fingerprint(), self._segments)
            return Run(self._plan, mode, checkpoint, progress).finish()

    def _check_keys(self) -> None:
        source, target = self._source_config, self._target_config
        written = source if isinstance(target, Plaintext) else target
        if self._target_name is None and written.key_names != source.key_names:
            raise ConfigError(
                "The two configurations have different keys",
                hint="Copy the items into a table with the new keys: target_table=..., or --into",
            )
        names = {self._name: source.key_names}
        if self._target_name is not None:
            names[self._target_name] = written.key_names
        for name, expected in names.items():
            found = self._plan.access(name).key_names()
            if found != expected:
                raise ConfigError(
                    f"The table {name!r} has the keys {', '.join(found)}, and its configuration has "
                    f"{', '.join(expected)}",
                    hint="Name the table's keys in the configuration",
                )

    def _fingerprint(self) -> str:
        target = self._target_config
        return fingerprint(
            {
                "table": self._name,
                "into": self._target_name,
                "source": describe_config(self._source_config),
                "target": target.name if isinstance(target, Plaintext) else describe_config(target),
                "keys": sorted(self._plan.selection.keys),
                "older than": str(self._plan.selection.older_than),
                "renew": self._plan.renew,
            }
        )


def _name_of(table: Any) -> str:
    name = getattr(table, "name", None)
    if not isinstance(name, str):
        raise ConfigError(
            f"A Migration needs boto3's Table, and {type(table).__name__} is not one",
            hint='Pass boto3.resource("dynamodb").Table(name)',
        )
    return name


def _check_numbers(segments: int | None, *units: float | None) -> None:
    if segments is not None and not 1 <= segments <= MAX_SEGMENTS:
        raise ConfigError(f"A scan has 1 to {MAX_SEGMENTS:,} segments, not {segments}")
    for each in units:
        if each is not None and each <= 0:
            raise ConfigError(f"A limit of capacity units must be greater than 0, not {each}")
