"""Which principal signs with an access key id: an account's root, a user, or a session.

Rules:
- A 12-digit account number is the root user of that account, and signs with the lab's root secret.
- A key that starts with `AKIA` belongs to a user and is good while it is active.
- A key that starts with `ASIA` came from STS and is good, together with its session token, until it expires.
"""

from dataclasses import dataclass, field
from datetime import datetime

from dynaseal_lab.iam.names import account_of, is_account, root_arn, session_arn
from dynaseal_lab.iam.records import AccessKey, LastUsed, Role, User
from dynaseal_lab.iam.sessions import Session
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import Principal
from dynaseal_lab.wire.http import VerifiedSignature
from dynaseal_lab.wire.sigv4 import SigningKey


def root_principal(account: str) -> Principal:
    """Return the root user of an account."""
    return Principal(
        kind="root",
        account=account,
        arn=root_arn(account),
        caller_arn=root_arn(account),
        user_id=account,
        name="root",
    )


def user_principal(account: str, user: User) -> Principal:
    """Return a user as a principal."""
    return Principal(
        kind="user",
        account=account,
        arn=user.arn,
        caller_arn=user.arn,
        user_id=user.id,
        name=user.name,
        tags=user.tags,
    )


def role_principal(role: Role, session: str) -> Principal:
    """Return a session of a role, by name, as a principal; without session policies and tags."""
    account = account_of(role.arn)
    return Principal(
        kind="assumed-role",
        account=account,
        arn=role.arn,
        caller_arn=session_arn(account, role.name, session),
        user_id=f"{role.id}:{session}",
        name=role.name,
        tags=role.tags,
    )


@dataclass(frozen=True, slots=True)
class Credentials:
    """Finds the signing key of an access key id in the store."""

    store: IamStore
    root_secret: str = field(repr=False)

    def find(self, access_key_id: str) -> SigningKey | None:
        """Return the signing key of this access key id, or None."""
        if is_account(access_key_id):
            return SigningKey(principal=root_principal(access_key_id), secret=self.root_secret)
        key = self.store.access_key(access_key_id)
        if key is not None:
            return self._of_user(key)
        session = self.store.sessions.get(access_key_id)
        return None if session is None else self._of_session(session)

    def _of_session(self, session: Session) -> SigningKey | None:
        """Return a session's signing key.

        A user's session ends when the user is deleted. A role's session goes on after its role is deleted,
        but then no policy allows it anything.
        """
        principal = session.principal
        if principal.kind == "user" and self.store.users.of_arn(principal.arn) is None:
            return None
        if principal.kind == "federated-user" and not self._issuer_exists(principal):
            return None
        return SigningKey(
            principal=principal, secret=session.secret, token=session.token, expires=session.expires
        )

    def _issuer_exists(self, principal: Principal) -> bool:
        is_root = principal.issuer_id == principal.account
        return is_root or self.store.users.of_id(principal.issuer_id) is not None

    def _of_user(self, key: AccessKey) -> SigningKey | None:
        user = self.store.users.get(key.account, key.user_name)
        if user is None:
            return None
        return SigningKey(principal=user_principal(key.account, user), secret=key.secret, active=key.active)

    def note_use(self, signature: VerifiedSignature, now: datetime) -> None:
        """Store when a user's access key last signed a request, for GetAccessKeyLastUsed."""
        if self.store.access_key(signature.access_key_id) is not None:
            self.store.note_use(signature.access_key_id, LastUsed(now, signature.service, signature.region))
