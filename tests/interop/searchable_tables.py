"""Tables that both libraries search: people, with standard and compound beacons and virtual fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dynaseal import EncryptedClient
from interop.environment import REGION, Environment, wire_json
from interop.key_stores import MAKERS
from support import searchable, vectors

INDEX = "by-surname"
BEACON_PREFIX = "aws_dbe_b_"

_BEACONS: dict[str, Any] = {
    "standard_beacons": [
        {"name": "surname", "length": 9},
        {"name": "nickname", "length": 9, "style": "shared", "other": "surname"},
        {"name": "City", "loc": "address.city", "length": 4},
        {"name": "Street", "loc": "address.lines[0]", "length": 63},
        {"name": "teams", "length": 5, "style": "asSet"},
        {"name": "salary", "length": 16},
        {"name": "Badge", "loc": "badge", "length": 12},
        {"name": "mail", "length": 20, "style": "partOnly"},
    ],
    "virtual_fields": [
        {
            "name": "badge",
            "parts": [
                {"loc": "surname", "transforms": [{"upper": {}}, {"prefix": {"length": 2}}]},
                {"loc": "ward", "transforms": [{"insert": {"literal": "/"}}, {"suffix": {"length": 3}}]},
            ],
        }
    ],
    "compound_beacons": [
        {
            "name": "Place",
            "split": "~",
            "encrypted_parts": [{"name": "mail", "prefix": "M-"}],
            "signed_parts": [{"name": "ward", "prefix": "W-"}],
            "constructors": [[{"name": "ward", "required": True}, {"name": "mail", "required": True}]],
        }
    ],
}
_ACTIONS = {
    **dict.fromkeys(["pk", "sk", "ward", "tenant"], "SIGN_ONLY"),
    **dict.fromkeys(["surname", "nickname", "address", "teams", "salary", "mail"], "ENCRYPT_AND_SIGN"),
}


@dataclass(frozen=True)
class SearchableTable:
    """A table with beacons, whose key store one of the libraries created, as both libraries access it."""

    environment: Environment
    kind: str
    maker: str
    keyring: dict[str, Any]
    key_source: dict[str, Any]

    @property
    def name(self) -> str:
        """The table's name."""
        return f"people-{self.kind}-{self.maker}".replace(" ", "-")

    @property
    def branch_key(self) -> str:
        """The name of a branch key in the key store."""
        return f"{self.maker}-a"

    @property
    def plain_client(self) -> Any:
        """A client that sees what is stored."""
        return self.environment.clients[REGION].dynamodb

    def dynaseal_client(self) -> EncryptedClient:
        """Return dynaseal's client."""
        search = searchable.search_config(self._search, self.environment.store(self.branch_key))
        config = vectors.table_config(self._table, self.environment.keyring(self.keyring))
        return EncryptedClient(self.plain_client, configs={self.name: replace(config, search=search)})

    def java(self, do: str, **request: Any) -> Any:
        """Send a request to Java's client and return its result."""
        return self.environment.java.request(
            do,
            table=self._table,
            keyring=self.keyring,
            keys=self.environment.keys_of(self.keyring),
            search=self._search,
            branch_key=self.environment.keys[self.branch_key],
            region=REGION,
            **wire_json(request),
        )

    def create_table(self) -> None:
        """Create the table, with an index on a beacon."""
        beacon = BEACON_PREFIX + "surname"
        self.plain_client.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[_string_attribute(name) for name in ("pk", "sk", beacon)],
            KeySchema=_schema("pk", "sk"),
            GlobalSecondaryIndexes=[
                {
                    "IndexName": INDEX,
                    "KeySchema": _schema(beacon, "sk"),
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        self.plain_client.get_waiter("table_exists").wait(
            TableName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    @property
    def _search(self) -> dict[str, Any]:
        return {"key_source": self.key_source, **_BEACONS}

    @property
    def _table(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "partition_key": "pk",
            "sort_key": "sk",
            "actions": _ACTIONS,
            "unsigned": [],
            "unsigned_prefix": None,
            "suite": "0x6701",
        }


def searchable_tables(environment: Environment) -> list[SearchableTable]:
    """Return tables with one beacon key, and with one per tenant, for the key store of each library."""
    tables: list[SearchableTable] = []
    for maker in MAKERS:
        single_key = {"single": {"key_id": "tenant-a"}}
        key_per_tenant = {"multi": {"key_field_name": "tenant"}}
        by_tenant = {"attribute": "pk", "default": f"{maker}-b", "values": {"tenant-a": f"{maker}-a"}}
        raw_keyring = {"kind": "raw-aes", "key": "aes256"}
        keyring_per_tenant = {"kind": "hierarchical", "supplier": by_tenant}
        tables += [
            SearchableTable(environment, "one beacon key", maker, raw_keyring, single_key),
            SearchableTable(environment, "one per tenant", maker, keyring_per_tenant, key_per_tenant),
        ]
    return tables


def _string_attribute(name: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": "S"}


def _schema(partition_key: str, sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]
