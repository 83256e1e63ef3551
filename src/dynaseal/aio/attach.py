"""Encryption on an existing asynchronous client, resource or session."""

from collections.abc import Mapping

from dynaseal.aio.handlers import on_loop
from dynaseal.boto.interception.attach import attach_wrapped
from dynaseal.boto.interception.plaintext_tables import PlaintextTables
from dynaseal.boto.interception.requests import Requests
from dynaseal.config import TableConfig


def attach(
    client_or_resource_or_session: object,
    configs: Mapping[str, TableConfig],
    *,
    plaintext_tables: PlaintextTables = (),
) -> None:
    """Make an asynchronous client, resource or session encrypt and decrypt the configured tables' items.

    It is not a coroutine: nothing is sent.

    Args:
        client_or_resource_or_session: A client or session of aiobotocore, or a resource, Table or session of
            aioboto3. Every DynamoDB client that a session makes from now on encrypts.
        configs: Table names (or ARNs) and the tables' configurations. Operations on items of any other table
            are refused.
        plaintext_tables: Names (or ARNs) of other tables that may be used, without encryption;
            `ALL_OTHER_TABLES` allows every one.

    Raises:
        ConfigError: it is none of these, it encrypts already, or the tables are not named as described above.

    Warns:
        UserWarning: the client has no credentials.
    """
    attach_wrapped(client_or_resource_or_session, Requests(configs, plaintext_tables), on_loop)
