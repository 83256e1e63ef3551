"""Records to JSON and back, by their dataclasses' types.

A key's spec is written by its name: what the spec may do is the lab's to know.
"""

from functools import cache
from typing import TypeVar

from cattrs.preconf.json import JsonConverter, make_converter

from dynaseal_lab.kms.specs import KEY_SPECS, KeySpec

R = TypeVar("R")


@cache
def _converter() -> JsonConverter:
    converter = make_converter()
    converter.register_unstructure_hook(KeySpec, _spec_name)
    converter.register_structure_hook(KeySpec, _spec_named)
    return converter


def _spec_name(spec: KeySpec) -> str:
    return spec.name


def _spec_named(name: str, _type: type[KeySpec]) -> KeySpec:
    return KEY_SPECS[name]


def encoded(record: object) -> bytes:
    """A record as JSON: bytes in base 85, times in ISO 8601."""
    return _converter().dumps(record).encode()


def decoded(content: bytes, record: type[R]) -> R:
    """The record of this type that was `encoded`."""
    return _converter().loads(content, record)
