"""The one place where a call is allowed or not: gather, evaluate once, record."""

from dataclasses import dataclass

from dynaseal_lab.iam.context import context_of
from dynaseal_lab.iam.evaluate import evaluate
from dynaseal_lab.iam.gather import policies_of
from dynaseal_lab.iam.policy import PolicyError
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import Ask, Call, Decision
from dynaseal_lab.trail import Trail


@dataclass(frozen=True, slots=True)
class PolicyAuthorizer:
    """Decides by the policies in the store, and keeps every decision in the trail."""

    store: IamStore
    trail: Trail

    def decide(self, call: Call, ask: Ask) -> Decision:
        """Decide `ask` for `call` and record it; a resource policy that cannot be read allows nothing."""
        session = self.store.sessions.get(call.access_key_id)
        try:
            decision = evaluate(
                ask,
                call.principal,
                policies_of(self.store, call.principal),
                context_of(call, ask, session),
            )
        except PolicyError as error:
            decision = Decision(False, "no-resource-policy", (str(error),))
        self.record(call, ask, decision)
        return decision

    def record(self, call: Call, ask: Ask, decision: Decision) -> None:
        """Keep a decision that needed no policies."""
        self.trail.add(call, ask, decision)
