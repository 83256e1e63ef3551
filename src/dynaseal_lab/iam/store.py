"""Where IAM's records are kept: one mapping per kind; every account exists once it is named."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from dynaseal_lab.iam.managed import AWS_MANAGED
from dynaseal_lab.iam.names import account_of
from dynaseal_lab.iam.records import AccessKey, Group, LastUsed, ManagedPolicy, Role, User
from dynaseal_lab.iam.sessions import Sessions
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore

Record = TypeVar("Record", User, Group, Role, ManagedPolicy)


class Named(Generic[Record]):
    """Records of one kind, by account and name. Names differ by more than case, as IAM demands."""

    def __init__(self, record_store: RecordStore, kind: str, record: type[Record]) -> None:
        self._stored = record_store.mapping(kind, record)
        # The same by account, so that an account is listed without a look at all the others.
        self._records: dict[str, dict[str, Record]] = {}
        for (account, name), stored in self._stored.items():
            self._records.setdefault(account, {})[name] = stored

    def get(self, account: str, name: str) -> Record | None:
        """The record of that very name."""
        return self._records.get(account, {}).get(name)

    def clashes(self, account: str, name: str) -> bool:
        """Whether a record has this name, in any case."""
        folded = name.lower()
        return any(folded == other.lower() for other in self._records.get(account, {}))

    def put(self, account: str, record: Record) -> None:
        """Keep `record` in place of an earlier one of its name."""
        self._stored[account, record.name] = record
        self._records.setdefault(account, {})[record.name] = record

    def remove(self, account: str, name: str) -> None:
        """Forget a record."""
        del self._stored[account, name]
        del self._records[account][name]

    def all(self, account: str) -> list[Record]:
        """The account's records by name."""
        return [record for _, record in sorted(self._records.get(account, {}).items())]


class IamStore:
    """Everything that IAM and STS remember; in memory, unless another record store is given."""

    def __init__(self, record_store: RecordStore | None = None) -> None:
        record_store = record_store or InMemoryRecordStore()
        self.users = Named(record_store, "iam-user", User)
        self.groups = Named(record_store, "iam-group", Group)
        self.roles = Named(record_store, "iam-role", Role)
        self.policies = Named(record_store, "iam-policy", ManagedPolicy)
        self.sessions = Sessions(record_store)
        self._keys = record_store.mapping("iam-access-key", AccessKey)
        self._uses = record_store.mapping("iam-access-key-use", LastUsed, reply_waits=False)

    def access_key(self, key_id: str) -> AccessKey | None:
        """The access key of this id, in whichever account."""
        return self._keys.get((key_id,))

    def access_keys(self, account: str, user_name: str) -> list[AccessKey]:
        """A user's access keys, oldest first."""
        found = [key for key in self._keys.values() if (key.account, key.user_name) == (account, user_name)]
        return sorted(found, key=lambda key: key.created)

    def put_access_key(self, key: AccessKey) -> None:
        """Keep `key` in place of an earlier one of its id."""
        self._keys[key.id,] = key

    def remove_access_key(self, key_id: str) -> None:
        """Forget an access key."""
        del self._keys[key_id,]
        self._uses.pop((key_id,), None)

    def last_used(self, key_id: str) -> LastUsed | None:
        """When and for what an access key signed last."""
        return self._uses.get((key_id,))

    def note_use(self, key_id: str, use: LastUsed) -> None:
        """Remember that an access key signed."""
        self._uses[key_id,] = use

    def policy(self, arn: str) -> ManagedPolicy | None:
        """The managed policy of this ARN: an account's own, or one of AWS's that the lab knows."""
        if arn in AWS_MANAGED:
            return AWS_MANAGED[arn]
        found = self.policies.get(account_of(arn), arn.rsplit("/", 1)[-1])
        return found if found is not None and found.arn == arn else None

    def user_of_arn(self, arn: str) -> User | None:
        """The user whose ARN it is."""
        found = self.users.get(account_of(arn), arn.rsplit("/", 1)[-1])
        return found if found is not None and found.arn == arn else None

    def role_of_arn(self, arn: str) -> Role | None:
        """The role whose ARN it is."""
        found = self.roles.get(account_of(arn), arn.rsplit("/", 1)[-1])
        return found if found is not None and found.arn == arn else None

    def exists(self, arn: str) -> bool:
        """Whether a user or role of this ARN is there; accounts and sessions always are."""
        kind = arn.rpartition(":")[2].partition("/")[0]
        if kind == "user":
            return self.user_of_arn(arn) is not None
        return kind != "role" or self.role_of_arn(arn) is not None

    def holders(self, account: str) -> Iterator[User | Group | Role]:
        """Everybody in the account to whom a policy can be attached."""
        yield from self.users.all(account)
        yield from self.groups.all(account)
        yield from self.roles.all(account)
