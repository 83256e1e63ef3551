"""GenerateMac and VerifyMac: HMAC keys."""

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.key_checks import end_dry_run, require_mac_algorithm, require_usable, require_usage
from dynaseal_lab.kms.keys import KeyRecord
from dynaseal_lab.kms.specs import GENERATE_VERIFY_MAC
from dynaseal_lab.model import Call, Fault, Reply

_DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "HMAC_SHA_224": hashes.SHA224(),
    "HMAC_SHA_256": hashes.SHA256(),
    "HMAC_SHA_384": hashes.SHA384(),
    "HMAC_SHA_512": hashes.SHA512(),
}


def generate_mac(access: KeyAccess, call: Call) -> Reply:
    """Return the HMAC of a message of up to 4096 bytes."""
    key, mac = _ready(access, call, "kms:GenerateMac")
    return {"KeyId": key.arn, "Mac": mac.finalize(), "MacAlgorithm": call.params["MacAlgorithm"]}


def verify_mac(access: KeyAccess, call: Call) -> Reply:
    """Verify an HMAC; a wrong one is an error, not a reply."""
    key, mac = _ready(access, call, "kms:VerifyMac")
    try:
        mac.verify(call.params["Mac"])
    except InvalidSignature as error:
        raise Fault("KMSInvalidMacException", "") from error
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": call.params["MacAlgorithm"]}


def _ready(access: KeyAccess, call: Call, action: str) -> tuple[KeyRecord, hmac.HMAC]:
    """Return the key, authorised and usable, and the HMAC over the message."""
    algorithm = call.params["MacAlgorithm"]
    target = access.find(call, action, call.params["KeyId"])
    access.authorize(call, action, target, extra={"kms:MacAlgorithm": [algorithm]})
    require_usable(target.key)
    require_usage(call, target.key, GENERATE_VERIFY_MAC)
    require_mac_algorithm(target.key, algorithm)
    end_dry_run(call)
    mac = hmac.HMAC(access.material(target.key).current.secret, _DIGESTS[algorithm])
    mac.update(call.params["Message"])
    return target.key, mac
