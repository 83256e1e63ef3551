"""Temporary credentials, which AssumeRole, GetFederationToken and GetSessionToken return."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dynaseal_lab.iam.names import new_secret, new_token, unique_id
from dynaseal_lab.model import Principal, Reply
from dynaseal_lab.record_store import RecordStore

_KEPT_AFTER_EXPIRY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Temporary credentials, and the principal that signs with them."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    principal: Principal
    issued: datetime
    expires: datetime

    def described(self) -> Reply:
        """Return the credentials as `Credentials` in STS's replies."""
        return {
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret,
            "SessionToken": self.token,
            "Expiration": self.expires,
        }


class Sessions:
    """Temporary credentials by access key id.

    Expired ones are kept for another day, so that whoever still signs with them is told that they have
    expired (ExpiredToken), not that there is no such access key (InvalidClientTokenId). Requests signed with
    them are refused because of `SigningKey.expires`; `issue` only removes old records.
    """

    def __init__(self, record_store: RecordStore) -> None:
        self._sessions = record_store.mapping("iam-session", Session)

    def get(self, access_key_id: str) -> Session | None:
        """Return the session of this access key id, expired or not, or None."""
        return self._sessions.get((access_key_id,))

    def issue(self, principal: Principal, seconds: int, now: datetime) -> Session:
        """Make temporary credentials for a principal, and remove those that expired more than a day ago.

        Args:
            principal: Who will sign with them.
            seconds: How long they are good for.
            now: The lab's time.
        """
        for key, old in list(self._sessions.items()):
            if now - old.expires >= _KEPT_AFTER_EXPIRY:
                del self._sessions[key]
        expires = (now + timedelta(seconds=seconds)).replace(microsecond=0)
        session = Session(
            access_key_id=unique_id("ASIA"),
            secret=new_secret(),
            token=new_token(),
            principal=principal,
            issued=now,
            expires=expires,
        )
        self._sessions[session.access_key_id,] = session
        return session
