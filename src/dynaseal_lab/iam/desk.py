"""What IAM's and STS's operations share: the records they work on, and how one operation is described."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dynaseal_lab.iam.authorizer import PolicyAuthorizer
from dynaseal_lab.iam.refusal import sentence
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import Ask, Call, Clock, Fault, Json


@dataclass(frozen=True, slots=True)
class Desk:
    """The store, the evaluator and the lab's time."""

    store: IamStore
    authorizer: PolicyAuthorizer
    clock: Clock

    def require(self, call: Call, ask: Ask) -> None:
        """Ask whether the call may do this.

        Raises:
            Fault: AccessDenied, with the reason.
        """
        decision = self.authorizer.decide(call, ask)
        if not decision.allowed:
            raise Fault("AccessDenied", sentence(call.principal, ask, decision), status=403)


Run = Callable[[Desk, Call], Json]
ResourceOf = Callable[[Desk, Call], str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of IAM: what it does, and the ARN of what it is about."""

    run: Run
    resource: ResourceOf


Operations = Mapping[str, Operation]
