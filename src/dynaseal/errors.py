"""Every error of dynaseal, one tree.

    DynasealError
    +-- ConfigError                 a table, keyring or beacon that cannot be; raised before any call
    +-- EncryptError                this item cannot be encrypted
    +-- DecryptError                this item cannot be read
    |   +-- FormatError             it is not an encrypted item of a version known here
    |   +-- SignatureError          a check failed: it was changed, or belongs to another table or key
    |   +-- UnwrapError             no keyring could unwrap one of its data keys (`causes`: one a keyring)
    +-- KeyStoreError               a branch key or beacon key cannot be made or fetched
    +-- UnsupportedOperationError   a request that cannot be made safe; refused before any call
    +-- KmsError                    KMS refused; a botocore ClientError too (in `dynaseal.boto.keys.kms`)

A message says what was asked, on what, why it failed, and one thing to do; never plaintext or key bytes.
Python values of a wrong type stay TypeError.
"""

from collections.abc import Sequence
from typing import ClassVar


class DynasealError(Exception):
    """The base of every error here; never raised itself.

    Attributes:
        code: A short stable name for programs and for the error catalogue in the documentation.
        message: What failed and why.
        hint: One thing to do about it, where there is one.
        where: The item's key attributes as DynamoDB stores them, where an item was being worked on.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        self.where: str | None = None
        # By name: a KmsError's next base is botocore's ClientError, which takes other arguments.
        Exception.__init__(self, message)

    def __str__(self) -> str:
        text = f"{self.message} ({self.where})" if self.where else self.message
        return f"{text.removesuffix('.')}. {self.hint}" if self.hint else text


class ConfigError(DynasealError):
    """A configuration that cannot be; raised as it is built, before any call."""

    code = "config"


class EncryptError(DynasealError):
    """An item that cannot be encrypted."""

    code = "encrypt"


class DecryptError(DynasealError):
    """An item that cannot be read."""

    code = "decrypt"


class FormatError(DecryptError):
    """Not an encrypted item of a format version known here: missing, cut off or malformed."""

    code = "format"


class SignatureError(DecryptError):
    """A check failed. One class and one text for every check, so that an attacker learns nothing more."""

    code = "signature"

    def __init__(self) -> None:
        super().__init__(
            "The item does not verify: it was changed after it was encrypted, or it was written for another "
            "table, key or set of unsigned attributes",
            hint="Compare the table name, the key names and the unsigned attributes with the writer's",
        )


class UnwrapError(DecryptError):
    """No keyring could unwrap one of the item's data keys.

    Attributes:
        causes: What each keyring that was asked had to say, in order.
    """

    code = "unwrap"

    def __init__(self, message: str, *, hint: str | None = None, causes: Sequence[Exception] = ()) -> None:
        self.causes: tuple[Exception, ...] = tuple(causes)
        listed = "; ".join(str(cause) for cause in self.causes)
        super().__init__(f"{message}: {listed}" if listed else message, hint=hint)


class KeyStoreError(DynasealError):
    """A branch key or beacon key that cannot be made or fetched.

    A keyring that meets one raises it as what it means for the item.
    """

    code = "key-store"

    def as_encrypt_error(self) -> EncryptError:
        """Give the error of an item that cannot be encrypted because of this."""
        return EncryptError(self.message, hint=self.hint)

    def as_unwrap_error(self) -> UnwrapError:
        """Give the error of an item that cannot be read because of this."""
        return UnwrapError(self.message, hint=self.hint)


class UnsupportedOperationError(DynasealError):
    """A request that cannot be made safe, or that is not known here; refused before any call."""

    code = "unsupported-operation"
