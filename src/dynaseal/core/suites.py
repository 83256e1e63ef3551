"""The two algorithm suites of the format.

Both encrypt with AES-256-GCM under keys derived by HKDF-SHA512, commit to the data key, wrap the data key
under an intermediate key and authenticate for each recipient with HMAC-SHA384. The second also signs with a
fresh ECDSA P-384 key, so that somebody who can only read cannot pass for the writer.

Source: specification `algorithm-suites.md`; `header.md`, "Format Flavor".
"""

from enum import Enum


class AlgorithmSuite(Enum):
    """An algorithm suite, by its id.

    Attributes:
        COMMIT_KEY_SYMSIG: Items are signed with a key that readers have: whoever can read an item can change
            it.
        COMMIT_KEY_ECDSA_P384_SYMSIG: Items have an ECDSA signature too: whoever can unwrap data keys, but not
            wrap them, cannot change an item.
        flavor: The header's flavor byte: the second byte of the id.
        is_signed: Whether the footer ends in an ECDSA signature.
    """

    COMMIT_KEY_SYMSIG = 0x6700
    COMMIT_KEY_ECDSA_P384_SYMSIG = 0x6701

    def __init__(self, suite_id: int) -> None:
        self.flavor: int = suite_id & 0xFF
        self.is_signed: bool = suite_id == 0x6701


SUITE_BY_FLAVOR = {suite.flavor: suite for suite in AlgorithmSuite}
