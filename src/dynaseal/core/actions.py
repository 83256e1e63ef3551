"""The four attribute actions, and a mapping of attribute names to them with a default."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from dynaseal.core.arguments import check_instances, check_members, check_string_collection, check_strings
from dynaseal.core.quoting import quoted
from dynaseal.core.values.types import MAX_NAME_LENGTH
from dynaseal.errors import ConfigError

# Names joined by dots, and positions in brackets.
_PATH = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[\d+\])+")


class CryptoAction(Enum):
    """What is done with one attribute when an item is written.

    Attributes:
        ENCRYPT_AND_SIGN: Its value is encrypted, and name and value are signed. Its name stays in the clear.
        SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: It is signed and in the clear, and is also in the encryption
            context, which KMS logs and KMS policies can refer to. The table's keys then have this action too.
        SIGN_ONLY: It is signed and in the clear.
        DO_NOTHING: It is in the clear and not signed: whoever can write to the table can change it.

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
        literal_names: Names with dots or brackets that are whole names of attributes. Any other name that has
            them looks like a path into a map or list, and actions are of whole attributes.

    Raises:
        ConfigError: an action or a name is of the wrong type, or a name looks like a path.

    Example:
        >>> actions = AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN})
        >>> actions.action("secret").name, actions.action("city").name
        ('ENCRYPT_AND_SIGN', 'SIGN_ONLY')
    """

    default_action: CryptoAction = CryptoAction.ENCRYPT_AND_SIGN
    attribute_actions: Mapping[str, CryptoAction] = field(default_factory=dict[str, CryptoAction])
    literal_names: Iterable[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        owner = "AttributeActions"
        check_members(owner, CryptoAction, default_action=self.default_action)
        literal_names = check_string_collection(owner, "literal_names", self.literal_names)
        object.__setattr__(self, "literal_names", frozenset(literal_names))
        check_actions(owner, self.attribute_actions)
        for name in self.attribute_actions:
            if name not in self.literal_names and looks_like_path(name):
                raise path_error(name)

    def action(self, attribute_name: str) -> CryptoAction:
        """Return the action of an attribute."""
        return self.attribute_actions.get(attribute_name, self.default_action)


def check_actions(owner: str, actions: Mapping[str, CryptoAction]) -> None:
    """Check a mapping of attribute names to actions.

    Raises:
        ConfigError: it is not a mapping, or has a name or an action of the wrong type.
    """
    check_instances(owner, Mapping, attribute_actions=actions)
    for name, action in actions.items():
        check_attribute_name(owner, name)
        check_members(owner, CryptoAction, **{f"action of {quoted(name)}": action})


def check_attribute_name(owner: str, name: str) -> None:
    """Check that DynamoDB can have an attribute with that name.

    Raises:
        ConfigError: it cannot.
    """
    check_strings(owner, **{"name of an attribute": name})
    if not 0 < len(name.encode("utf-8", "surrogatepass")) <= MAX_NAME_LENGTH:
        raise ConfigError(f"{owner}: an attribute's name must have 1 to {MAX_NAME_LENGTH:,} bytes")


def looks_like_path(name: str) -> bool:
    """Return whether an attribute's name looks like a path into a map or list."""
    return _PATH.fullmatch(name) is not None


def find_path_below(names: Collection[str]) -> str | None:
    """Return a name that looks like a path into another of the attributes; None if there is none."""
    return next((name for name in names if looks_like_path(name) and _root(name) in names), None)


def _root(name: str) -> str:
    return name.partition(".")[0].partition("[")[0]


def path_error(name: str) -> ConfigError:
    """Return the error for a name that looks like a path, where that is likely a mistake."""
    return ConfigError(
        f"{quoted(name)} looks like a path into an attribute, and actions are of top-level attributes only",
        hint=f"Give the action to {quoted(_root(name))}; if the dots or brackets belong to the attribute's "
        "name, pass AttributeActions(..., literal_names=[...]) with the whole name",
    )
