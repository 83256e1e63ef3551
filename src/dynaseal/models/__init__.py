"""A table's configuration declared on the class of its items.

The markers go into `typing.Annotated` on dataclasses, pydantic models, attrs classes and TypedDicts, and
`encrypted`, `signed`, `unsigned` and `in_context` around the attributes of a PynamoDB Model. `table_config`
makes the `TableConfig`. Neither pydantic, attrs nor PynamoDB is imported unless the program has done it.
"""

from dynaseal.models.markers import (
    Beacon,
    Encrypted,
    InContext,
    PartitionKey,
    Signed,
    SortKey,
    Surrogate,
    Unsigned,
)
from dynaseal.models.pynamodb_attributes import encrypted, in_context, signed, unsigned
from dynaseal.models.tables import table_config

__all__ = [
    "Beacon",
    "Encrypted",
    "InContext",
    "PartitionKey",
    "Signed",
    "SortKey",
    "Surrogate",
    "Unsigned",
    "encrypted",
    "in_context",
    "signed",
    "table_config",
    "unsigned",
]
