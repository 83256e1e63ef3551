"""From a key as a request names it to a key that the caller may use.

AWS's order, which every operation follows: find the key, ask whether the caller may, then look at its state.

* A key is named by id, ARN, alias or alias ARN; only the operations that use a key take an alias.
* A key of one's own account that is not there is NotFoundException; of another account's keys nothing is
  told, there or not.
* Management operations work in one's own account only, whatever the key policy says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dynaseal_lab.kms.condition_keys import Values, caller_keys, encryption_context_keys, key_keys
from dynaseal_lab.kms.denial import denied, denied_elsewhere
from dynaseal_lab.kms.grants import GRANT_OPERATIONS
from dynaseal_lab.kms.keys import KeyMaterial, KeyRecord, arn_prefix
from dynaseal_lab.kms.policies import Directory
from dynaseal_lab.kms.specs import Usage
from dynaseal_lab.kms.store import KmsStore
from dynaseal_lab.model import AccessRequest, Authorizer, Call, Clock, Fault

_KEY_ID = re.compile(
    r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.ASCII
)
_PASSED_ON = {"CreateGrant", "RetireGrant"}  # allowed by the terms of one grant, not by having it
_CIPHERTEXT = "the resource associated with this ciphertext"


@dataclass(frozen=True, slots=True)
class Target:
    """A key that a request means: `alias` is what named it, if one did; `unnamed`: only a ciphertext did."""

    key: KeyRecord
    alias: str | None = None
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """What every operation works with: the records, the evaluator, the lab's time, and who exists.

    Without a directory everybody does.
    """

    store: KmsStore
    authorizer: Authorizer
    clock: Clock = field(repr=False)
    directory: Directory | None = field(default=None, repr=False)

    def find(self, call: Call, action: str, key_id: str, *, alias: bool = True) -> Target:
        """The key that a request names.

        Args:
            call: the request.
            action: the action that is about to be asked for, which a refusal names.
            key_id: a key id, key ARN, alias name or alias ARN.
            alias: whether the operation takes aliases.

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
            raise denied_elsewhere(call, action)
        if name is not None:
            raise Fault("NotFoundException", f"Alias {arn_prefix(account, call.region)}{name} is not found.")
        if not _KEY_ID.fullmatch(resource):
            raise Fault("NotFoundException", f"Invalid keyId '{key_id}'")
        raise Fault(
            "NotFoundException", f"Key '{arn_prefix(account, call.region)}key/{resource}' does not exist"
        )

    def find_by_ciphertext(self, call: Call, action: str, key_id: str) -> Target:
        """The key that a ciphertext's header names, in this Region and whichever account."""
        record = self.store.key(call.region, key_id)
        if record is None:
            raise denied_elsewhere(call, action, _CIPHERTEXT)
        return Target(record, unnamed=True)

    def allow(
        self,
        call: Call,
        action: str,
        target: Target,
        *,
        context: Mapping[str, str] | None = None,
        extra: Values | None = None,
        granted: bool = False,
    ) -> None:
        """Ask whether the caller may do `action` to the key.

        Args:
            call: the request.
            action: `kms:Decrypt` and the like.
            target: the key.
            context: the encryption context that the request carries.
            extra: condition keys of this operation.
            granted: a grant is known to allow it, in a way that `grants_allow` does not find.

        Raises:
            Fault: AccessDeniedException with the reason.
        """
        key = target.key
        self._check_grant_tokens(call)
        values = caller_keys(call) | self._key_keys(target) | encryption_context_keys(context or {})
        access_request = AccessRequest(
            action=action,
            resource=key.arn,
            resource_account=key.account,
            condition_keys=values | (extra or {}),
            resource_policies=(key.policy,),
            grants_allow=granted or self.grants_allow(call, key, action, context or {}),
        )
        decision = self.authorizer.decide(call, access_request)
        if decision.allowed:
            return
        hidden = decision.reason in {"no-resource-policy", "explicit-deny-resource"}
        if hidden and key.account != call.principal.account:
            raise denied_elsewhere(call, action, _CIPHERTEXT if target.unnamed else "this resource")
        raise denied(call, access_request, decision)

    def manage(self, call: Call, action: str, key_id: str, extra: Values | None = None) -> Target:
        """Find and allow in one, for an operation that administers a key of the caller's own account."""
        target = self.find(call, action, key_id, alias=False)
        if target.key.account != call.principal.account:
            raise denied_elsewhere(call, action)
        self.allow(call, action, target, extra=extra)
        return target

    def allow_account(
        self, call: Call, action: str, resource: str = "*", extra: Values | None = None
    ) -> None:
        """Ask for an action that is about no existing key (CreateKey, ListKeys, an alias)."""
        access_request = AccessRequest(
            action, resource, call.principal.account, caller_keys(call) | (extra or {})
        )
        decision = self.authorizer.decide(call, access_request)
        if not decision.allowed:
            raise denied(call, access_request, decision)

    def grants_allow(self, call: Call, key: KeyRecord, action: str, context: Mapping[str, str]) -> bool:
        """Whether a grant on the key allows the caller this action with this encryption context."""
        operation = action.removeprefix("kms:")
        return operation in GRANT_OPERATIONS - _PASSED_ON and any(
            grant.permits(call.principal, operation, context) for grant in self.store.grants(key)
        )

    def material(self, key: KeyRecord) -> KeyMaterial:
        """The key's material, after the rotations that have become due."""
        stored = self.store.material(key.key_id)
        material = stored.with_due_rotations(self.clock.now()) if key.state == "Enabled" else stored
        if material is not stored:
            self.store.put_material(material)
        return material

    def _key_keys(self, target: Target) -> Values:
        key = target.key
        primary_region = self.store.material(key.key_id).primary_region
        return key_keys(key, primary_region, self.store.alias_names(key), target.alias)

    def _check_grant_tokens(self, call: Call) -> None:
        """Grants count at once, so a token adds nothing; but one that no grant has is an error, as on AWS."""
        tokens = set(call.params.get("GrantTokens") or ())
        if tokens and not tokens <= {grant.token for grant in self.store.all_grants()}:
            raise Fault("InvalidGrantTokenException", "The grant token is not valid.")


def require_usable(key: KeyRecord) -> None:
    """Refuse a key that is not enabled.

    Raises:
        Fault: DisabledException or KMSInvalidStateException.
    """
    require_not_pending(key)
    if key.state == "Disabled":
        raise Fault("DisabledException", f"{key.arn} is disabled.")


def require_not_pending(key: KeyRecord) -> None:
    """Refuse a key that waits for its deletion.

    Raises:
        Fault: KMSInvalidStateException.
    """
    if key.deletion_window is not None:
        raise Fault("KMSInvalidStateException", f"{key.arn} is pending deletion.")


def require_usage(call: Call, key: KeyRecord, usage: Usage) -> None:
    """Refuse a key that is for something else.

    Raises:
        Fault: InvalidKeyUsageException.
    """
    if key.usage != usage:
        raise Fault(
            "InvalidKeyUsageException",
            f"{key.arn} key usage is {key.usage} which is not valid for {call.operation}.",
        )


def require_algorithm(key: KeyRecord, algorithm: str) -> None:
    """Refuse an algorithm that keys of this spec do not compute.

    Raises:
        Fault: InvalidKeyUsageException.
    """
    if algorithm not in key.algorithms:
        raise Fault(
            "InvalidKeyUsageException",
            f"Algorithm {algorithm} and key spec {key.spec.name} are incompatible with key {key.arn}.",
        )


def end_dry_run(call: Call) -> None:
    """Stop here when the request asked only whether it would succeed.

    Raises:
        Fault: DryRunOperationException.
    """
    if call.params.get("DryRun"):
        raise Fault(
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
            status=412,
        )


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
