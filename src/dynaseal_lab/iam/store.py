"""Where IAM's records are kept: one mapping per kind. Accounts are not created: every account exists."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from dynaseal_lab.iam.managed import AWS_MANAGED
from dynaseal_lab.iam.names import account_of, name_of
from dynaseal_lab.iam.records import (
    AccessKey,
    ControlPolicies,
    Group,
    InstanceProfile,
    LastUsed,
    ManagedPolicy,
    Role,
    User,
)
from dynaseal_lab.iam.sessions import Sessions
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore

Record = TypeVar("Record", User, Group, Role, ManagedPolicy, InstanceProfile)


class NamedRecords(Generic[Record]):
    """The records of one kind, by account and name. A record belongs to the account in its ARN."""

    def __init__(self, record_store: RecordStore, kind: str, record: type[Record]) -> None:
        self._stored = record_store.mapping(kind, record)
        # The same records by account, so that listing one account's does not go through all the others'.
        self._by_account: dict[str, dict[str, Record]] = {}
        for (account, name), stored in self._stored.items():
            self._by_account.setdefault(account, {})[name] = stored
        self._by_id: dict[str, Record] = {stored.id: stored for stored in self._stored.values()}

    def get(self, account: str, name: str) -> Record | None:
        """Return the record of exactly this name, or None."""
        return self._by_account.get(account, {}).get(name)

    def of_arn(self, arn: str) -> Record | None:
        """Return the record of this ARN, or None."""
        record = self.get(account_of(arn), name_of(arn))
        return record if record is not None and record.arn == arn else None

    def of_id(self, unique_id: str) -> Record | None:
        """Return the record with this unique id, or None."""
        return self._by_id.get(unique_id)

    def is_taken(self, account: str, name: str) -> bool:
        """Return whether a record has this name, upper and lower case being the same, as IAM requires."""
        folded = name.lower()
        return any(folded == other.lower() for other in self._by_account.get(account, {}))

    def put(self, record: Record) -> None:
        """Store a record, in place of any earlier one of its name."""
        account = account_of(record.arn)
        self._stored[account, record.name] = record
        self._by_account.setdefault(account, {})[record.name] = record
        self._by_id[record.id] = record

    def remove(self, record: Record) -> None:
        """Remove a record."""
        account = account_of(record.arn)
        del self._stored[account, record.name]
        del self._by_account[account][record.name]
        del self._by_id[record.id]

    def accounts(self) -> set[str]:
        """Return the accounts that have records."""
        return {account for account, records in self._by_account.items() if records}

    def all(self, account: str) -> list[Record]:
        """Return an account's records, sorted by name."""
        return [record for _, record in sorted(self._by_account.get(account, {}).items())]


class IamStore:
    """Everything that IAM and STS remember; in memory, unless another record store is given."""

    def __init__(self, record_store: RecordStore | None = None) -> None:
        record_store = record_store or InMemoryRecordStore()
        self.users = NamedRecords(record_store, "iam-user", User)
        self.groups = NamedRecords(record_store, "iam-group", Group)
        self.roles = NamedRecords(record_store, "iam-role", Role)
        self.policies = NamedRecords(record_store, "iam-policy", ManagedPolicy)
        self.instance_profiles = NamedRecords(record_store, "iam-instance-profile", InstanceProfile)
        self.sessions = Sessions(record_store)
        self._control = record_store.mapping("iam-control-policies", ControlPolicies)
        self._keys = record_store.mapping("iam-access-key", AccessKey)
        self._uses = record_store.mapping("iam-access-key-use", LastUsed, reply_waits=False)

    def access_key(self, key_id: str) -> AccessKey | None:
        """Return the access key of this id, in whichever account, or None."""
        return self._keys.get((key_id,))

    def access_keys(self, account: str, user_name: str) -> list[AccessKey]:
        """Return a user's access keys, oldest first."""
        keys = [key for key in self._keys.values() if (key.account, key.user_name) == (account, user_name)]
        return sorted(keys, key=lambda key: key.created)

    def put_access_key(self, key: AccessKey) -> None:
        """Store an access key, in place of any earlier one of its id."""
        self._keys[key.id,] = key

    def remove_access_key(self, key_id: str) -> None:
        """Remove an access key."""
        del self._keys[key_id,]
        self._uses.pop((key_id,), None)

    def last_used(self, key_id: str) -> LastUsed | None:
        """Return when and for which service an access key last signed a request, or None."""
        return self._uses.get((key_id,))

    def note_use(self, key_id: str, use: LastUsed) -> None:
        """Store when and for which service an access key signed a request."""
        self._uses[key_id,] = use

    def control_policies(self, account: str) -> Mapping[str, str] | None:
        """Return the documents of an account's service control policies by name; None if it has none."""
        control = self._control.get((account,))
        return control.documents if control is not None else None

    def set_control_policies(self, account: str, documents: Mapping[str, str] | None) -> None:
        """Replace the service control policies of an account; None removes them."""
        if documents is not None:
            self._control[account,] = ControlPolicies(documents)
        else:
            self._control.pop((account,), None)

    def policy(self, account: str, arn: str) -> ManagedPolicy | None:
        """Return the managed policy of this ARN, or None if the account cannot use it.

        An account can use its own policies and those of AWS, never another account's.
        """
        if arn in AWS_MANAGED:
            return AWS_MANAGED[arn]
        return self.policies.of_arn(arn) if account_of(arn) == account else None

    def exists(self, name: str) -> bool:
        """Return whether a user or role of this ARN or unique id exists; accounts and sessions always do."""
        kind = name.split(":", 5)[-1].partition("/")[0]
        bound = kind in ("user", "role") or name.startswith(("AIDA", "AROA"))
        return not bound or self._identity(name) is not None

    def unique_id(self, name: str) -> str | None:
        """Return the unique id of the user or role of this ARN or unique id, or None."""
        identity = self._identity(name)
        return identity.id if identity is not None else None

    def arn_of(self, unique_id: str) -> str | None:
        """Return the present ARN of the user or role with this unique id, or None."""
        identity = self._identity(unique_id)
        return identity.arn if identity is not None else None

    def _identity(self, name: str) -> User | Role | None:
        """Return the user or role of this ARN or unique id."""
        if not name.startswith("arn:"):
            return self.users.of_id(name) or self.roles.of_id(name)
        return self.users.of_arn(name) if ":user/" in name else self.roles.of_arn(name)

    def accounts(self) -> set[str]:
        """Return the accounts that have users or roles."""
        return self.users.accounts() | self.roles.accounts()

    def identities(self, account: str) -> Iterator[User | Group | Role]:
        """Return every user, group and role of an account: whatever a policy can be attached to."""
        yield from self.users.all(account)
        yield from self.groups.all(account)
        yield from self.roles.all(account)
