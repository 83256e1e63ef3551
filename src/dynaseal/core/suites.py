"""The two algorithm suites of the format.

Both encrypt with AES-256-GCM under keys derived by HKDF-SHA512, commit to the data key, wrap the data key
behind an intermediate key and sign for each recipient with HMAC-SHA384; the second also signs with a fresh
ECDSA P-384 key, so that a reader cannot pass for the writer.

Source: specification `algorithm-suites.md`; `header.md`, "Format Flavor".
"""

from enum import Enum


class AlgorithmSuite(Enum):
    """An algorithm suite, by its id."""

    COMMIT_KEY_SYMSIG = 0x6700
    COMMIT_KEY_ECDSA_P384_SYMSIG = 0x6701

    @property
    def flavor(self) -> int:
        """The header's flavor byte: the id's second byte."""
        return self.value & 0xFF

    @property
    def is_signed(self) -> bool:
        """Whether the footer ends in an ECDSA signature."""
        return self is AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG


SUITE_BY_FLAVOR = {suite.flavor: suite for suite in AlgorithmSuite}
