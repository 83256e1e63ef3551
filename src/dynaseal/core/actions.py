"""The four attribute actions, and a mapping of attribute names to them with a default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class CryptoAction(Enum):
    """What is done with one attribute when an item is written.

    Source: specification `structures.md`, "Crypto Action".
    """

    ENCRYPT_AND_SIGN = "ENCRYPT_AND_SIGN"
    SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT = "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT"
    SIGN_ONLY = "SIGN_ONLY"
    DO_NOTHING = "DO_NOTHING"


@dataclass(frozen=True, slots=True)
class AttributeActions:
    """Actions by attribute name, with one action for every attribute that is not named.

    The table's key attributes need not be named: they are signed.

    Args:
        default_action: The action of an attribute that is not named.
        attribute_actions: The named attributes' actions. An attribute with the action DO_NOTHING is unsigned.

    Example:
        >>> actions = AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN})
        >>> actions.action("secret").name, actions.action("city").name
        ('ENCRYPT_AND_SIGN', 'SIGN_ONLY')
    """

    default_action: CryptoAction = CryptoAction.ENCRYPT_AND_SIGN
    attribute_actions: Mapping[str, CryptoAction] = field(default_factory=dict[str, CryptoAction])

    def __post_init__(self) -> None:
        for name, action in {"default_action": self.default_action, **self.attribute_actions}.items():
            if not isinstance(action, CryptoAction):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
                raise TypeError(f"the action of {name} must be a CryptoAction, not {type(action).__name__}")

    def action(self, attribute_name: str) -> CryptoAction:
        """Return the action of an attribute."""
        return self.attribute_actions.get(attribute_name, self.default_action)
