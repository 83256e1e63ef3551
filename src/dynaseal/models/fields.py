"""Reads the fields of a model: their names in DynamoDB and their markers.

- A dataclass, an attrs class, a pydantic model, a TypedDict and a PynamoDB Model are read, each by its
  library's public names.
- A marker counts for a field if it is at the top of its annotation, below `Required`, `NotRequired`,
  `ReadOnly`, `Final`, an alias, or a union with None. An action is of a whole attribute, so a marker further
  inside, or in a model that is inside, would have no effect. It is listed apart.
"""

import dataclasses
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from dynaseal.errors import ConfigError
from dynaseal.models import pynamodb_attributes
from dynaseal.models.markers import MARKERS, Marker

_QUALIFIERS = frozenset({"Required", "NotRequired", "ReadOnly", "Final"})
_KINDS = "a dataclass, a pydantic model, an attrs class, a TypedDict or a PynamoDB Model"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model.

    Attributes:
        location: The class and the field, for messages, such as `Person.salary`.
        name: The attribute's name in DynamoDB.
        markers: The field's markers.
        inner_markers: Markers inside the field's type, as in `list[Annotated[str, Encrypted()]]`.
    """

    location: str
    name: str
    markers: tuple[Marker, ...]
    inner_markers: tuple[Marker, ...] = ()


def read_fields(model: type, *, by_alias: bool | None = None) -> list[Field]:
    """Read the fields of a model that are stored as attributes.

    Args:
        model: The class.
        by_alias: Whether a pydantic model's serialization aliases are the attributes' names. By default, its
            own setting `serialize_by_alias`.

    Raises:
        ConfigError: it is of another kind, or its annotations cannot be read.
    """
    if not isinstance(model, type):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
        raise ConfigError(
            f"A model must be a class, and is an object of the type {type(model).__name__}",
            hint="Pass the class itself, such as table_config(Person, ...)",
        )
    fields = _fields(model, by_alias=by_alias, outer=())
    if fields is None or _is_pydantic(model, "RootModel"):
        raise ConfigError(f"{model.__name__} is not a model", hint=f"Write it as {_KINDS}")
    return fields


def _fields(model: type, *, by_alias: bool | None, outer: tuple[type, ...]) -> list[Field] | None:
    """Return the fields of a class; None if it is not a model."""
    is_pydantic = _is_pydantic(model)
    if by_alias is not None and not is_pydantic and not outer:
        raise ConfigError("by_alias is only for pydantic models", hint="Leave it out")
    outer = (*outer, model)
    if is_pydantic:
        return [_field(model, *entry, outer=outer) for entry in _pydantic_fields(model, by_alias=by_alias)]
    if pynamodb_attributes.is_model(model):
        return [_pynamodb_field(model, *entry, outer) for entry in pynamodb_attributes.attributes(model)]
    names = _names_of_plain_fields(model)
    if names is None:
        return None
    hints = _type_hints(model)
    return [_field(model, name, name, hints.get(name, object), outer=outer) for name in names]


def _field(model: type, name: str, stored_name: str, annotation: Any, *, outer: tuple[type, ...]) -> Field:
    location = f"{model.__name__}.{name}"
    metadata, inner = _strip(annotation)
    markers = tuple(_markers(location, metadata))
    return Field(location, stored_name, markers, tuple(_inner_markers(location, inner, outer)))


def _pynamodb_field(
    model: type, name: str, markers: tuple[Marker, ...], attribute: Any, outer: tuple[type, ...]
) -> Field:
    location = f"{model.__name__}.{name}"
    pynamodb_attributes.check_attribute(location, attribute, markers)
    inner = [
        marker
        for kind in pynamodb_attributes.inner_models(attribute)
        for marker in _inner_markers(location, kind, outer)
    ]
    return Field(location, attribute.attr_name, markers, tuple(inner))


def _names_of_plain_fields(model: Any) -> list[str] | None:
    """Return the names of the fields of a dataclass, an attrs class or a TypedDict, and otherwise None."""
    if dataclasses.is_dataclass(model):
        return [field.name for field in dataclasses.fields(model)]
    attrs: Any = sys.modules.get("attr")
    if attrs is not None and attrs.has(model):
        return [attribute.name for attribute in attrs.fields(model)]
    # Not `typing.is_typeddict`, which does not know those of typing_extensions.
    if issubclass(model, dict) and hasattr(cast("Any", model), "__total__"):
        return list(_type_hints(cast("type", model)))
    return None


def _is_pydantic(model: type, base: str = "BaseModel") -> bool:
    pydantic: Any = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(model, getattr(pydantic, base))


def _pydantic_fields(model: Any, *, by_alias: bool | None) -> Iterator[tuple[str, str, Any]]:
    """Yield name, name in DynamoDB and annotation of what `model_dump` returns."""
    if not model.model_rebuild(raise_errors=False) and not model.__pydantic_complete__:
        raise ConfigError(
            f"The fields of {model.__name__} cannot be read: a class that they name is not defined yet",
            hint="Call table_config after the last class that it uses",
        )
    if by_alias is None:
        by_alias = bool(model.model_config.get("serialize_by_alias"))
    for name, info in model.model_fields.items():
        # pydantic takes `Annotated` apart, and has put it together again here.
        annotation: Any = info.annotation
        for entry in info.metadata:
            annotation = Annotated[annotation, entry]
        if info.exclude:
            if any(_markers(name, info.metadata)):
                raise ConfigError(
                    f"{model.__name__}.{name} has a marker and exclude=True: it is not stored",
                    hint="Remove one of them",
                )
            continue
        yield name, (info.serialization_alias if by_alias else None) or name, annotation
    for name, info in model.model_computed_fields.items():
        yield name, (info.alias if by_alias else None) or name, info.return_type


def _type_hints(model: type) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(model, include_extras=True)
    except NameError as error:
        raise ConfigError(
            f"The annotations of {model.__name__} cannot be read: {error.name!r} is not defined",
            hint="Define it in the class's module, before table_config is called",
        ) from None


def _strip(annotation: Any) -> tuple[list[Any], Any]:
    """Return the metadata at the top of an annotation, and the type that it is about."""
    metadata: list[Any] = []
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            metadata += annotation.__metadata__
            annotation = annotation.__origin__
        elif getattr(origin, "__name__", None) in _QUALIFIERS:
            annotation = get_args(annotation)[0]
        elif type(origin or annotation).__name__ == "TypeAliasType":
            annotation = (origin or annotation).__value__
        elif origin in (Union, UnionType):
            members = [member for member in get_args(annotation) if member is not NoneType]
            if len(members) != 1:
                return metadata, annotation
            annotation = members[0]
        else:
            return metadata, annotation


def _markers(location: str, metadata: Iterable[Any]) -> Iterator[Marker]:
    for entry in metadata:
        if isinstance(entry, MARKERS):
            yield entry
        elif any(entry is kind for kind in MARKERS):
            raise ConfigError(
                f"{location} has the class {entry.__name__} as a marker, and needs an object of it",
                hint=f"Write {entry.__name__}() with parentheses",
            )


def _inner_markers(location: str, annotation: Any, outer: tuple[type, ...]) -> Iterator[Marker]:
    """Yield the markers in a type: in its arguments, and in the fields of a model."""
    for argument in get_args(annotation):
        metadata, inner = _strip(argument)
        yield from _markers(location, metadata)
        yield from _inner_markers(location, inner, outer)
    kind = get_origin(annotation) or annotation  # of a generic class, such as `Box[int]`, the class
    if isinstance(kind, type) and kind not in outer:
        for field in _fields(kind, by_alias=None, outer=outer) or ():
            yield from field.markers
            yield from field.inner_markers
