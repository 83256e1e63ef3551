"""One record of an export: the line's JSON object with its items, transformed.

- A full export has `{"Item": {...}}`. An incremental export has `Metadata`, `Keys` and, depending on its
  view, `NewImage` and `OldImage`; both images are transformed, and the keys follow them.
- A record is changed as a whole or not at all: if one image fails, the record fails.
- Values are checked on the way: JSON has numbers, an attribute value has strings for them.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from dynaseal.core.quoting import quoted
from dynaseal.core.values.types import MAX_DEPTH
from dynaseal.encryptor import ItemEncryptor
from dynaseal.migrate.transforming import OutcomeState, Target, transformer

_IMAGES = ("NewImage", "OldImage")
_MEMBERS = frozenset({"Keys", "Metadata", *_IMAGES})

RecordState = OutcomeState | Literal["blank"]


class RecordError(Exception):
    """A record that cannot be transformed.

    Attributes:
        reason: Why; it shows no plaintext.
        key: The key attributes of its item as the record has them; None if it has none.
    """

    def __init__(self, reason: str, key: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.key = key


@dataclass(frozen=True, slots=True)
class TransformedRecord:
    """A record that was transformed.

    Attributes:
        state: `changed`, or `skipped` if nothing in it changed.
        record: The record, with binary as bytes.
    """

    state: OutcomeState
    record: dict[str, Any]


class RecordTransformer:
    """Transforms records; safe for use by many threads.

    Args:
        source: Reads items of the old configuration.
        target: Writes items of the new one; or `PLAINTEXT`.

    Raises:
        ConfigError: the target writes items that are not encrypted, without being `PLAINTEXT`.
    """

    def __init__(self, source: ItemEncryptor, target: Target) -> None:
        self._transform = transformer(source, target).transform
        self._key_names = source.config.key_names
        self._encryptors = (source, target) if isinstance(target, ItemEncryptor) else (source,)
        self._replaces_keys = any(each.config.surrogate_keys for each in self._encryptors)

    @property
    def encryptors(self) -> tuple[ItemEncryptor, ...]:
        """The source, and the target if it encrypts."""
        return self._encryptors

    def transform(self, record: Any) -> TransformedRecord:
        """Transform one record.

        Args:
            record: A line of an export, parsed; its values may be changed in place.

        Returns:
            The record to write.

        Raises:
            RecordError: it is not a record, or one of its items cannot be transformed.
        """
        if not isinstance(record, dict):
            raise RecordError('The line is not a JSON object, such as {"Item": {"pk": {"S": "x"}}}')
        members = cast("dict[str, Any]", record)
        if members.keys() == {"Item"}:
            outcome_state, item = self._item(members["Item"], "Item")
            return TransformedRecord(outcome_state, {"Item": item})
        if "Keys" not in members or not _MEMBERS.issuperset(members):
            raise RecordError(
                "The line is not a record of an export: it has neither the member Item alone, nor Keys with "
                "Metadata, NewImage and OldImage"
            )
        return self._incremental(members)

    def _item(self, image: Any, name: str) -> tuple[OutcomeState, dict[str, Any]]:
        item = decoded_item(image, name)
        outcome = self._transform(item)
        if outcome.item is None:
            raise RecordError(str(outcome.reason), self._key_of(item))
        return outcome.state, outcome.item

    def _incremental(self, record: dict[str, Any]) -> TransformedRecord:
        keys = decoded_item(record["Keys"], "Keys")
        result = {**record, "Keys": keys}
        if "Metadata" in record:
            result["Metadata"] = decoded_item(record["Metadata"], "Metadata")
        states: set[OutcomeState] = set()
        try:
            for name in _IMAGES:
                # A record of a new item has no old image, and a record of a deletion no new one.
                if record.get(name) is not None:
                    state, result[name] = self._item(record[name], name)
                    states.add(state)
        except RecordError as error:
            raise RecordError(error.reason, keys) from error
        if self._replaces_keys:
            result["Keys"] = self._keys_of_images(keys, result)
        return TransformedRecord("changed" if "changed" in states else "skipped", result)

    def _keys_of_images(self, keys: dict[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys that the transformed images have, since surrogate keys change them."""
        for name in _IMAGES:
            if record.get(name) is not None:
                return {key: record[name][key] for key in keys}
        raise RecordError(
            "The record has no image, and without one the new value of its surrogate keys is not known", keys
        )

    def _key_of(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        return {name: item[name] for name in self._key_names if name in item} or None


def decoded_item(image: Any, name: str) -> dict[str, Any]:
    """Decode the base64 in an item in place, and check that its values are attribute values.

    Args:
        image: The item as JSON has it.
        name: What the record calls it, for the message.

    Returns:
        The same item, in wire form.

    Raises:
        RecordError: it is not an item.
    """
    if not isinstance(image, dict):
        raise RecordError(f"The member {name} is not an item, such as {{'pk': {{'S': 'x'}}}}")
    item = cast("dict[str, Any]", image)
    name_of_value: object = None
    try:
        for name_of_value, value in item.items():  # noqa: B007 used if this raises
            # The usual cases without a call: `decode_value` does the same, and everything else.
            ((kind, content),) = value.items()
            if kind == "B":
                value[kind] = a2b_base64(content, strict_mode=True)
            elif kind not in ("S", "N") or type(content) is not str:
                _decode_value(value, 1)
    except (AttributeError, TypeError, ValueError):
        problem = (
            f"The attribute {quoted(str(name_of_value))} of {name} is not an attribute value, or its binary "
            "is not base64"
        )
    else:
        return item
    # Raised outside the handler: the error there can show the value, and must not become the context.
    raise RecordError(problem)


def _decode_value(value: dict[str, Any], depth: int) -> None:
    """Decode the base64 in one attribute value, in place.

    Raises:
        AttributeError, TypeError, ValueError: it is not an attribute value.
    """
    ((kind, content),) = value.items()
    match kind, content:
        case "B", str():
            value[kind] = a2b_base64(content, strict_mode=True)
        case ("S" | "N", str()) | ("BOOL" | "NULL", bool()):
            pass
        case "BS", list():
            value[kind] = [a2b_base64(member, strict_mode=True) for member in cast("list[str]", content)]
        case (("SS" | "NS"), list()):
            if not all(isinstance(member, str) for member in cast("list[object]", content)):
                raise TypeError("a member of a set is not a string")
        case ("L", list()) | ("M", dict()):
            if depth > MAX_DEPTH:
                raise ValueError("nested too deep")
            for member in _members(cast("Any", content)):
                _decode_value(member, depth + 1)
        case _:
            raise ValueError("not an attribute value")


def _members(content: list[Any] | dict[str, Any]) -> Iterator[Any]:
    return iter(content.values()) if isinstance(content, dict) else iter(content)
