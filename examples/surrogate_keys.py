"""Use an e-mail address as a table's key that DynamoDB never sees.

The table's partition key holds a keyed token of the address, the address itself is encrypted, and both are
bound by the item's signature. The application puts, gets, queries and deletes by the address.
"""

import json

from boto3.dynamodb.conditions import Attr, Key
from settings import branch_key, key_store, setting, watched_table

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    BeaconVersion,
    CryptoAction,
    EncryptedTable,
    SearchConfig,
    SingleKeySource,
    SurrogateKey,
    TableConfig,
    UnsupportedOperationError,
)

ANN, BOB = "ann@example.com", "bob@example.com"


def main() -> None:
    """Put, delete, get and query orders by the customer's address."""
    store = key_store()
    key_id = branch_key(store, "orders")
    config = TableConfig(
        "orders",
        "pk",
        "sk",
        attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, {"email": CryptoAction.ENCRYPT_AND_SIGN}),
        keyring=AwsKmsHierarchicalKeyring(store, branch_key_id=key_id, ttl_seconds=600),
        search=SearchConfig([BeaconVersion(store, SingleKeySource(key_id))]),
        surrogate_keys=[SurrogateKey("pk", source="email")],
    )
    requests: list[str] = []
    plain = watched_table(setting("SURROGATE_KEYS_TABLE_NAME"), requests)
    orders = EncryptedTable(plain, config=config)

    for email, order_id in ((ANN, "order#1"), (ANN, "order#2"), (BOB, "order#1")):
        orders.put_item(Item={"email": email, "sk": order_id, "state": "paid"})
    orders.delete_item(Key={"email": BOB, "sk": "order#1"}, ConditionExpression=Attr("email").exists())

    requests.clear()
    order = orders.get_item(Key={"email": ANN, "sk": "order#2"}).get("Item")
    orders_of_ann = orders.query(KeyConditionExpression=Key("email").eq(ANN))["Items"]
    get_request, query_request = map(json.loads, requests)
    stored = plain.get_item(Key={"pk": get_request["Key"]["pk"]["S"], "sk": "order#2"})["Item"]

    print(f"The application got {order}")
    print(f"DynamoDB saw the key {json.dumps(get_request['Key'])}")
    print(f"DynamoDB stores pk = {stored['pk']!r}")
    print(f"DynamoDB stores email = {bytes(stored['email'].value).hex()}\n")
    print(f"The application asked for email = {ANN!r} and got {len(orders_of_ann)} orders")
    print(f"DynamoDB saw {query_request['KeyConditionExpression']}")
    print(f"DynamoDB saw {json.dumps(query_request['ExpressionAttributeNames'])}")
    print(f"DynamoDB saw {json.dumps(query_request['ExpressionAttributeValues'])}\n")
    try:
        orders.query(KeyConditionExpression=Key("email").begins_with("ann"))
    except UnsupportedOperationError as refused:
        print(f"The application asked for addresses that begin with ann and was refused: {refused}")


if __name__ == "__main__":
    main()
