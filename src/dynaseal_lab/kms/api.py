"""KMS as the lab serves it: a table of operations, and the check of parameters that comes first."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from dynaseal_lab.iam.bound_principals import Directory
from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.condition_keys import caller_keys
from dynaseal_lab.kms.keys import KeyState
from dynaseal_lab.kms.managed import managed_key
from dynaseal_lab.kms.operations import (
    agreement,
    aliases,
    data_keys,
    encryption,
    grants,
    imports,
    key_policies,
    lifecycle,
    macs,
    replicas,
    rotation,
    signing,
    tags,
)
from dynaseal_lab.kms.store import KmsStore
from dynaseal_lab.model import AccessRequest, Authorizer, Call, Clock, ConditionKeys, Fault, Reply
from dynaseal_lab.record_store import RecordStore
from dynaseal_lab.wire.validate import validate

_CONTEXT_KEY = "kms:encryptioncontext:"
Handler = Callable[[KeyAccess, Call], Reply | Awaitable[Reply]]

OPERATIONS: Mapping[str, Handler] = MappingProxyType(
    {
        "CancelKeyDeletion": lifecycle.cancel_key_deletion,
        "CreateAlias": aliases.create_alias,
        "CreateGrant": grants.create_grant,
        "CreateKey": lifecycle.create_key,
        "Decrypt": encryption.decrypt,
        "DeleteAlias": aliases.delete_alias,
        "DeleteImportedKeyMaterial": imports.delete_imported_key_material,
        "DeriveSharedSecret": agreement.derive_shared_secret,
        "DescribeCustomKeyStores": lifecycle.describe_custom_key_stores,
        "DescribeKey": lifecycle.describe_key,
        "DisableKey": lifecycle.disable_key,
        "DisableKeyRotation": rotation.disable_key_rotation,
        "EnableKey": lifecycle.enable_key,
        "EnableKeyRotation": rotation.enable_key_rotation,
        "Encrypt": encryption.encrypt,
        "GenerateDataKey": data_keys.generate_data_key,
        "GenerateDataKeyPair": data_keys.generate_data_key_pair,
        "GenerateDataKeyPairWithoutPlaintext": data_keys.generate_data_key_pair_without_plaintext,
        "GenerateDataKeyWithoutPlaintext": data_keys.generate_data_key_without_plaintext,
        "GenerateMac": macs.generate_mac,
        "GenerateRandom": data_keys.generate_random,
        "GetParametersForImport": imports.get_parameters_for_import,
        "GetKeyPolicy": key_policies.get_key_policy,
        "GetKeyRotationStatus": rotation.get_key_rotation_status,
        "GetPublicKey": signing.get_public_key,
        "ImportKeyMaterial": imports.import_key_material,
        "ListAliases": aliases.list_aliases,
        "ListGrants": grants.list_grants,
        "ListKeyPolicies": key_policies.list_key_policies,
        "ListKeyRotations": rotation.list_key_rotations,
        "ListKeys": lifecycle.list_keys,
        "ListResourceTags": tags.list_resource_tags,
        "ListRetirableGrants": grants.list_retirable_grants,
        "PutKeyPolicy": key_policies.put_key_policy,
        "ReEncrypt": encryption.re_encrypt,
        "ReplicateKey": replicas.replicate_key,
        "RetireGrant": grants.retire_grant,
        "RevokeGrant": grants.revoke_grant,
        "RotateKeyOnDemand": rotation.rotate_key_on_demand,
        "ScheduleKeyDeletion": lifecycle.schedule_key_deletion,
        "Sign": signing.sign,
        "TagResource": tags.tag_resource,
        "UntagResource": tags.untag_resource,
        "UpdateAlias": aliases.update_alias,
        "UpdateKeyDescription": lifecycle.update_key_description,
        "UpdatePrimaryRegion": replicas.update_primary_region,
        "Verify": signing.verify,
        "VerifyMac": macs.verify_mac,
    }
)
"""Every operation that the lab's KMS offers."""


class KmsService:
    """AWS KMS for all accounts and Regions of one lab.

    Args:
        authorizer: Decides and records every question.
        clock: The lab's time.
        record_store: Keeps the records; in memory unless given.
        directory: Knows which principals a key policy may name; any principal, unless given.
    """

    def __init__(
        self,
        authorizer: Authorizer,
        clock: Clock,
        record_store: RecordStore | None = None,
        directory: Directory | None = None,
    ) -> None:
        self._access = KeyAccess(KmsStore(clock.now, record_store), authorizer, clock, directory)

    async def handle(self, call: Call) -> Reply:
        """Answer one call: a client's, or another service's in a client's name.

        Raises:
            Fault: KMS's error.
        """
        handler = OPERATIONS.get(call.operation)
        if handler is None:
            raise Fault("UnsupportedOperationException", f"The lab's KMS does not offer {call.operation}.")
        validate("kms", call.operation, call.params, "ValidationException")
        reply = handler(self._access, call)
        return reply if isinstance(reply, Mapping) else await reply

    def access_requests(
        self, owner: Call, action: str, resource: str, condition_keys: ConditionKeys
    ) -> Callable[[Call], AccessRequest]:
        """Return a function from a call to the access request that it would need.

        Args:
            owner: A call of the account that owns the key.
            action: The action, such as `kms:Decrypt`.
            resource: The key, or `*` for an action that is not on a key.
            condition_keys: Further condition keys; those of the encryption context count for grants, too.

        Raises:
            Fault: there is no such key, or it is another account's.
        """
        if resource == "*":
            account = owner.principal.account
            return lambda call: AccessRequest(
                action=action,
                resource="*",
                resource_account=account,
                condition_keys={**caller_keys(call), **condition_keys},
            )
        target = self._access.find(owner, action, resource)
        if target.key.account != owner.principal.account:
            raise Fault("AccessDeniedException", f"{resource} belongs to another account; ask its root user")
        context = {
            name[len(_CONTEXT_KEY) :]: values[0]
            for name, values in condition_keys.items()
            if name.lower().startswith(_CONTEXT_KEY)
        }
        without_context = {
            name: values
            for name, values in condition_keys.items()
            if not name.lower().startswith((_CONTEXT_KEY, "kms:viaservice"))
        }
        return lambda call: self._access.access_request(
            call, action, target, context=context, extra=without_context
        )

    def managed_key(self, account: str, region: str, service: str) -> str:
        """Return the ARN of the key that AWS manages for a service, in this account and Region."""
        return managed_key(self._access.store, self._access.clock, account, region, service).arn

    def key_state(self, arn: str) -> KeyState | None:
        """Return the state of a key that a service uses; None where the key no longer exists."""
        region, key_id = arn.split(":")[3], arn.rpartition("/")[2]
        record = self._access.store.key(region, key_id)
        return record.state if record else None
