"""Temporary credentials: what an ASIA key stands for until it expires."""

from dataclasses import dataclass, field
from datetime import datetime

from dynaseal_lab.model import Principal
from dynaseal_lab.record_store import RecordStore


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials and who signs with them; `issued` is when they were made."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    principal: Principal
    issued: datetime
    expires: datetime


class Sessions:
    """Every session that has not expired; those that have are dropped when the next one is made."""

    def __init__(self, record_store: RecordStore) -> None:
        self._sessions = record_store.mapping("iam-session", Session)

    def get(self, access_key_id: str) -> Session | None:
        """The session of this key id."""
        return self._sessions.get((access_key_id,))

    def add(self, session: Session, now: datetime) -> None:
        """Keep a new session.

        An expired one is kept for a day more, so that its holder is told that it expired.
        """
        for place, other in list(self._sessions.items()):
            if (now - other.expires).days >= 1:
                del self._sessions[place]
        self._sessions[session.access_key_id,] = session
