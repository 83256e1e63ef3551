"""What is sent for a value that is compared with a compound beacon: its string with encrypted parts hashed.

Source: specification `beacons.md`, "Querying Compound Beacons"; for what is silent there, what AWS's releases
refuse.
"""

from collections.abc import Callable, Mapping
from typing import NoReturn

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.compound import CompiledCompoundBeacon, UnfitStringError
from dynaseal.beacons.compiled.hashes import HmacKeys
from dynaseal.beacons.requests.analysis import refuse
from dynaseal.beacons.requests.comparisons import BEGINS_WITH, BETWEEN, EQUALITIES, ORDERINGS, Comparison


def compound_values(
    beacon: CompiledCompoundBeacon,
    comparison: Comparison,
    values: Mapping[str, AttributeValue],
    parameter: str,
    *,
    partition: int,
    keys: Callable[[str], HmacKeys],
) -> dict[str, AttributeValue]:
    """Return what is sent for each value of a comparison.

    Args:
        beacon: The beacon that is compared.
        comparison: The comparison.
        values: The values that it uses, by placeholder.
        parameter: The request parameter with the comparison, for messages.
        partition: The partition whose hashes are needed.
        keys: Returns the keys; called with the beacon's name, and only if a part is hashed.

    Raises:
        UnsupportedOperationError: the beacon does not support the comparison with such a value.
    """
    strings = {name: _string(beacon, name, value, parameter) for name, value in values.items()}
    _check_order(beacon, comparison, list(strings.values()), parameter)
    if comparison.operator == BEGINS_WITH:
        for name, string in strings.items():
            _check_beginning(beacon, name, string, parameter)
    sent_values: dict[str, AttributeValue] = {}
    for name, string in strings.items():
        try:
            needs_keys = any(not part.is_signed for part in beacon.parts_of(string))
            hashed = beacon.hash_string(
                string,
                keys(beacon.name) if needs_keys else {},
                partition,
                for_equality=comparison.operator in EQUALITIES,
            )
        except UnfitStringError as error:
            _refuse_string(beacon, name, error, parameter)
        sent_values[name] = {"S": hashed}
    return sent_values


def _string(beacon: CompiledCompoundBeacon, name: str, value: AttributeValue, parameter: str) -> str:
    if "S" not in value:
        refuse(
            parameter,
            f"compares the compound beacon {beacon.name!r} with {name}",
            "the value is not of the type S",
            "Compare a compound beacon with its string; resolve_attributes returns it for an item",
        )
    return value["S"]


def _check_order(
    beacon: CompiledCompoundBeacon, comparison: Comparison, strings: list[str], parameter: str
) -> None:
    try:
        if comparison.operator == BETWEEN:
            # A value may be used for both ends.
            is_fit = beacon.can_span(strings[0], strings[-1])
        else:
            is_fit = comparison.operator not in ORDERINGS or all(map(beacon.can_order, strings))
    except UnfitStringError as error:
        _refuse_string(beacon, comparison.values[0].name, error, parameter)
    if not is_fit:
        refuse(
            parameter,
            f"uses the order ({comparison.operator}) of the compound beacon {beacon.name!r}",
            "a value has an encrypted part, whose hash has no order",
            "Compare signed parts, followed at most by the bare prefix of an encrypted one",
        )


def _check_beginning(beacon: CompiledCompoundBeacon, name: str, string: str, parameter: str) -> None:
    """Refuse a beginning that ends inside an encrypted part: longer values there have other hashes."""
    try:
        last = beacon.parts_of(string)[-1]
    except UnfitStringError as error:
        _refuse_string(beacon, name, error, parameter)
    if not last.is_signed and string.rsplit(beacon.split, maxsplit=1)[-1] != last.prefix:
        refuse(
            parameter,
            f"compares the beginning of the compound beacon {beacon.name!r} with {name}",
            "it ends inside an encrypted part, whose hash has no beginning",
            f"End the string with a signed part or with the bare prefix {last.prefix!r}, or compare whole "
            "strings by =",
        )


def _refuse_string(
    beacon: CompiledCompoundBeacon, name: str, error: UnfitStringError, parameter: str
) -> NoReturn:
    refuse(
        parameter,
        f"compares the compound beacon {beacon.name!r} with {name}",
        str(error),
        "Write the parts with their prefixes, in the order of a constructor; resolve_attributes shows it "
        "for an item",
    )
