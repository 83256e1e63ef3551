"""Numbers of an item as DynamoDB will spell them once it has stored the item.

DynamoDB respells every number. What was signed or given to KMS under another spelling cannot be read again:

- The KMS encryption context has the key attributes as they are spelled, so a key `1.0` that comes back as `1`
  no longer matches. Key attributes are spelled as DynamoDB will before anything is made of them.
- Minus zero comes back as `0`, which the Python client signs differently. It becomes zero wherever it is
  signed.

Other signed numbers are signed in a normal form, and stay as the caller spelled them. So does what is not a
value, which signing then refuses.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from dynaseal.attributes import Item
from dynaseal.core.numbers import normalize
from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.identifiers import CryptoAction
from dynaseal.legacy.internal.formatting.serialize.attribute import MAX_DEPTH
from dynaseal.legacy.internal.validators import is_collection, is_dictionary, is_mapping, is_number


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
    """Return a key's value with its number as DynamoDB spells it; others refuse what is not a number."""
    if is_dictionary(value) and list(value) == ["N"] and is_number(value["N"]):
        try:
            return {"N": normalize(str(value["N"]))}
        except ValueError:
            return value
    return value


def _without_minus_zero(value: Any, depth: int = 1) -> Any:
    if not is_dictionary(value) or len(value) != 1 or depth > MAX_DEPTH:
        return value
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return {kind: _zero(content)}
        case "NS" if is_collection(content):
            return {kind: [_zero(member) for member in content]}
        case "L" if is_collection(content):
            return {kind: [_without_minus_zero(member, depth + 1) for member in content]}
        case "M" if is_mapping(content):
            return {kind: {key: _without_minus_zero(member, depth + 1) for key, member in content.items()}}
        case _:
            return value


def _zero(number: Any) -> Any:
    if not is_number(number) or not str(number).lstrip().startswith("-"):
        return number
    try:
        return "0" if Decimal(number).is_zero() else number
    except InvalidOperation:
        return number
