"""The items of one table in the older format, for a table that has items of both formats.

This is what a table's configuration needs of the older format: a policy, and to read and write items in wire
form. It has no I/O; a materials provider may call KMS. Its errors are those of the current format, so that a
program that reads both has one kind of error.

Source: specification `ddb-table-encryption-config.md`, "Legacy Config"; `decrypt-item.md` and
`encrypt-item.md`, "Behavior".
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any

from dynaseal.attributes import Item
from dynaseal.core import actions as current
from dynaseal.core.arguments import ProcessBound, WrongTypeError, check_members, check_strings
from dynaseal.errors import ConfigError, DecryptError, EncryptError, FormatError, SignatureError, UnwrapError
from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynaseal.legacy.exceptions import (
    AwsKmsMaterialsProviderError,
    DynamodbEncryptionSdkError,
    InvalidArgumentError,
    ProviderStoreError,
    SerializationError,
    SignatureVerificationError,
    UnwrappingError,
    WrappingError,
)
from dynaseal.legacy.identifiers import CryptoAction
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.structures import AttributeActions, EncryptionContext, TableIndex

_KEY_ERRORS = (UnwrappingError, WrappingError, AwsKmsMaterialsProviderError, ProviderStoreError)
_WIRE_FORM = "Pass attribute values as botocore's client has them"


class LegacyPolicy(Enum):
    """Whether items of the older format are written and read.

    Attributes:
        FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT: Items are written in the older format; both are read.
        FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT: Items are written in the current format; both are read.
        FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT: Items of the older format are neither written nor read.

    Source: specification `ddb-table-encryption-config.md`, "Legacy Policy".
    """

    FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT = "FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT"
    FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT = "FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT"
    FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT = "FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT"

    @property
    def forces_write(self) -> bool:
        """Whether items are written in the older format."""
        return self is LegacyPolicy.FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT

    @property
    def allows_read(self) -> bool:
        """Whether items of the older format are read."""
        return self is not LegacyPolicy.FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT


@dataclass(frozen=True)
class Legacy(ProcessBound):
    """What a table's configuration says about items of the older format (`dynamodb-encryption-sdk`).

    Args:
        policy: Whether such items are written and read. Items of the current format are always read.
        materials_provider: Where their keys come from: a provider of `dynaseal.legacy`.
        attribute_actions: The actions that the older writer had; the table's own where left out.
        table_name: The table's name as the older writer had it; the table's logical name where left out.

    Raises:
        ConfigError: an argument has another type.

    Example:
        >>> from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
        >>> from dynaseal.legacy.material_providers.wrapped import WrappedCryptographicMaterialsProvider
        >>> wrapping, signing = (JceNameLocalDelegatedKey.generate(n, 256) for n in ("AES", "HmacSHA256"))
        >>> provider = WrappedCryptographicMaterialsProvider(signing, wrapping, wrapping)
        >>> Legacy(LegacyPolicy.FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT, provider).policy.allows_read
        True
    """

    policy: LegacyPolicy
    materials_provider: CryptographicMaterialsProvider
    _: KW_ONLY
    attribute_actions: current.AttributeActions | Mapping[str, current.CryptoAction] | None = None
    table_name: str | None = None

    def __post_init__(self) -> None:
        owner = "A Legacy"
        check_members(owner, LegacyPolicy, policy=self.policy)
        if self.table_name is not None:
            check_strings(owner, table_name=self.table_name)
        if self.attribute_actions is not None and not isinstance(
            self.attribute_actions, current.AttributeActions
        ):
            current.check_actions(owner, self.attribute_actions)
        if not isinstance(self.materials_provider, CryptographicMaterialsProvider):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
            kind = type(self.materials_provider).__name__
            raise WrongTypeError(
                f"A Legacy's materials_provider must be a provider of dynaseal.legacy, not {kind}",
                hint="Import it from dynaseal.legacy.material_providers",
            )

    def __repr__(self) -> str:
        return f"Legacy({self.policy.name}, {type(self.materials_provider).__name__})"


def older_actions(actions: current.AttributeActions | Mapping[str, current.CryptoAction]) -> AttributeActions:
    """Return a table's attribute actions as the older format has them.

    Raises:
        ConfigError: an action is one that the older format does not have.
    """
    if isinstance(actions, current.AttributeActions):
        default, named = actions.default_action, actions.attribute_actions
    else:
        default, named = current.CryptoAction.ENCRYPT_AND_SIGN, actions
    return AttributeActions(
        _older_action("default_action", default),
        {name: _older_action(name, action) for name, action in named.items()},
    )


def _older_action(name: str, action: current.CryptoAction) -> CryptoAction:
    if action.name not in CryptoAction.__members__:
        raise ConfigError(
            f"The action {action.name} of {name!r} is not one of the older format",
            hint="Give the actions that the older writer had",
        )
    return CryptoAction[action.name]


@dataclass(frozen=True, slots=True)
class OlderItems:
    """Reads and writes a table's items of the older format.

    Args:
        materials_provider: Where their keys come from.
        table_name: The name that the older writer signed.
        key: The table's key attributes. They are signed, whatever the default action is.
        attribute_actions: The actions that the older writer had.

    Raises:
        ConfigError: a key attribute is to be encrypted, or nothing is signed.

    Example:
        >>> from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
        >>> from dynaseal.legacy.material_providers.wrapped import WrappedCryptographicMaterialsProvider
        >>> wrapping, signing = (JceNameLocalDelegatedKey.generate(n, 256) for n in ("AES", "HmacSHA256"))
        >>> provider = WrappedCryptographicMaterialsProvider(signing, wrapping, wrapping)
        >>> items = OlderItems(provider, "people", TableIndex("pk"), AttributeActions())
        >>> items.read(items.write({"pk": {"S": "ann"}, "salary": {"N": "9100"}}))
        {'pk': {'S': 'ann'}, 'salary': {'N': '9100'}}
    """

    materials_provider: CryptographicMaterialsProvider
    table_name: str
    key: TableIndex
    attribute_actions: AttributeActions

    def __post_init__(self) -> None:
        actions = self.attribute_actions.copy()
        if actions.take_no_actions:
            raise ConfigError(
                "The actions of the older format sign nothing, so anybody could change its items unnoticed",
                hint="Give the actions that the older writer had",
            )
        try:
            actions.set_index_keys(self.key.partition, *([self.key.sort] if self.key.sort else ()))
        except InvalidArgumentError as error:
            raise ConfigError(
                f"The actions of the older format encrypt a key: {error}",
                hint="Give the actions that the older writer had",
            ) from None
        object.__setattr__(self, "attribute_actions", actions)

    def read(self, item: Item) -> dict[str, Any]:
        """Verify and decrypt a stored item.

        Raises:
            SignatureError: it was changed, or was written for another table, key or set of actions.
            UnwrapError: its data key cannot be unwrapped; AWS's answer, if KMS refused, is among its causes.
            FormatError: it is damaged.
        """
        try:
            return decrypt_dynamodb_item(item, self._crypto_config(item))
        except Exception as error:  # noqa: BLE001 a damaged item makes the older format raise whatever it does
            failure = _decrypt_error(error)
        # Raised outside the handler: the older library's error may show plaintext.
        raise failure

    def write(self, item: Item) -> dict[str, Any]:
        """Encrypt and sign an item.

        Raises:
            EncryptError: the item is not in wire form, has an attribute of the format itself, or has no data
                key; AWS's answer, if KMS refused, is its cause.
        """
        try:
            return encrypt_dynamodb_item(item, self._crypto_config(item))
        except Exception as error:  # noqa: BLE001 and so does an item that is not in wire form
            failure, cause = _encrypt_error(error), _aws_error(error)
        raise failure from cause

    def _crypto_config(self, item: Item) -> CryptoConfig:
        context = EncryptionContext(
            self.table_name, self.key.partition, self.key.sort, {name: dict(item[name]) for name in item}
        )
        return CryptoConfig(self.materials_provider, context, self.attribute_actions)


def _decrypt_error(error: Exception) -> DecryptError:
    """Return the current format's error for one of the older format's; it shows nothing of the item."""
    if isinstance(error, SignatureVerificationError):
        return SignatureError()
    aws_error = _aws_error(error)
    if aws_error is not None or isinstance(error, _KEY_ERRORS):
        return UnwrapError(
            "The data key of the item of the older format cannot be unwrapped",
            hint=None if aws_error else "Compare the provider's keys with the writer's",
            causes=(aws_error or error,),
        )
    return FormatError(
        "The item of the older format is damaged, or was written with other actions "
        f"({type(error).__name__})",
        hint="Compare the actions and the table's name in legacy=Legacy(...) with the writer's",
    )


def _encrypt_error(error: Exception) -> EncryptError:
    aws_error = _aws_error(error)
    if aws_error is not None or isinstance(error, _KEY_ERRORS):
        return EncryptError(f"No data key for the older format can be made: {aws_error or error}")
    if isinstance(error, DynamodbEncryptionSdkError):
        hint = _WIRE_FORM if isinstance(error, SerializationError) else None
        return EncryptError(f"The item cannot be written in the older format: {error}", hint=hint)
    return EncryptError(
        f"The item cannot be written in the older format: a value cannot be stored ({type(error).__name__})",
        hint=_WIRE_FORM,
    )


def _aws_error(error: Exception) -> Exception | None:
    """Return botocore's error if AWS refused a call or could not be called; botocore is not imported here."""
    for each in (error, error.__cause__):
        kind = type(each)
        # A request that botocore itself refuses comes of a damaged material description.
        if isinstance(each, Exception) and kind.__module__.startswith("botocore."):
            return None if kind.__name__ == "ParamValidationError" else each
    return None
