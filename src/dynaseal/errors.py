"""Every error of dynaseal, one tree.

    DynasealError
    +-- ConfigError                 a configuration with an error in it; raised before any call
    +-- EncryptError                this item cannot be encrypted
    +-- DecryptError                this item cannot be read
    |   +-- FormatError             it is not an encrypted item of a version known here
    |   +-- SignatureError          a check failed: it was changed, or belongs to another table or key
    |   +-- UnwrapError             no keyring could unwrap a data key of it (`causes`: one per keyring)
    +-- KeyStoreError               a branch key or beacon key cannot be created or fetched
    +-- UnsupportedOperationError   a request that cannot be made safely; refused before any call
    +-- UpdateConflictError         other writers were faster in every attempt; also a ClientError (in
    |                               `dynaseal.boto.interception.updates.errors`)
    +-- KmsError                    KMS refused a call; also a ClientError (in `dynaseal.boto.keys.kms`)

A message says what was attempted, on what, why it failed, and one thing to do. It never shows plaintext or
key bytes. A Python value of the wrong type raises TypeError.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

_CATALOGUE: Final = "docs/reference/errors.md"


class DynasealError(Exception):
    """The base class of all errors; not raised itself.

    Attributes:
        code: A short stable name for programs; `reference` leads to its entry in the documentation.
        message: What failed and why.
        hint: One thing to do about it; None if there is none to name.
        where: The table and the item's key attributes, if the error is about an item.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        self.where: str | None = None
        # By name: a KmsError's next base is botocore's ClientError, which takes other arguments.
        Exception.__init__(self, message)

    def __str__(self) -> str:
        details = self._details()
        message = f"{self.message} ({details})" if details else self.message
        return f"{message.removesuffix('.')}. {self.hint}" if self.hint else message

    @property
    def reference(self) -> str:
        """Where the documentation explains errors of this code: a page of the repository, with an anchor."""
        return f"{_CATALOGUE}#{self.code}"

    def _details(self) -> str | None:
        """Return what follows the message in brackets; None if there is nothing to add."""
        return self.where

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is copied and unpickled by calling its class with `args`. Subclasses have
        # other arguments, so the object is rebuilt without its constructor, and its attributes are set.
        return _rebuilt, (type(self), self.args), self.__dict__


def _rebuilt(kind: type[DynasealError], args: tuple[Any, ...]) -> DynasealError:
    error = kind.__new__(kind)
    error.args = args
    return error


class ConfigError(DynasealError):
    """A configuration with an error in it; raised when it is built, before any call."""

    code = "config"


class EncryptError(DynasealError):
    """An item that cannot be encrypted."""

    code = "encrypt"


class DecryptError(DynasealError):
    """An item that cannot be read.

    Attributes:
        last_evaluated_key: The LastEvaluatedKey of the Query or Scan whose reply has the item, in the form in
            which the caller gives keys: pass it as ExclusiveStartKey to go on after that reply. None after
            the last page, and for other operations.
        verified_items: How many items of that reply verified; None if the reply has one item only.
        returned_items: How many items that reply has.
    """

    code = "decrypt"
    last_evaluated_key: Mapping[str, Any] | None = None
    verified_items: int | None = None
    returned_items: int | None = None

    def _details(self) -> str | None:
        if self.verified_items is None:
            return self.where
        verified = f"{self.verified_items} of the {self.returned_items} items of the reply verified"
        return f"{self.where}; {verified}" if self.where else verified


class FormatError(DecryptError):
    """The item is not encrypted in a known version of the format, or is cut off or malformed."""

    code = "format"


class SignatureError(DecryptError):
    """A check failed. All checks share this class and message, so that an attacker cannot learn which."""

    code = "signature"

    def __init__(self) -> None:
        super().__init__(
            "The item does not verify: it was changed after it was encrypted, or it was written for another "
            "table, key or set of unsigned attributes",
            hint="Compare the table's name, key names and unsigned attributes with the writer's",
        )


class UnwrapError(DecryptError):
    """No keyring could unwrap one of the item's data keys.

    Attributes:
        causes: The error of each keyring that tried, in order.
    """

    code = "unwrap"

    def __init__(self, message: str, *, hint: str | None = None, causes: Sequence[Exception] = ()) -> None:
        self.causes: tuple[Exception, ...] = tuple(causes)
        listed = "; ".join(str(cause) for cause in self.causes)
        super().__init__(f"{message}: {listed}" if listed else message, hint=hint)


class KeyStoreError(DynasealError):
    """A branch key or beacon key that cannot be created or fetched.

    A keyring raises it as the error that it means for the item.
    """

    code = "key-store"

    def as_encrypt_error(self) -> EncryptError:
        """Return the error for an item that cannot be encrypted because of this one."""
        return EncryptError(self.message, hint=self.hint)

    def as_unwrap_error(self) -> UnwrapError:
        """Return the error for an item that cannot be read because of this one."""
        return UnwrapError(self.message, hint=self.hint)


class UnsupportedOperationError(DynasealError):
    """A request that cannot be made safely, or whose operation is not known; refused before any call."""

    code = "unsupported-operation"
