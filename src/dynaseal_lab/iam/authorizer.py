"""The one place where a call is allowed or not: gather, evaluate once, record."""

from dataclasses import dataclass

from dynaseal_lab.iam.applicable_policies import policies_of
from dynaseal_lab.iam.condition_keys import condition_keys_of
from dynaseal_lab.iam.evaluate import evaluate
from dynaseal_lab.iam.policy import PolicyError
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import AccessRequest, Call, Decision
from dynaseal_lab.trail import Trail


@dataclass(frozen=True, slots=True)
class PolicyAuthorizer:
    """Decides by the policies in the store, and keeps every decision in the trail."""

    store: IamStore
    trail: Trail

    def decide(self, call: Call, access_request: AccessRequest) -> Decision:
        """Decide whether `call` may do this, and record it; an unreadable resource policy allows nothing."""
        session = self.store.sessions.get(call.access_key_id)
        try:
            decision = evaluate(
                access_request,
                call.principal,
                policies_of(self.store, call.principal),
                condition_keys_of(call, access_request, session),
            )
        except PolicyError as error:
            decision = Decision(False, "no-resource-policy", (str(error),))
        self.record(call, access_request, decision)
        return decision

    def record(self, call: Call, access_request: AccessRequest, decision: Decision) -> None:
        """Keep a decision that needed no policies."""
        self.trail.add(call, access_request, decision)
