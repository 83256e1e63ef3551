"""What the experiments share: steps that print what happens, and things that exist for a while."""

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from dynaseal import DynasealError

SHORTEST_WAIT = 7
"""After how many days KMS deletes a key at the earliest."""


class Experiment:
    """Prints each step, and remembers whether it went as expected."""

    def __init__(self) -> None:
        self.steps = 0
        self.as_expected = 0

    def step(self, does: str, expected: str, call: Callable[[], Any]) -> Any:
        """Make a call, and print what it does, what was expected and what happened.

        `expected` is "works" for a call that must not fail; otherwise it must be a part of what the call
        returns, or of the error that it raises.
        """
        result = None
        try:
            result = call()
            happened = "works" if expected == "works" else str(result)
        except (ClientError, DynasealError) as error:
            happened = f"refused: {error}"
        self.steps += 1
        self.as_expected += expected in happened
        lines = happened.splitlines() or [""]
        shown = next((line for line in lines if expected in line), lines[0]).strip()
        print(f"{self.steps}. {does}\n   expected: {expected}\n   happened: {shown}")
        return result

    def end(self) -> None:
        """Print the sum and end the program; exit code 0 if every step went as expected."""
        print(f"{self.as_expected} of {self.steps} steps as expected")
        sys.exit(0 if self.steps == self.as_expected else 1)


class Sandbox:
    """Tables, keys and users that exist until the `with` block ends. Their names are new each time."""

    def __init__(self, session: boto3.Session | None = None) -> None:
        # Any, because boto3's clients have no types without boto3-stubs.
        # boto3 reads only AWS_DEFAULT_REGION.
        region = os.environ.get("AWS_REGION") or boto3.Session().region_name
        self.session: Any = session or boto3.Session(region_name=region)
        if region is None or self.session.get_credentials() is None:
            program = Path(sys.argv[0]).name
            sys.exit(f"{program}: no AWS_REGION or no credentials. Run dynaseal demo --experiment NAME")
        boto3.setup_default_session(region_name=region)
        self.prefix = f"dynaseal-{uuid.uuid4().hex[:8]}"
        self.kms = self.session.client("kms")
        self.dynamodb = self.session.client("dynamodb")
        self.iam = self.session.client("iam")
        self._deletions: list[Callable[[], Any]] = []

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_error: object) -> None:
        for delete in reversed(self._deletions):
            with suppress(ClientError):  # if one thing cannot be deleted, the others still are
                delete()

    def key(self) -> str:
        """Create a KMS key, whose use the account's IAM policies decide about."""
        arn: str = self.kms.create_key(Description=self.prefix)["KeyMetadata"]["Arn"]
        self._deletions.append(
            lambda: self.kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=SHORTEST_WAIT)
        )
        return arn

    def table(self, name: str) -> str:
        """Create a table with the partition key pk, and return its name."""
        full_name = f"{self.prefix}-{name}"
        self.dynamodb.create_table(
            TableName=full_name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.dynamodb.get_waiter("table_exists").wait(TableName=full_name)
        self.delete_table_at_end(full_name)
        return full_name

    def delete_table_at_end(self, name: str) -> None:
        """Delete a table when the block ends."""
        self._deletions.append(lambda: self.dynamodb.delete_table(TableName=name))

    def user(self, name: str, *statements: dict[str, Any]) -> Any:
        """Create a user with an inline policy and an access key, and return a session of the user."""
        full_name = f"{self.prefix}-{name}"
        self.iam.create_user(UserName=full_name)
        self._deletions.append(lambda: self.iam.delete_user(UserName=full_name))
        self.iam.put_user_policy(
            UserName=full_name, PolicyName="experiment", PolicyDocument=document(*statements)
        )
        self._deletions.append(
            lambda: self.iam.delete_user_policy(UserName=full_name, PolicyName="experiment")
        )
        key = self.iam.create_access_key(UserName=full_name)["AccessKey"]
        self._deletions.append(
            lambda: self.iam.delete_access_key(UserName=full_name, AccessKeyId=key["AccessKeyId"])
        )
        session = boto3.Session(
            key["AccessKeyId"], key["SecretAccessKey"], region_name=self.session.region_name
        )
        wait_for(session)
        return session


def wait_for(session: boto3.Session) -> None:
    """Wait until AWS knows a new access key, which the lab does at once."""
    for _ in range(30):
        try:
            session.client("sts").get_caller_identity()
        except ClientError:
            time.sleep(1)
        else:
            return


def document(*statements: dict[str, Any]) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def allow(actions: Sequence[str], resource: str = "*", **elements: Any) -> dict[str, Any]:
    """Return a statement that allows actions."""
    return {"Effect": "Allow", "Action": [*actions], "Resource": resource, **elements}
