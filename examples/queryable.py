"""Find customers by an e-mail address that DynamoDB never sees.

A beacon, a keyed hash of a few bits, is stored beside each encrypted address and is the key of an index. The
query is written as if the address were plain. What is sent is the hash; items whose address only has the same
hash are removed from the reply.
"""

import json

from boto3.dynamodb.conditions import Key
from settings import branch_key, key_store, setting, watched_table

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    BeaconVersion,
    CryptoAction,
    EncryptedTable,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
    plan_beacon,
)

NAMES = ["ann", "bob", "cleo", "dora", "emil", "fay", "gus", "hana", "ivo", "jana", "karl", "lea", "mila"]
NAMES += ["noah", "olga", "paul", "quin", "rita", "sven", "tara", "ugo", "vera", "willa", "xaver"]
CUSTOMERS = [
    {"pk": f"customer#{number}", "email": f"{name}@example.com", "plan": "gold" if number % 3 else "trial"}
    for number, name in enumerate(NAMES)
]
INDEX = "by-email"


def main() -> None:
    """Plan the beacon, store the customers, and query one of them."""
    store = key_store()
    key_id = branch_key(store, "customers")
    beacon_key = store.get_beacon_key(key_id).beacon_key
    wire = [{name: {"S": value} for name, value in customer.items()} for customer in CUSTOMERS]
    plan = plan_beacon(wire, "email", beacon_key=beacon_key)
    config = TableConfig(
        "customers",
        "pk",
        attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, {"email": CryptoAction.ENCRYPT_AND_SIGN}),
        keyring=AwsKmsHierarchicalKeyring(store, branch_key_id=key_id, ttl_seconds=600),
        search=SearchConfig(
            [BeaconVersion(store, SingleKeySource(key_id), [StandardBeacon("email", plan.recommended or 1)])]
        ),
    )
    requests: list[str] = []
    plain = watched_table(setting("QUERYABLE_TABLE_NAME"), requests)
    customers = EncryptedTable(plain, config=config)
    with customers.batch_writer() as batch:
        for customer in CUSTOMERS:
            batch.put_item(Item=customer)

    email = "hana@example.com"
    requests.clear()
    reply = customers.query(IndexName=INDEX, KeyConditionExpression=Key("email").eq(email))
    (sent_request,) = map(json.loads, requests)
    stored = plain.get_item(Key={"pk": "customer#7"})["Item"]

    print(f"beacon of {plan.recommended} bits: {plan.reason}\n")
    print(f"The application asked for email = {email!r}")
    print(f"DynamoDB saw {sent_request['KeyConditionExpression']}")
    print(f"DynamoDB saw {json.dumps(sent_request['ExpressionAttributeNames'])}")
    print(f"DynamoDB saw {json.dumps(sent_request['ExpressionAttributeValues'])}")
    print(f"DynamoDB found {reply['ScannedCount']} items with that hash")
    print(f"The application got {reply['Count']}: {reply['Items']}\n")
    print(f"DynamoDB stores email = {bytes(stored['email'].value).hex()}")
    print(f"DynamoDB stores aws_dbe_b_email = {stored['aws_dbe_b_email']!r}")


if __name__ == "__main__":
    main()
