"""Policy statements and documents, as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Conditions = Mapping[str, Mapping[str, Sequence[str]]]
"""Values by operator and condition key."""
Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that allows actions.

    Attributes:
        sid: Its name in the document; letters and digits.
        actions: Such as `kms:Decrypt`.
        resources: ARNs.
        conditions: Under which it applies.
        principal: Whom it allows them to, in a resource's policy: an account's root, for the account.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Conditions = field(default_factory=dict[str, Mapping[str, Sequence[str]]])
    principal: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the statement as a policy document has it."""
        statement: dict[str, Any] = {"Sid": self.sid, "Effect": "Allow"}
        if self.principal is not None:
            statement["Principal"] = {"AWS": self.principal}
        statement["Action"] = _one_or_list(self.actions)
        statement["Resource"] = _one_or_list(self.resources)
        if self.conditions:
            statement["Condition"] = {
                operator: {key: _one_or_list(values) for key, values in entries.items()}
                for operator, entries in self.conditions.items()
            }
        return statement

    def with_condition(self, operator: str, key: str, *values: str) -> "Statement":
        """Return the statement with a further condition."""
        entries = {**self.conditions.get(operator, {}), key: values}
        return replace(self, conditions={**self.conditions, operator: entries})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies of one role for one table; all statements are needed, and together they are enough.

    Attributes:
        iam: Statements of an IAM policy that is attached to the principal.
        keys: By a KMS key's ARN, the statements that its key policy needs.
        tables: By a table's ARN, the statements that its resource-based policy needs; only for tables of
            another account than the principal's.
    """

    iam: Sequence[Statement]
    keys: Mapping[str, Sequence[Statement]]
    tables: Mapping[str, Sequence[Statement]]

    def to_dict(self) -> dict[str, Any]:
        """Return the policies with JSON's types.

        `key` is the key policy if all keys need the same one, and None if no key is used; otherwise `keys`
        has one for each key. `tables` is there only if a table needs a policy.
        """
        keys = {arn: document(statements) for arn, statements in self.keys.items()}
        documents = [*keys.values()]
        same = all(each == documents[0] for each in documents)
        result: dict[str, Any] = {"iam": document(self.iam), "key": documents[0] if keys and same else None}
        if not same:
            result["keys"] = keys
        if self.tables:
            result["tables"] = {arn: document(statements) for arn, statements in self.tables.items()}
        return result


def document(statements: Sequence[Statement]) -> Document:
    """Return a policy document with these statements."""
    return {"Version": "2012-10-17", "Statement": [statement.to_dict() for statement in statements]}


def _one_or_list(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else [*values]
