"""The check of a reply: what a search found by hashes, asked again on the decrypted items.

- An expression is evaluated on an item's plain values as DynamoDB would have on the plain table, with what
  beacons stand for under their names.
- A beacon that cannot be made of an item has no value there, and no error: the item was written, so another
  configuration wrote it.

Source: specification `ddb-support.md`, "QueryOutputForBeacons".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import AttributeValue, Item
from dynaseal.beacons.compiled.search import Beacon
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.errors import EncryptError
from dynaseal.expressions import ConditionExpression, matches


@dataclass(frozen=True, slots=True)
class ReplyCheck:
    """Tells which of a reply's items the application asked for.

    Attributes:
        expressions: The request's key condition and filter, as far as there are any.
        names: Its ExpressionAttributeNames.
        values: Its ExpressionAttributeValues.
        beacons: The beacons that they name, by the names that they use.
        key_id: The branch key that they ask for, in a table of tenants.
        partition: The partition that they ask, in a table that has some.
    """

    expressions: tuple[ConditionExpression, ...]
    names: Mapping[str, str]
    values: Mapping[str, AttributeValue]
    beacons: Mapping[str, Beacon]
    key_id: str | None
    partition: int

    def is_wanted(self, item: Item) -> bool:
        """Tell whether a decrypted item fulfils the request's expressions."""
        seen: dict[str, Any] = dict(item) if self.beacons else {}
        for name, beacon in self.beacons.items():
            value = _plain(beacon, item)
            if value is None:
                seen.pop(name, None)
            else:
                seen[name] = value
        subject = seen if self.beacons else item
        return all(matches(expression, subject, self.names, self.values) for expression in self.expressions)


def _plain(beacon: Beacon, item: Item) -> AttributeValue | None:
    try:
        if isinstance(beacon, CompiledStandardBeacon):
            return beacon.value(item)
        text = beacon.plain(item)
    except EncryptError:
        return None
    return None if text is None else {"S": text}
