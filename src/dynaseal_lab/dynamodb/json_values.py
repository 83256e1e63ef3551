"""Values of a request's JSON, checked to be of the type that they are used as."""

from typing import Any, cast

from dynaseal_lab.model import Fault, Params


def required_string(params: Params, name: str) -> str:
    """Return a parameter that must be there and be a string.

    Raises:
        Fault: ValidationException where it is missing, SerializationException where it is not a string.
    """
    value = params.get(name)
    if value is None:
        member = name[:1].lower() + name[1:]
        raise Fault(
            "ValidationException",
            f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
            "Member must not be null",
        )
    return as_string(value)


def as_string(value: object) -> str:
    """Return `value`, which must be a string.

    Raises:
        Fault: SerializationException.
    """
    if not isinstance(value, str):
        raise Fault("SerializationException", f"{type(value).__name__} found where a string was expected")
    return value


def as_object(value: object) -> Params:
    """Return `value`, which must be a JSON object.

    Raises:
        Fault: SerializationException.
    """
    if not isinstance(value, dict):
        raise Fault("SerializationException", "Unexpected value type in payload")
    return cast("Params", value)


def as_list(value: object) -> list[Any]:
    """Return `value`, which must be a JSON list.

    Raises:
        Fault: SerializationException.
    """
    if not isinstance(value, list):
        raise Fault("SerializationException", "Unexpected value type in payload")
    return cast("list[Any]", value)
