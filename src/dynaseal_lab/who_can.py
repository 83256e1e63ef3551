"""Which principals may do an action on a resource, and for each of the others why not.

The evaluator decides for every principal in turn, from the policies that are stored now; nothing is called
and nothing is recorded in the trail. Listed are the principals of the account that asks, and principals of
other accounts that may do the action on this account's resource.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from dynaseal_lab.iam.applicable_policies import applicable_policies
from dynaseal_lab.iam.bound_principals import bound_document
from dynaseal_lab.iam.condition_keys import condition_keys_of
from dynaseal_lab.iam.credentials import role_principal, root_principal, user_principal
from dynaseal_lab.iam.evaluate import evaluate
from dynaseal_lab.iam.names import account_of, is_account
from dynaseal_lab.iam.policy import PolicyError
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import AccessRequest, Call, ConditionKeys, Decision, Fault, Principal, reason_in_words

_ACTION = re.compile(r"(dynamodb|iam|kms|sts):[A-Za-z]+", re.ASCII)
_VIA_SERVICE = "kms:viaservice"

AccessRequestOf = Callable[[Call], AccessRequest]
"""Returns the access request that one principal's call would need."""


class KmsResources(Protocol):
    """KMS, as far as it is needed here."""

    def access_requests(
        self, owner: Call, action: str, resource: str, condition_keys: ConditionKeys
    ) -> AccessRequestOf:
        """Return the access requests about a key that the owner names."""
        ...


class DynamoDbResources(Protocol):
    """DynamoDB, as far as it is needed here."""

    def access_requests(
        self, owner: Call, action: str, resource: str, condition_keys: ConditionKeys
    ) -> Awaitable[AccessRequestOf]:
        """Return the access requests about a table, index or stream that the owner names."""
        ...


@dataclass(frozen=True, slots=True)
class PrincipalAccess:
    """What was decided about one principal."""

    principal: str
    decision: Decision

    def as_json(self) -> Mapping[str, object]:
        """Return it for JSON."""
        return {
            "principal": self.principal,
            "may": self.decision.allowed,
            "reason": self.decision.reason,
            "reason_in_words": reason_in_words(self.decision.reason),
            "statements": list(self.decision.statements),
        }


@dataclass(frozen=True, slots=True)
class WhoCan:
    """Decides an action on a resource for every principal.

    Args:
        store: The principals and their policies.
        kms: Knows the keys, their policies and grants.
        dynamodb: Knows the tables and their policies.
    """

    store: IamStore
    kms: KmsResources = field(repr=False)
    dynamodb: DynamoDbResources = field(repr=False)

    async def decide(
        self, owner: Call, action: str, resource: str, condition_keys: ConditionKeys
    ) -> tuple[str, list[PrincipalAccess]]:
        """Return the resource's ARN, and what was decided about each principal.

        Args:
            owner: A call of the root user of the account that asks; its Region is that of a resource that is
                named without one.
            action: The action, such as `kms:Decrypt`.
            resource: An ARN, `*`, a key id or alias for KMS, or a table name for DynamoDB.
            condition_keys: Condition keys of the imagined request, such as `kms:EncryptionContext:dept`.

        Raises:
            Fault: ValidationError, or the service's error for a resource that does not exist.
        """
        if not _ACTION.fullmatch(action):
            message = f"{action} is not an action of DynamoDB, IAM, KMS or STS; write it like kms:Decrypt"
            raise Fault("ValidationError", message)
        if resource.startswith("arn:") and (region := resource.split(":", 4)[3:4]) and region[0]:
            owner = replace(owner, region=region[0])
        access_request_of = await self._access_requests(owner, action, resource, condition_keys)
        full_name = access_request_of(owner).resource
        account = owner.principal.account
        accesses = [
            access
            for number in (account, *sorted(self.store.accounts() - {account}))
            for access in self._of_account(number, owner, condition_keys, access_request_of)
            if number == account or access.decision.allowed
        ]
        return full_name, accesses

    async def _access_requests(
        self, owner: Call, action: str, resource: str, condition_keys: ConditionKeys
    ) -> AccessRequestOf:
        if action.startswith("kms:"):
            return self.kms.access_requests(owner, action, resource, condition_keys)
        if action.startswith("dynamodb:"):
            return await self.dynamodb.access_requests(owner, action, resource, condition_keys)
        account = account_of(resource) if is_account(account_of(resource)) else owner.principal.account
        if account != owner.principal.account:
            message = f"{resource} belongs to another account; ask its root user"
            raise Fault("AccessDenied", message, status=403)
        role = self.store.roles.of_arn(resource) if action.startswith("sts:") else None
        trust = (bound_document(role.trust, role.trusted),) if role is not None else ()
        tags = {f"aws:ResourceTag/{name}": [value] for name, value in role.tags.items()} if role else {}
        access_request = AccessRequest(
            action=action,
            resource=resource,
            resource_account=account,
            condition_keys={**tags, **condition_keys},
            resource_policies=trust,
        )
        return lambda _call: access_request

    def _principals(self, account: str) -> Iterator[Principal]:
        yield root_principal(account)
        for user in self.store.users.all(account):
            yield user_principal(account, user)
        for role in self.store.roles.all(account):
            yield role_principal(role, "session")

    def _of_account(
        self, account: str, owner: Call, condition_keys: ConditionKeys, access_request_of: AccessRequestOf
    ) -> Iterator[PrincipalAccess]:
        for principal in self._principals(account):
            call = _call_of(owner, principal, condition_keys)
            yield PrincipalAccess(principal.arn, self._decide(call, access_request_of))

    def _decide(self, call: Call, access_request_of: AccessRequestOf) -> Decision:
        principal, access_request = call.principal, access_request_of(call)
        if principal.kind == "root" and access_request.action.lower().startswith("sts:assumerole"):
            return Decision(False, "no-identity-policy", ("A root user cannot assume roles",))
        if principal.kind == "assumed-role" and access_request.action.lower() == "sts:getfederationtoken":
            return Decision(False, "no-identity-policy", ("Temporary credentials cannot call it",))
        try:
            return evaluate(
                access_request,
                principal,
                applicable_policies(self.store, principal),
                condition_keys_of(call, access_request, None),
            )
        except PolicyError as error:
            return Decision(False, "no-resource-policy", (str(error),))


def _call_of(owner: Call, principal: Principal, condition_keys: ConditionKeys) -> Call:
    """Return the imagined call of a principal; `kms:ViaService` makes it a service's call in its name."""
    named = {name.lower(): values for name, values in condition_keys.items()}
    via = next(iter(named.get(_VIA_SERVICE, ())), None)
    return replace(owner, principal=principal, access_key_id="", via_service=via)
