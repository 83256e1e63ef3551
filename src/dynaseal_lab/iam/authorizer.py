"""The one place where calls are allowed or denied: collect the policies, evaluate, record the decision."""

from dataclasses import dataclass

from dynaseal_lab.iam.applicable_policies import applicable_policies
from dynaseal_lab.iam.condition_keys import condition_keys_of
from dynaseal_lab.iam.evaluate import evaluate
from dynaseal_lab.iam.policy import PolicyError
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import AccessRequest, Call, Decision
from dynaseal_lab.trail import Trail


@dataclass(frozen=True, slots=True)
class PolicyAuthorizer:
    """Decides by the policies in the store, and records every decision in the trail."""

    store: IamStore
    trail: Trail

    def decide(self, call: Call, access_request: AccessRequest) -> Decision:
        """Decide whether `call` may do this, and record it.

        A resource policy that cannot be parsed allows nothing.
        """
        session = self.store.sessions.get(call.access_key_id)
        try:
            decision = evaluate(
                access_request,
                call.principal,
                applicable_policies(self.store, call.principal),
                condition_keys_of(call, access_request, session),
            )
        except PolicyError as error:
            decision = Decision(False, "no-resource-policy", (str(error),))
        self.record(call, access_request, decision)
        return decision

    def record(self, call: Call, access_request: AccessRequest, decision: Decision) -> None:
        """Record a decision, also one that needed no policies."""
        self.trail.add(call, access_request, decision)
