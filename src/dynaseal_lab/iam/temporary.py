"""Hand out temporary credentials."""

from datetime import timedelta

from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.names import new_secret, new_token, unique_id
from dynaseal_lab.iam.sessions import Session
from dynaseal_lab.model import Principal, Reply


def issue(iam: IamBackend, principal: Principal, seconds: int) -> Reply:
    """Make a session and describe it as STS's `Credentials` has it."""
    now = iam.clock.now()
    expires = (now + timedelta(seconds=seconds)).replace(microsecond=0)
    session = Session(unique_id("ASIA"), new_secret(), new_token(), principal, now, expires)
    iam.store.sessions.add(session, now)
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }
