"""What is known of a table whose items are looked at: what DescribeTable says, or a configuration."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from dynaseal.config import TableConfig
from dynaseal.inspection.tables import Index, TableFacts, describe_table

_REFUSALS = frozenset({"AccessDenied", "AccessDeniedException"})


def find_table_facts(client: Any, name: str, config: TableConfig | None) -> TableFacts:
    """Call DescribeTable; if that is not allowed, return what the table's configuration says of it.

    A configuration does not say of which types the keys are. An item shows it, if Scan is allowed; otherwise
    keys are taken to be strings.

    Args:
        client: A DynamoDB client.
        name: The table's name, or its ARN.
        config: The table's configuration, if there is one.

    Raises:
        botocore.exceptions.ClientError: DescribeTable was refused, and there is no configuration; or it
            failed for another reason.
    """
    try:
        return describe_table(client, name)
    except ClientError as error:
        if config is None or error.response.get("Error", {}).get("Code") not in _REFUSALS:
            raise
    arn = name if name.startswith("arn:") else ""
    items = _first_items(client, name)
    return TableFacts(
        name=name.rpartition("/")[2],
        address=name,
        arn=arn,
        region=arn.split(":")[3] if arn else "",
        account=arn.split(":")[4] if arn else "",
        storage_key_arn=None,
        item_count=0,
        key_types={key: kind for item in items for key in config.key_names for kind in item.get(key, ())},
        indexes=(Index(None, config.key_names),),
    )


def _first_items(client: Any, name: str) -> Sequence[Mapping[str, Any]]:
    """Return one item of a table; none if Scan is not allowed, or the table is empty."""
    with suppress(ClientError):
        return client.scan(TableName=name, Limit=1)["Items"]
    return ()
