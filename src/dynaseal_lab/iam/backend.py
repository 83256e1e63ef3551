"""What IAM's and STS's operations share: the records they work on, and how one operation is described."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dynaseal_lab.iam.access_denied import access_denied_message
from dynaseal_lab.iam.authorizer import PolicyAuthorizer
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import AccessRequest, Call, Clock, Fault, Reply


@dataclass(frozen=True, slots=True)
class IamBackend:
    """The records, the evaluator and the lab's time."""

    store: IamStore
    authorizer: PolicyAuthorizer
    clock: Clock

    def require(self, call: Call, access_request: AccessRequest) -> None:
        """Refuse a call that may not do this.

        Raises:
            Fault: AccessDenied, with the reason.
        """
        decision = self.authorizer.decide(call, access_request)
        if not decision.allowed:
            message = access_denied_message(call.principal, access_request, decision)
            raise Fault("AccessDenied", message, status=403)


Run = Callable[[IamBackend, Call], Reply]
"""What an operation does, once it is allowed."""

ResourceOf = Callable[[IamBackend, Call], str]
"""Returns the ARN on which a request needs the operation's permission, or `*`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of IAM."""

    run: Run
    resource: ResourceOf


Operations = Mapping[str, Operation]
"""Operations by name."""
