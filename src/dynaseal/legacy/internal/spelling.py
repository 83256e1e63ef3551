"""Numbers of an item as DynamoDB will spell them once it has stored the item.

DynamoDB respells every number. What was signed or given to KMS under another spelling cannot be read again:

- The KMS encryption context has the key attributes as they are spelled, so a key `1.0` that comes back as `1` no
  longer matches. Key attributes are spelled as DynamoDB will before anything is made of them.
- Minus zero comes back as `0`, which the Python client signs differently. It becomes zero wherever it is signed.

Other signed numbers are signed in a normal form, and stay as the caller spelled them.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from dynaseal.attributes import Item
from dynaseal.core.numbers import normalize
from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.identifiers import CryptoAction


def as_stored(item: Item, crypto_config: CryptoConfig) -> tuple[dict[str, Any], CryptoConfig]:
    """Return an item and its configuration with the spelling that DynamoDB will give back."""
    context = crypto_config.encryption_context
    keys = {context.partition_key_name, context.sort_key_name} - {None}
    actions = crypto_config.attribute_actions
    spelled: dict[str, Any] = {}
    for name, value in item.items():
        if name in keys:
            spelled[name] = _normal(value)
        elif actions.action(name) is CryptoAction.SIGN_ONLY:
            spelled[name] = _without_minus_zero(value)
        else:
            spelled[name] = value
    known = {name: _normal(value) for name, value in context.attributes.items() if name in keys}
    config = crypto_config.copy()
    config.encryption_context.attributes = {**context.attributes, **known}
    return spelled, config


def _normal(value: Any) -> Any:
    """Spell a key's number in DynamoDB's way; what is not a number is left for others to refuse."""
    if isinstance(value, dict) and list(value) == ["N"]:  # pyright: ignore[reportUnknownArgumentType] any dictionary
        try:
            return {"N": normalize(str(value["N"]))}  # pyright: ignore[reportUnknownArgumentType] the same
        except ValueError:
            return value  # pyright: ignore[reportUnknownVariableType] the same
    return value


def _without_minus_zero(value: Any) -> Any:
    if not isinstance(value, dict) or len(value) != 1:  # pyright: ignore[reportUnknownArgumentType] any dictionary
        return value  # pyright: ignore[reportUnknownVariableType] the same
    kind: Any
    content: Any
    ((kind, content),) = value.items()  # pyright: ignore[reportUnknownVariableType] the same
    match kind:
        case "N":
            return {"N": _zero(content)}
        case "NS":
            return {"NS": [_zero(member) for member in content]}
        case "L":
            return {"L": [_without_minus_zero(member) for member in content]}
        case "M" if isinstance(content, Mapping):
            members: Mapping[Any, Any] = content
            return {"M": {key: _without_minus_zero(member) for key, member in members.items()}}
    return value  # pyright: ignore[reportUnknownVariableType] the same


def _zero(number: Any) -> Any:
    if not str(number).lstrip().startswith("-"):
        return number
    try:
        return "0" if Decimal(number).is_zero() else number
    except InvalidOperation:
        return number
