"""Whose key an access key id is: an account's root, a user's, or temporary.

Rules:
- A 12-digit account number is the root of that account, with the lab's root secret; every account has one.
- An `AKIA` key belongs to a user and is good while it is active.
- An `ASIA` key came from STS and is good with its token until it expires.
"""

from dataclasses import dataclass, field
from datetime import datetime

from dynaseal_lab.iam.names import is_account, root_arn
from dynaseal_lab.iam.records import AccessKey, LastUsed, User
from dynaseal_lab.iam.sessions import Session
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import Principal
from dynaseal_lab.wire.http import Signed
from dynaseal_lab.wire.sigv4 import SigningKey


def root_of(account: str) -> Principal:
    """The root user of an account."""
    return Principal(
        "root", account, arn=root_arn(account), caller_arn=root_arn(account), user_id=account, name="root"
    )


def principal_of(account: str, user: User) -> Principal:
    """A user as a caller."""
    return Principal(
        "user",
        account,
        arn=user.arn,
        caller_arn=user.arn,
        user_id=user.id,
        name=user.name,
        tags=user.tags,
    )


@dataclass(frozen=True, slots=True)
class Credentials:
    """Finds signing keys in the store."""

    store: IamStore
    root_secret: str = field(repr=False)

    def find(self, access_key_id: str) -> SigningKey | None:
        """What belongs to this access key id, or None."""
        if is_account(access_key_id):
            return SigningKey(root_of(access_key_id), self.root_secret)
        key = self.store.access_key(access_key_id)
        if key is not None:
            return self._of_user(key)
        session = self.store.sessions.get(access_key_id)
        return None if session is None else self._of_session(session)

    def _of_session(self, session: Session) -> SigningKey | None:
        """A user's session ends with the user; a role's goes on, with no policies left to allow anything."""
        principal = session.principal
        if principal.kind == "user" and self.store.user_of_arn(principal.arn) is None:
            return None
        return SigningKey(principal, session.secret, session.token, session.expires)

    def _of_user(self, key: AccessKey) -> SigningKey | None:
        user = self.store.users.get(key.account, key.user_name)
        if user is None:
            return None
        return SigningKey(principal_of(key.account, user), key.secret, active=key.active)

    def note_use(self, signed: Signed, now: datetime) -> None:
        """Remember when a user's key signed last, for GetAccessKeyLastUsed."""
        if self.store.access_key(signed.access_key_id) is not None:
            self.store.note_use(signed.access_key_id, LastUsed(now, signed.service, signed.region))
