"""A process full of clients, each of which knows what every answer must be.

Started as `python -m lab.load.clients HOST SECONDS`, with the users as JSON on standard input; prints one
JSON object: how many calls, what was wrong, and latencies.
"""

import base64
import json
import sys
import threading
from dataclasses import dataclass, field
from http.client import HTTPException
from time import monotonic, perf_counter

from lab.load.signed import Reply, SignedClient
from lab.load.world import document, identity, own_items

ITEMS = 20
_MOST_REPORTED = 20


@dataclass
class Seen:
    """What one client saw."""

    calls: int = 0
    wrong: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def expect(self, what: str, reply: Reply, code: str = "", words: str = "") -> Reply:
        """Count a call, and note an answer that is not the one there must be."""
        self.calls += 1
        if (reply.code, words in reply.message) != (code, True):
            self.wrong.append(
                f"{what}: {reply.status} {reply.code} {reply.message} instead of {code or 'success'}"
            )
        return reply


class Client:
    """One user at work until the time is over."""

    def __init__(self, host: str, user: dict[str, str]) -> None:
        self._client = SignedClient(host, identity(user))
        self._user = user
        self._full = user["name"].startswith("full")
        self.seen = Seen()

    def work(self, seconds: float) -> None:
        """Rounds of calls; a connection that breaks is an error like any other."""
        end = monotonic() + seconds
        number = 0
        try:
            while monotonic() < end:
                number += 1
                start = perf_counter()
                before = self.seen.calls
                self._items(number)
                self._keys(number)
                if number % 5 == 0:
                    self._policies(number)
                self.seen.times.append((perf_counter() - start) / (self.seen.calls - before))
        except (OSError, HTTPException, ValueError) as error:
            self.seen.wrong.append(f"{type(error).__name__}: {error}")
        finally:
            self._client.close()

    def _items(self, number: int) -> None:
        """Their own items can be written and read, everybody else's cannot."""
        key = {"pk": {"S": self._user["name"]}, "sk": {"N": str(number % ITEMS)}}
        item = key | {"n": {"N": str(number)}}
        self.seen.expect("put", self._client.json("dynamodb", "PutItem", TableName="items", Item=item))
        got = self.seen.expect("get", self._client.json("dynamodb", "GetItem", TableName="items", Key=key))
        if got.status == 200 and got.content.get("Item") != item:
            self.seen.wrong.append(f"get: another item than was put: {got.content}")
        others = key | {"pk": {"S": "somebody else"}}
        answer = self._client.json("dynamodb", "GetItem", TableName="items", Key=others)
        self.seen.expect("get of others", answer, "AccessDeniedException", "no identity-based policy allows")

    def _keys(self, number: int) -> None:
        """Those who may use the client key do, in their own context; the others are refused."""
        refused = ("", "") if self._full else ("AccessDeniedException", "no identity-based policy allows")
        context = {"user": self._user["name"]}
        plaintext = base64.b64encode(f"secret {number}".encode()).decode()
        sealed = self.seen.expect(
            "encrypt",
            self._client.json(
                "kms",
                "Encrypt",
                KeyId=self._user["client_key"],
                Plaintext=plaintext,
                EncryptionContext=context,
            ),
            *refused,
        )
        if sealed.status != 200:
            return
        blob = sealed.content["CiphertextBlob"]
        opened = self.seen.expect(
            "decrypt", self._client.json("kms", "Decrypt", CiphertextBlob=blob, EncryptionContext=context)
        )
        if opened.content.get("Plaintext") != plaintext:
            self.seen.wrong.append("decrypt: another plaintext than was encrypted")
        answer = self._client.json("kms", "Decrypt", CiphertextBlob=blob, EncryptionContext={"user": "x"})
        self.seen.expect("decrypt in another context", answer, "AccessDeniedException")

    def _policies(self, number: int) -> None:
        """A policy counts from the moment that its change is answered."""
        denied = number % 2 == 0
        effect = {"Effect": "Deny" if denied else "Allow", "Action": "dynamodb:Query", "Resource": "*"}
        status, text = self._client.iam(
            "PutUserPolicy",
            UserName=self._user["name"],
            PolicyName="changing",
            PolicyDocument=document(effect, own_items()),
        )
        self.seen.calls += 1
        if status != 200:
            self.seen.wrong.append(f"put policy: {status} {text}")
        query = {
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": self._user["name"]}},
            "Limit": 3,
        }
        answer = self._client.json("dynamodb", "Query", TableName="items", **query)
        self.seen.expect("query", answer, "AccessDeniedException" if denied else "")


def main() -> None:
    host, seconds = sys.argv[1], float(sys.argv[2])
    clients = [Client(host, user) for user in json.load(sys.stdin)]
    threads = [threading.Thread(target=client.work, args=(seconds,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = [line for client in clients for line in client.seen.wrong]
    json.dump(
        {
            "calls": sum(client.seen.calls for client in clients),
            "idle": sum(client.seen.calls == 0 for client in clients),
            "wrong": len(wrong),
            "examples": wrong[:_MOST_REPORTED],
            "times": sorted(time for client in clients for time in client.seen.times)[::50],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
