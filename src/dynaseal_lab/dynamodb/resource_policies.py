"""Resource-based policies of tables and streams, which the lab keeps itself.

* A policy has a revision id, which changes with the policy. A request may demand the revision that it knows.
* Indexes and backups have their table's policy. A stream has its own.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynaseal_lab.dynamodb.json_values import as_string, required_string
from dynaseal_lab.dynamodb.table_names import Table
from dynaseal_lab.iam.bound_principals import (
    Bindings,
    Directory,
    bindings_of,
    bound_document,
    shown_document,
)
from dynaseal_lab.iam.policy import Policy, PolicyError, PolicyKind, parse
from dynaseal_lab.model import Call, Fault
from dynaseal_lab.record_store import RecordStore

NO_POLICY = "NO_POLICY"
_MAX_BYTES = 20 * 1024


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """A policy as it was put, its revision, and the unique ids of the users and roles that it names."""

    document: str
    revision: str
    principals: Bindings = ()


class ResourcePolicies:
    """The policies of one lab's tables and streams, by ARN."""

    def __init__(self, record_store: RecordStore, directory: Directory | None = None) -> None:
        self._directory = directory
        self._policies = record_store.mapping("dynamodb-policy", ResourcePolicy)

    def of(self, arn: str) -> str | None:
        """Return the policy that applies to a table, stream, index or backup."""
        found = self._policies.get((arn,))
        if found is None and "/stream/" not in arn:
            found = self._policies.get(("/".join(arn.split("/")[:2]),))
        return bound_document(found.document, found.principals) if found is not None else None

    def deleted(self, table: Table) -> None:
        """Remove the policies of a table and its streams, after the table was deleted."""
        for (arn,) in list(self._policies):
            if arn == table.arn or arn.startswith(f"{table.arn}/"):
                del self._policies[arn,]

    def put(self, arn: str, document: str, expected: str | None = None) -> Mapping[str, Any]:
        """Set a policy and return its revision; setting the same policy again changes nothing.

        Raises:
            Fault: ValidationException for a string that is not a policy, PolicyNotFoundException where the
                policy has another revision than the expected one.
        """
        principals = bindings_of(checked_policy(document), self._directory)
        self._check_revision(arn, expected)
        current = self._policies.get((arn,))
        if current is not None and _same(current, document, principals):
            return {"RevisionId": current.revision}
        revision = time.time_ns() // 1_000_000
        if current is not None:  # another revision, also within the same millisecond
            revision = max(revision, int(current.revision) + 1)
        self._policies[arn,] = ResourcePolicy(document, str(revision), principals)
        return {"RevisionId": str(revision)}

    def get(self, arn: str) -> Mapping[str, Any]:
        """Return a policy and its revision.

        Raises:
            Fault: PolicyNotFoundException.
        """
        found = self._policies.get((arn,))
        if found is None:
            raise _not_found(arn)
        shown = shown_document(found.document, found.principals, self._directory)
        return {"Policy": shown, "RevisionId": found.revision}

    def drop(self, arn: str, expected: str | None) -> Mapping[str, Any]:
        """Remove a policy and return its revision, which is empty where there was no policy.

        Raises:
            Fault: PolicyNotFoundException for another revision.
        """
        self._check_revision(arn, expected)
        found = self._policies.pop((arn,), None)
        return {"RevisionId": found.revision if found is not None else ""}

    def _check_revision(self, arn: str, expected: str | None) -> None:
        current = self._policies.get((arn,))
        revision = current.revision if current is not None else NO_POLICY
        if expected is None or expected == revision:
            return
        if current is None:
            raise _not_found(arn)
        table = arn.split("/")[1]
        if expected == NO_POLICY:
            raise _not_found(
                f"Requested policy update expecting none to be present for table {table}, but a policy "
                f"exists with revision id {revision}."
            )
        raise _not_found(
            f"Requested update for policy with revision id {expected}, but the policy associated to target "
            f"table {table} has revision id {revision}."
        )


def _same(current: ResourcePolicy, document: str, principals: Bindings) -> bool:
    return current.principals == principals and json.loads(current.document) == json.loads(document)


def checked_policy(document: str) -> Policy:
    """Return a resource-based policy, parsed.

    Raises:
        Fault: ValidationException.
    """
    if len(document.encode()) > _MAX_BYTES:
        raise _invalid(f"Resource-based policy size exceeds the maximum of {_MAX_BYTES} bytes")
    try:
        return parse(document, PolicyKind.RESOURCE)
    except PolicyError as error:
        raise _invalid(f"Invalid policy document: {error}") from error


def expected_revision(call: Call) -> str | None:
    """Return the revision that a request demands."""
    expected = call.params.get("ExpectedRevisionId")
    return None if expected is None else as_string(expected)


def resource_arn(call: Call) -> str:
    """Return the ARN of the table or stream that a request is about."""
    return required_string(call.params, "ResourceArn")


def _invalid(reason: str) -> Fault:
    return Fault("ValidationException", f"One or more parameter values were invalid: {reason}")


def _not_found(reason: str) -> Fault:
    return Fault(
        "PolicyNotFoundException", f"Resource-based policy not found for the provided ResourceArn: {reason}"
    )
