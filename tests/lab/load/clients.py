"""A process full of clients, each of which knows what every reply must be.

Started as `python -m lab.load.clients HOST SECONDS`, with the users as JSON on standard input; prints one
JSON object: the number of calls, the wrong replies, and latencies.
"""

import base64
import json
import sys
import threading
from dataclasses import dataclass, field
from http.client import HTTPException
from time import monotonic, perf_counter

from lab.load.accounts import changing_policy
from lab.load.signed import Reply, SignedClient
from lab.load.users import LoadUser

ITEMS = 20
NOT_ALLOWED = ("AccessDeniedException", "no identity-based policy allows")
_MOST_REPORTED = 20


@dataclass
class Results:
    """The calls of one client: how many, which replies were wrong, and how long a call took."""

    calls: int = 0
    wrong: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def expect(self, what: str, reply: Reply, code: str = "", words: str = "") -> Reply:
        """Count a call, and record the reply as wrong unless it has this error code and message."""
        self.calls += 1
        if (reply.code, words in reply.message) != (code, True):
            self.wrong.append(
                f"{what}: {reply.status} {reply.code} {reply.message} instead of {code or 'success'}"
            )
        return reply


class Client:
    """One user who sends calls until the time is over."""

    def __init__(self, host: str, user: LoadUser) -> None:
        self._client = SignedClient(host, user.settings)
        self._user = user
        self.results = Results()

    def work(self, seconds: float) -> None:
        """Repeat the calls; a connection that breaks counts as a wrong reply."""
        end = monotonic() + seconds
        number = 0
        try:
            while monotonic() < end:
                number += 1
                start = perf_counter()
                before = self.results.calls
                self._items(number)
                self._keys(number)
                if number % 5 == 0:
                    self._policies(number)
                self.results.times.append((perf_counter() - start) / (self.results.calls - before))
        except (OSError, HTTPException, ValueError) as error:
            self.results.wrong.append(f"{type(error).__name__}: {error}")
        finally:
            self._client.close()

    def _items(self, number: int) -> None:
        """Write and read an item of the user's own, and check that another user's is refused."""
        key = {"pk": {"S": self._user.name}, "sk": {"N": str(number % ITEMS)}}
        item = key | {"n": {"N": str(number)}}
        self.results.expect("put", self._client.json("dynamodb", "PutItem", TableName="items", Item=item))
        got = self.results.expect("get", self._client.json("dynamodb", "GetItem", TableName="items", Key=key))
        if got.status == 200 and got.content.get("Item") != item:
            self.results.wrong.append(f"get: another item than was put: {got.content}")
        others = key | {"pk": {"S": "somebody else"}}
        answer = self._client.json("dynamodb", "GetItem", TableName="items", Key=others)
        self.results.expect("get of others", answer, *NOT_ALLOWED)

    def _keys(self, number: int) -> None:
        """Encrypt and decrypt with the client key, or check that a user without it is refused."""
        refused = ("", "") if self._user.uses_client_key else NOT_ALLOWED
        context = {"user": self._user.name}
        plaintext = base64.b64encode(f"secret {number}".encode()).decode()
        encrypted = self.results.expect(
            "encrypt",
            self._client.json(
                "kms",
                "Encrypt",
                KeyId=self._user.client_key,
                Plaintext=plaintext,
                EncryptionContext=context,
            ),
            *refused,
        )
        if encrypted.status != 200:
            return
        blob = encrypted.content["CiphertextBlob"]
        decrypted = self.results.expect(
            "decrypt", self._client.json("kms", "Decrypt", CiphertextBlob=blob, EncryptionContext=context)
        )
        if decrypted.content.get("Plaintext") != plaintext:
            self.results.wrong.append("decrypt: another plaintext than was encrypted")
        answer = self._client.json("kms", "Decrypt", CiphertextBlob=blob, EncryptionContext={"user": "x"})
        self.results.expect("decrypt in another context", answer, "AccessDeniedException")

    def _policies(self, number: int) -> None:
        """Change the user's own policy, and check that the very next call obeys it."""
        denied = number % 2 == 0
        status, text = self._client.iam(
            "PutUserPolicy",
            UserName=self._user.name,
            PolicyName="changing",
            PolicyDocument=changing_policy(denied=denied),
        )
        self.results.calls += 1
        if status != 200:
            self.results.wrong.append(f"put policy: {status} {text}")
        query = {
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": self._user.name}},
            "Limit": 3,
        }
        answer = self._client.json("dynamodb", "Query", TableName="items", **query)
        self.results.expect("query", answer, "AccessDeniedException" if denied else "")


def main() -> None:
    host, seconds = sys.argv[1], float(sys.argv[2])
    clients = [Client(host, LoadUser(**user)) for user in json.load(sys.stdin)]
    threads = [threading.Thread(target=client.work, args=(seconds,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = [line for client in clients for line in client.results.wrong]
    json.dump(
        {
            "calls": sum(client.results.calls for client in clients),
            "idle": sum(client.results.calls == 0 for client in clients),
            "wrong": len(wrong),
            "examples": wrong[:_MOST_REPORTED],
            "times": sorted(time for client in clients for time in client.results.times)[::50],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
