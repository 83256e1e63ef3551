"""Where IAM's records are kept: one object, shelves by kind; every account exists as soon as it is named."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from dynaseal_lab.iam.managed import AWS_MANAGED
from dynaseal_lab.iam.names import account_of
from dynaseal_lab.iam.records import AccessKey, Group, ManagedPolicy, Role, User
from dynaseal_lab.iam.sessions import Sessions

Record = TypeVar("Record", User, Group, Role, ManagedPolicy)


class Shelf(Generic[Record]):
    """Records of one kind, by account and name. Names differ by more than case, as IAM demands."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, Record]] = {}

    def get(self, account: str, name: str) -> Record | None:
        """The record of that very name."""
        return self._records.get(account, {}).get(name)

    def clashes(self, account: str, name: str) -> bool:
        """Whether a record has this name, in any case."""
        folded = name.lower()
        return any(folded == other.lower() for other in self._records.get(account, {}))

    def put(self, account: str, record: Record) -> None:
        """Keep `record` in place of an earlier one of its name."""
        self._records.setdefault(account, {})[record.name] = record

    def remove(self, account: str, name: str) -> None:
        """Forget a record."""
        del self._records[account][name]

    def all(self, account: str) -> list[Record]:
        """The account's records by name."""
        return [record for _, record in sorted(self._records.get(account, {}).items())]


class IamStore:
    """Everything that IAM and STS remember."""

    def __init__(self) -> None:
        self.users = Shelf[User]()
        self.groups = Shelf[Group]()
        self.roles = Shelf[Role]()
        self.policies = Shelf[ManagedPolicy]()
        self.sessions = Sessions()
        self._keys: dict[str, AccessKey] = {}

    def access_key(self, key_id: str) -> AccessKey | None:
        """The access key of this id, in whichever account."""
        return self._keys.get(key_id)

    def access_keys(self, account: str, user_name: str) -> list[AccessKey]:
        """A user's access keys, oldest first."""
        return [key for key in self._keys.values() if (key.account, key.user_name) == (account, user_name)]

    def put_access_key(self, key: AccessKey) -> None:
        """Keep `key` in place of an earlier one of its id."""
        self._keys[key.id] = key

    def remove_access_key(self, key_id: str) -> None:
        """Forget an access key."""
        del self._keys[key_id]

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

    def holders(self, account: str) -> Iterator[User | Group | Role]:
        """Everybody in the account to whom a policy can be attached."""
        yield from self.users.all(account)
        yield from self.groups.all(account)
        yield from self.roles.all(account)
