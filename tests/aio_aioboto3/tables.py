"""Sessions and tables for the tests over aioboto3."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

# Type checkers run in the environment of the other tests, which does not have it.
import aioboto3  # pyright: ignore[reportMissingImports]

ANN: dict[str, Any] = {"pk": "ann", "secret": {"tags": {"a", "b"}}, "city": "Bern", "memo": None}
KEY = {"pk": "ann"}


def new_session() -> Any:
    session: Any = aioboto3.Session()
    return session


async def create_table(resource: Any) -> str:
    """Create a table with the partition key `pk` and return its name."""
    name = f"table-{uuid4().hex[:12]}"
    await resource.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name
