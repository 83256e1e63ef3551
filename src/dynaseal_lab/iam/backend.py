"""What IAM's and STS's operations share: the records they work on, and how one operation is described."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dynaseal_lab.iam.access_denied import access_denied_message
from dynaseal_lab.iam.authorizer import PolicyAuthorizer
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import AccessRequest, Call, Clock, Fault, Reply


@dataclass(frozen=True, slots=True)
class IamBackend:
    """The store, the evaluator and the lab's time."""

    store: IamStore
    authorizer: PolicyAuthorizer
    clock: Clock

    def require(self, call: Call, access_request: AccessRequest) -> None:
        """Ask whether the call may do this.

        Raises:
            Fault: AccessDenied, with the reason.
        """
        decision = self.authorizer.decide(call, access_request)
        if not decision.allowed:
            raise Fault(
                "AccessDenied", access_denied_message(call.principal, access_request, decision), status=403
            )


Run = Callable[[IamBackend, Call], Reply]
ResourceOf = Callable[[IamBackend, Call], str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of IAM: what it does, and the ARN of what it is about."""

    run: Run
    resource: ResourceOf


Operations = Mapping[str, Operation]
