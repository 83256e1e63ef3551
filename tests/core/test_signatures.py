"""Both implementations of P-384 accept each other's keys and signatures, all of one length."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dynaseal.core import primitives, signatures, signatures_awscrt
from dynaseal.core.signatures import Backend

BACKENDS = [signatures.cryptography_backend(), signatures_awscrt.backend()]
DIGEST = primitives.sha384(b"digest")


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_every_public_key_is_a_compressed_point_of_49_bytes(backend: Backend) -> None:
    # One coordinate in 256 begins with a zero byte: 1500 keys miss that with a chance of 0.3 %.
    for _ in range(1500):
        signatures.load_public_key(backend.generate().public_key)


def test_a_public_key_in_another_form_is_refused() -> None:
    point = signatures.load_public_key(BACKENDS[0].generate().public_key)
    for form in (
        point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        point.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        bytes(49),
        b"",
    ):
        with pytest.raises(ValueError):  # noqa: PT011 cryptography's message depends on its version
            signatures.load_public_key(form)


@pytest.mark.parametrize("verifier", BACKENDS, ids=lambda backend: f"read-by-{backend.name}")
@pytest.mark.parametrize("signer", BACKENDS, ids=lambda backend: f"written-by-{backend.name}")
def test_a_signature_has_103_bytes_and_verifies_in_either_library(signer: Backend, verifier: Backend) -> None:
    for _ in range(30):
        key = signer.generate()
        signature = signatures.sign(key, DIGEST)

        assert len(signature) == 103
        point = signatures.load_public_key(key.public_key)
        assert verifier.verify(point, DIGEST, signature)
        assert not verifier.verify(point, primitives.sha384(b"other"), signature)
        assert not verifier.verify(point, DIGEST, signature[:-1] + bytes((signature[-1] ^ 1,)))
        assert not verifier.verify(point, DIGEST, bytes(103))


def test_the_faster_library_is_used_where_it_is_installed() -> None:
    assert signatures.backend().name == "awscrt"
