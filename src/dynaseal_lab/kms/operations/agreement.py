"""DeriveSharedSecret: ECDH between a KMS key and a public key of somebody else.

Source: NIST SP 800-56A revision 3, section 5.7.1.2; the shared secret is the raw x coordinate.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.key_checks import end_dry_run, require_algorithm, require_usable, require_usage
from dynaseal_lab.kms.material import load_ecc
from dynaseal_lab.kms.specs import KEY_AGREEMENT
from dynaseal_lab.model import Call, Fault, Reply


def derive_shared_secret(access: KeyAccess, call: Call) -> Reply:
    """Return the secret that this key and a public key on the same curve share."""
    params = call.params
    if params.get("Recipient"):
        raise Fault("UnsupportedOperationException", "Recipient is not supported: the lab has no enclaves.")
    algorithm = params["KeyAgreementAlgorithm"]
    target = access.find(call, "kms:DeriveSharedSecret", params["KeyId"])
    access.authorize(call, "kms:DeriveSharedSecret", target, extra={"kms:KeyAgreementAlgorithm": [algorithm]})
    key = target.key
    require_usable(key)
    require_usage(call, key, KEY_AGREEMENT)
    require_algorithm(key, algorithm)
    private = load_ecc(access.material(key).current.secret)
    public = _public(params["PublicKey"], private)
    end_dry_run(call)
    return {
        "KeyId": key.arn,
        "SharedSecret": private.exchange(ec.ECDH(), public),
        "KeyAgreementAlgorithm": algorithm,
        "KeyOrigin": key.origin,
    }


def _public(der: bytes, private: ec.EllipticCurvePrivateKey) -> ec.EllipticCurvePublicKey:
    """Load the other side's public key, which checks that the point lies on the curve."""
    try:
        public = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _invalid() from error
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != private.curve.name:
        raise _invalid()
    return public


def _invalid() -> Fault:
    """Return AWS's error, which has no message: the key is not a public key on the KMS key's curve."""
    return Fault("ValidationException", "")
