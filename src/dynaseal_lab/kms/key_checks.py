"""Checks that a key which the caller may use can do what is asked: its state, its usage, its algorithms."""

from collections.abc import Mapping

from dynaseal_lab.kms.keys import KeyRecord
from dynaseal_lab.kms.specs import Usage
from dynaseal_lab.model import Call, Fault

_LARGEST_CONTEXT = 8192


def require_usable(key: KeyRecord) -> None:
    """Refuse a key that is not enabled.

    Raises:
        Fault: DisabledException or KMSInvalidStateException.
    """
    require_complete(key)
    if key.state == "Disabled":
        raise Fault("DisabledException", f"{key.arn} is disabled.")


def require_complete(key: KeyRecord) -> None:
    """Refuse a key that is scheduled for deletion or lacks key material.

    Raises:
        Fault: KMSInvalidStateException.
    """
    require_not_pending(key)
    if key.state == "PendingImport":
        raise Fault("KMSInvalidStateException", f"{key.arn} is pending import.")


def require_not_pending(key: KeyRecord) -> None:
    """Refuse a key that is scheduled for deletion.

    Raises:
        Fault: KMSInvalidStateException.
    """
    if key.deletion_window is not None:
        raise Fault("KMSInvalidStateException", f"{key.arn} is pending deletion.")


def require_usage(call: Call, key: KeyRecord, usage: Usage) -> None:
    """Refuse a key whose usage is another one.

    Raises:
        Fault: InvalidKeyUsageException.
    """
    if key.usage != usage:
        raise Fault(
            "InvalidKeyUsageException",
            f"{key.arn} key usage is {key.usage} which is not valid for {call.operation}.",
        )


def require_algorithm(key: KeyRecord, algorithm: str) -> None:
    """Refuse an algorithm that a key of this spec and usage does not have.

    Raises:
        Fault: InvalidKeyUsageException.
    """
    if algorithm not in key.algorithms:
        raise Fault(
            "InvalidKeyUsageException",
            f"Algorithm {algorithm} and key spec {key.spec.name} are incompatible with key {key.arn}.",
        )


def require_mac_algorithm(key: KeyRecord, algorithm: str) -> None:
    """Refuse a MAC algorithm that an HMAC key of this spec does not have.

    Raises:
        Fault: InvalidKeyUsageException.
    """
    if algorithm not in key.algorithms:
        raise Fault(
            "InvalidKeyUsageException",
            f"Algorithm {algorithm} is incompatible with key spec {key.spec.name}.",
        )


def check_context_size(context: Mapping[str, str]) -> None:
    """Refuse an encryption context that is larger than KMS accepts.

    Raises:
        Fault: ValidationException.
    """
    size = sum(len(key.encode()) + len(value.encode()) for key, value in context.items())
    if size > _LARGEST_CONTEXT:
        raise Fault(
            "ValidationException",
            f"The encryption context has {size} bytes, and the maximum is {_LARGEST_CONTEXT} bytes.",
        )


def end_dry_run(call: Call) -> None:
    """Stop here if the request is a dry run, which only asks whether it would succeed.

    Raises:
        Fault: DryRunOperationException.
    """
    if call.params.get("DryRun"):
        raise Fault(
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
        )
