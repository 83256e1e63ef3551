"""Find the key that a request names, and check whether the caller may use it.

Every operation follows AWS's order: find the key, authorise the caller, then check the key's state.

* A key is named by id, ARN, alias or alias ARN; only the operations that use a key take an alias.
* A missing key of the caller's own account is NotFoundException. For another account's key the refusal is the
  same whether or not the key exists.
* Management operations work only in the caller's own account, whatever the key policy says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dynaseal_lab.iam.access_denied import access_denied_message
from dynaseal_lab.iam.bound_principals import Directory, bound_document
from dynaseal_lab.iam.names import root_arn
from dynaseal_lab.kms.condition_keys import ConditionValues, caller_keys, encryption_context_keys, key_keys
from dynaseal_lab.kms.grants import GRANT_OPERATIONS, Grant
from dynaseal_lab.kms.keys import KeyMaterial, KeyRecord, arn_prefix
from dynaseal_lab.kms.store import KmsStore
from dynaseal_lab.model import AccessRequest, Authorizer, Call, Clock, ConditionKeys, Decision, Fault

_KEY_ID = re.compile(
    r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.ASCII
)
_BY_TERMS_OF_GRANT = {"CreateGrant", "RetireGrant"}
"""Operations that a grant allows only under its own terms, which the operations themselves check."""

_CIPHERTEXT = "the resource associated with this ciphertext"
_ELSEWHERE = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


@dataclass(frozen=True, slots=True)
class Target:
    """The key that a request is about.

    Args:
        key: The key.
        alias: The alias by which the request named it, if it did.
        unnamed: Whether only a ciphertext names the key, and the request itself does not.
    """

    key: KeyRecord
    alias: str | None = None
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """What every operation works with: stored keys, authorisation and the time.

    Args:
        store: The stored keys, aliases and grants.
        authorizer: Decides whether a call is allowed.
        clock: The lab's time.
        directory: Knows which principals exist; without it, any principal is taken to exist.
    """

    store: KmsStore
    authorizer: Authorizer
    clock: Clock = field(repr=False)
    directory: Directory | None = field(default=None, repr=False)

    def find(self, call: Call, action: str, key_id: str, *, alias: bool = True) -> Target:
        """Return the key that a request names.

        Args:
            call: The request.
            action: The action that is about to be authorised, which a refusal names.
            key_id: A key id, key ARN, alias name or alias ARN.
            alias: Whether the operation takes aliases.

        Raises:
            Fault: NotFoundException, or AccessDeniedException for a key of another account.
        """
        account, resource = call.principal.account, key_id
        if key_id.startswith("arn:"):
            account, resource = _from_arn(key_id, call.region)
        name = resource if resource.startswith("alias/") else None
        if name is not None and not alias:
            raise Fault("NotFoundException", f"Invalid keyId '{key_id}'")
        if name is not None:
            found = self.store.alias(account, call.region, name)
            resource = found.key_id if found else ""
        record = self.store.key(call.region, resource)
        if record is not None and record.account == account:
            return Target(record, name)
        if account != call.principal.account:
            raise _denied_elsewhere(call, action)
        if name is not None:
            raise Fault("NotFoundException", f"Alias {arn_prefix(account, call.region)}{name} is not found.")
        if not _KEY_ID.fullmatch(resource):
            raise Fault("NotFoundException", f"Invalid keyId '{key_id}'")
        raise Fault(
            "NotFoundException", f"Key '{arn_prefix(account, call.region)}key/{resource}' does not exist"
        )

    def find_by_ciphertext(self, call: Call, action: str, key_id: str) -> Target:
        """Return the key that a ciphertext's header names, in this Region and in any account."""
        record = self.store.key(call.region, key_id)
        if record is None:
            raise _denied_elsewhere(call, action, _CIPHERTEXT)
        return Target(record, unnamed=True)

    def authorize(
        self,
        call: Call,
        action: str,
        target: Target,
        *,
        context: Mapping[str, str] | None = None,
        extra: ConditionValues | None = None,
        granted: bool = False,
    ) -> None:
        """Authorise an action on a key.

        Args:
            call: The request.
            action: The action, such as `kms:Decrypt`.
            target: The key.
            context: The request's encryption context.
            extra: Condition keys that only this operation has.
            granted: Whether a grant allows it in a way that `grants_allow` does not check.

        Raises:
            Fault: AccessDeniedException with the reason.
        """
        self._check_grant_tokens(call)
        access_request = self.access_request(
            call, action, target, context=context or {}, extra=extra or {}, granted=granted
        )
        self._require_allowed(call, target, access_request)

    def authorize_retirement(self, call: Call, key: KeyRecord, grant: Grant) -> None:
        """Authorise the retirement of a grant: by its own terms, or by an account's IAM policies.

        The key's account may delegate it to its users and roles, and so may the account that created the
        grant and one that is its retiring principal. A key policy has no part in it.

        Raises:
            Fault: AccessDeniedException with the reason.
        """
        target, account = Target(key), call.principal.account
        granted = grant.may_be_retired_by(call.principal)
        delegates = root_arn(account) in {grant.issuing_account, grant.retiring}
        access_request = replace(
            self.access_request(call, "kms:RetireGrant", target, context={}, extra={}, granted=granted),
            resource_account=account if granted or delegates else key.account,
            resource_policies=(),
            resource_policy_counts=False,
        )
        self._require_allowed(call, target, access_request)

    def _require_allowed(self, call: Call, target: Target, access_request: AccessRequest) -> None:
        decision = self.authorizer.decide(call, access_request)
        if decision.allowed:
            return
        hidden = decision.reason in {"no-resource-policy", "explicit-deny-resource"}
        if hidden and target.key.account != call.principal.account:
            what = _CIPHERTEXT if target.unnamed else "this resource"
            raise _denied_elsewhere(call, access_request.action, what)
        raise _denied(call, access_request, decision)

    def access_request(
        self,
        call: Call,
        action: str,
        target: Target,
        *,
        context: Mapping[str, str],
        extra: ConditionKeys,
        granted: bool = False,
    ) -> AccessRequest:
        """Return the access request that an action on a key needs; the arguments are those of `authorize`."""
        key = target.key
        values = caller_keys(call) | self._key_keys(target) | encryption_context_keys(context)
        return AccessRequest(
            action=action,
            resource=key.arn,
            resource_account=key.account,
            condition_keys={**values, **extra},
            resource_policies=(bound_document(key.policy, key.principals),),
            grants_allow=granted or self.grants_allow(call, key, action, context),
        )

    def find_and_authorize(
        self, call: Call, action: str, key_id: str, extra: ConditionValues | None = None
    ) -> Target:
        """Find a key of the caller's own account and authorise an administrative action on it."""
        target = self.find(call, action, key_id, alias=False)
        if target.key.account != call.principal.account:
            raise _denied_elsewhere(call, action)
        self.authorize(call, action, target, extra=extra)
        return target

    def authorize_in_account(
        self, call: Call, action: str, resource: str = "*", extra: ConditionValues | None = None
    ) -> None:
        """Authorise an action that is not on an existing key: CreateKey, ListKeys, an alias's part.

        A new key's tags are among them: identity-based policies decide, as the key has no policy yet.
        """
        access_request = AccessRequest(
            action=action,
            resource=resource,
            resource_account=call.principal.account,
            condition_keys=caller_keys(call) | (extra or {}),
            resource_policy_counts=False,
        )
        decision = self.authorizer.decide(call, access_request)
        if not decision.allowed:
            raise _denied(call, access_request, decision)

    def grants_allow(self, call: Call, key: KeyRecord, action: str, context: Mapping[str, str]) -> bool:
        """Return whether a grant on the key allows the caller this action with this encryption context."""
        operation = action.removeprefix("kms:")
        return operation in GRANT_OPERATIONS - _BY_TERMS_OF_GRANT and any(
            grant.permits(call.principal, operation, context) for grant in self.store.grants(key)
        )

    def material(self, key: KeyRecord) -> KeyMaterial:
        """Return the key's material, rotated first if a rotation is due."""
        stored = self.store.material(key.key_id)
        material = stored.with_due_rotations(self.clock.now()) if key.state == "Enabled" else stored
        if material is not stored:
            self.store.put_material(material)
        return material

    def _key_keys(self, target: Target) -> ConditionValues:
        key = target.key
        primary_region = self.store.material(key.key_id).primary_region
        return key_keys(key, primary_region, self.store.alias_names(key), target.alias)

    def _check_grant_tokens(self, call: Call) -> None:
        """Refuse a token that no grant has. A valid token adds nothing, because grants count at once."""
        tokens = set(call.params.get("GrantTokens") or ())
        if tokens and not tokens <= {grant.token for grant in self.store.all_grants()}:
            raise Fault("InvalidGrantTokenException", "The grant token is not valid.")


def _from_arn(arn: str, region: str) -> tuple[str, str]:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "kms":
        raise Fault("NotFoundException", f"Invalid arn {arn}")
    if parts[3] != region:
        raise Fault("NotFoundException", f"Invalid arn {parts[3]}")
    resource = parts[5]
    if resource.startswith("alias/"):
        return parts[4], resource
    if not resource.startswith("key/"):
        raise Fault("NotFoundException", f"Invalid arn {arn}")
    return parts[4], resource.removeprefix("key/")


def _denied(call: Call, access_request: AccessRequest, decision: Decision) -> Fault:
    """Return the refusal for a key that the caller may know of."""
    return Fault("AccessDeniedException", access_denied_message(call.principal, access_request, decision))


def _denied_elsewhere(call: Call, action: str, what: str = "this resource") -> Fault:
    """Return the refusal that does not reveal whether another account's key exists."""
    return Fault(
        "AccessDeniedException",
        f"User: {call.principal.caller_arn} is not authorized to perform: {action} on {what} {_ELSEWHERE}",
    )
