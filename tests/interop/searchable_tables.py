"""A searchable table as both sides see it: people with beacons of every style, virtual and compound ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dynaseal import EncryptedClient
from interop.stores import MAKERS
from interop.world import REGION, World, wire_json
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
class Scene:
    """A searchable table over one maker's key store, and how each side is asked."""

    world: World
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
        """The name of a branch key of the key store."""
        return f"{self.maker}-a"

    @property
    def plain_client(self) -> Any:
        """A client that sees what is stored."""
        return self.world.clients[REGION].dynamodb

    def our_client(self) -> EncryptedClient:
        """This side's client."""
        search = searchable.search_config(self._search, self.world.store(self.branch_key))
        config = vectors.table_config(self._table, self.world.keyring(self.keyring))
        return EncryptedClient(self.plain_client, configs={self.name: replace(config, search=search)})

    def java(self, do: str, **request: Any) -> Any:
        """Ask Java's client."""
        return self.world.java.ask(
            do,
            table=self._table,
            keyring=self.keyring,
            keys=self.world.keys_of(self.keyring),
            search=self._search,
            branch_key=self.world.keys[self.branch_key],
            region=REGION,
            **wire_json(request),
        )

    def create_table(self) -> None:
        """Make the table, with an index over a beacon."""
        beacon = BEACON_PREFIX + "surname"
        self.plain_client.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[_text(name) for name in ("pk", "sk", beacon)],
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


def scenes(world: World) -> list[Scene]:
    """One beacon key for all, and one for each tenant, each over the key store of either maker."""
    made: list[Scene] = []
    for maker in MAKERS:
        one = {"single": {"key_id": "tenant-a"}}
        each = {"multi": {"key_field_name": "tenant"}}
        by_tenant = {"attribute": "pk", "default": f"{maker}-b", "values": {"tenant-a": f"{maker}-a"}}
        made += [
            Scene(world, "one beacon key", maker, {"kind": "raw-aes", "key": "aes256"}, one),
            Scene(world, "one a tenant", maker, {"kind": "hierarchical", "supplier": by_tenant}, each),
        ]
    return made


def _text(name: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": "S"}


def _schema(partition_key: str, sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]
