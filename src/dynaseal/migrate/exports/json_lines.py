"""JSON as bytes: by orjson where it is installed, otherwise by the standard library, with the same result.

What orjson refuses is refused with the standard library too: bytes that are not UTF-8, NaN and Infinity, and
escapes of lone surrogates. Neither parser's own message is used, because they differ.
"""

import json
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any, NoReturn, Protocol


class JsonParser(Protocol):
    """Reads and writes one JSON value; binary is written as base64.

    Attributes:
        name: The package that does the work.
    """

    name: str

    @property
    def loads(self) -> Callable[[bytes], Any]:
        """Parse one JSON value; raises ValueError or RecursionError."""
        ...

    @property
    def dumps(self) -> Callable[[Any], bytes]:
        """Write one JSON value without spaces and line breaks; raises ValueError or TypeError."""
        ...


def base64_string(value: object) -> str:
    """Return binary as base64, for a JSON encoder that does not know bytes.

    Raises:
        TypeError: the value is not bytes.
    """
    if isinstance(value, bytes):
        return b2a_base64(value, newline=False).decode("ascii")
    raise TypeError(f"{type(value).__name__} is not a type of JSON")


class StandardJson:
    """The standard library's parser, made as strict as orjson."""

    name = "json"

    def __init__(self) -> None:
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant)
        self._encoder = json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=base64_string
        )

    def loads(self, line: bytes) -> Any:
        """Parse one JSON value."""
        value = self._decoder.decode(line.decode())
        if b"\\u" in line:
            # A lone surrogate can be read from an escape, and cannot be written as UTF-8.
            self._encoder.encode(value).encode()
        return value

    def dumps(self, value: Any) -> bytes:
        """Write one JSON value."""
        return self._encoder.encode(value).encode()


class FastJson:
    """orjson's parser.

    Raises:
        ModuleNotFoundError: it is not installed.
    """

    name = "orjson"

    def __init__(self) -> None:
        import orjson  # noqa: PLC0415 optional

        self.loads = orjson.loads
        self._dumps = orjson.dumps

    def dumps(self, value: Any) -> bytes:
        """Write one JSON value."""
        return self._dumps(value, base64_string)


def json_parser() -> JsonParser:
    """Return the fastest parser that is installed."""
    try:
        return FastJson()
    except ModuleNotFoundError:
        return StandardJson()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
