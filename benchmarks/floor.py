"""The floor: the calls of `cryptography` that an item cannot do without, on bytes that are made before.

The same calls as in `dynaseal.core`, with inputs of the same lengths, and nothing of the format around them.
"""

from collections.abc import Callable
from os import urandom

from benchmarks.samples import KEY, Sample
from dynaseal import AlgorithmSuite
from dynaseal.core import primitives, signatures
from dynaseal.core.header import MESSAGE_ID_LENGTH
from dynaseal.core.values.writing import serialize

_HEADER_LENGTH = 300
_INFO = bytes(18 + MESSAGE_ID_LENGTH)
_CONTEXT = bytes(150)


class Floor:
    """The primitives of one item, written and read.

    Args:
        sample: The item.
        suite: The algorithm suite.
    """

    def __init__(self, sample: Sample, suite: AlgorithmSuite) -> None:
        item = sample.item
        self._fields = [
            serialize(item[name]) for name, action in sample.actions.items() if action == "ENCRYPT_AND_SIGN"
        ]
        self._paths = [bytes(20)] * len(self._fields)
        # The canonical record: the header, the context, and each field with its path and lengths.
        data = sum(len(each) for _, each in self._fields)
        self._record = bytes(_HEADER_LENGTH + len(_CONTEXT) + data + 60 * len(item))
        self._cipher = primitives.GcmKey(KEY)
        self._is_signed = suite.is_signed
        self._encrypted = primitives.encrypt_fields(KEY, self._fields, self._paths)
        self._wrapped = self._cipher.encrypt(bytes(12), KEY, _CONTEXT)
        self._intermediate = primitives.gcm_encrypt(KEY, bytes(12), KEY, _CONTEXT)
        if self._is_signed:
            key = signatures.generate()
            self._point, self._digest = key.public_key, primitives.sha384(self._record)
            self._signature = signatures.sign(key, self._digest)

    def encrypt(self) -> None:
        """Wrap a data key, encrypt and sign the fields."""
        random = urandom(64 + 12 + MESSAGE_ID_LENGTH)
        primitives.derive_pair(random[:32], _INFO, _INFO)
        primitives.gcm_encrypt(random[:32], bytes(12), KEY, _CONTEXT)
        self._cipher.encrypt(random[64:76], KEY, _CONTEXT)
        self._seal(lambda root: primitives.encrypt_fields(root, self._fields, self._paths))
        if self._is_signed:
            signatures.sign(signatures.generate(), primitives.sha384(self._record))

    def decrypt(self) -> None:
        """Unwrap the data key, verify and decrypt the fields."""
        self._cipher.decrypt(bytes(12), self._wrapped, _CONTEXT)
        primitives.derive_pair(KEY, _INFO, _INFO)
        primitives.gcm_decrypt(KEY, bytes(12), self._intermediate, _CONTEXT)
        self._seal(lambda _: primitives.decrypt_fields(KEY, self._encrypted, self._paths))
        if self._is_signed:
            signatures.verify(signatures.load_public_key(self._point), self._digest, self._signature)

    def _seal(self, fields: Callable[[bytes], object]) -> None:
        commit_key, root = primitives.derive_pair(KEY, _INFO, _INFO)
        primitives.header_commitment(commit_key, self._record[:_HEADER_LENGTH])
        fields(root)
        primitives.recipient_tag(KEY, primitives.sha384(self._record))
