"""Records spans and metrics through OpenTelemetry's API.

- No value, no key material and no message of an error is recorded: messages can have keys of items.
- The key attributes of items are recorded only as a keyed hash, and only if there is a secret for it.
- The number of different KMS keys in metrics is limited, because items of other writers may name any.
"""

import hashlib
import hmac
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Any

from dynaseal.attributes import Item
from dynaseal.config import TableConfig
from dynaseal.core.quoting import shown
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.errors import DynasealError
from dynaseal.materials.kms_calls import MAX_COUNTED, OTHER_KEYS

_HASH_LENGTH = 16
OUTCOME_OK = "ok"


class Recorder:
    """Records what dynaseal does.

    Args:
        tracer: OpenTelemetry's tracer.
        meter: OpenTelemetry's meter.
        key_hash_secret: The key of the hash of items' keys; None to leave these out.
    """

    def __init__(self, tracer: Any, meter: Any, key_hash_secret: bytes | None) -> None:
        self._tracer = tracer
        self._secret = key_hash_secret
        self._kms_keys: set[str] = set()
        counter, histogram = meter.create_counter, meter.create_histogram
        self._items = counter("dynaseal.items", "{item}", "Items encrypted and decrypted")
        self._item_duration = histogram("dynaseal.item.duration", "s", "Time per item")
        self._item_size = histogram("dynaseal.item.size", "By", "Size of an item as it is stored")
        self._kms_calls = counter("dynaseal.kms.calls", "{call}", "Calls of KMS")
        self._kms_duration = histogram("dynaseal.kms.duration", "s", "Time per call of KMS")
        self._lookups = counter("dynaseal.cache.lookups", "{lookup}", "Branch keys and beacon keys looked up")
        self._refusals = counter("dynaseal.requests.refused", "{request}", "Requests refused before sending")
        self._repeated = counter("dynaseal.updates.repeated", "{attempt}", "Updates tried again")

    @contextmanager
    def item(
        self, operation: str, config: TableConfig, item: Item
    ) -> Generator[Callable[[int], None], None, None]:
        """Record that an item is encrypted or decrypted in the block; it is told the item's stored size."""
        labels = {"dynaseal.operation": operation, "dynaseal.table": config.logical_table_name}
        more = self._key_hash(config, item)

        def set_size(size: int) -> None:
            self._item_size.record(size, labels)

        with self._step(f"{operation} item", labels, more, self._items, self._item_duration):
            yield set_size

    def kms_call(self, operation: str, key_id: str) -> AbstractContextManager[object]:
        """Record that KMS is called in the block."""
        key = shown(key_id)
        if key not in self._kms_keys:
            if len(self._kms_keys) < MAX_COUNTED:
                self._kms_keys.add(key)
            else:
                key = OTHER_KEYS
        labels = {"dynaseal.kms.operation": operation, "dynaseal.kms.key": key}
        return self._step(f"KMS {operation}", labels, {}, self._kms_calls, self._kms_duration)

    def lookup(self, outcome: str) -> None:
        """Record that a key was looked up in a cache."""
        self._lookups.add(1, {"dynaseal.outcome": outcome})

    def refusal(self, operation: str, error: DynasealError) -> None:
        """Record that a request was refused before it was sent."""
        self._refusals.add(1, {"dynaseal.operation": operation, "error.type": error.code})

    def update_repeated(self) -> None:
        """Record that an update is tried again."""
        self._repeated.add(1)

    @contextmanager
    def _step(
        self, name: str, labels: Mapping[str, str], more: Mapping[str, str], counter: Any, duration: Any
    ) -> Generator[None, None, None]:
        started, outcome = perf_counter(), OUTCOME_OK
        # OpenTelemetry would record an exception's message and traceback.
        with self._tracer.start_as_current_span(
            name, attributes={**labels, **more}, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                outcome = describe_error(error)
                span.set_attribute("error.type", outcome)
                span.set_status(_error_status())
                raise
            finally:
                measured = {**labels, "dynaseal.outcome": outcome}
                counter.add(1, measured)
                duration.record(perf_counter() - started, measured)

    def _key_hash(self, config: TableConfig, item: Item) -> Mapping[str, str]:
        if self._secret is None:
            return {}
        digest = hmac.new(self._secret, config.logical_table_name.encode(), hashlib.sha256)
        for name in config.key_names:
            try:
                type_id, content = serialize(item[name])
            except (KeyError, MalformedValueError, TypeError, ValueError):
                return {}  # the item is refused anyway, or its key is a surrogate key, made later
            digest.update(type_id + len(content).to_bytes(4, "big") + content)
        return {"dynaseal.item.key_hash": digest.hexdigest()[:_HASH_LENGTH]}


def describe_error(error: BaseException) -> str:
    """Return an error's code, AWS's or this library's, and otherwise the name of its class."""
    if isinstance(error, DynasealError):
        return error.code
    response: Any = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return str(code or type(error).__name__)  # pyright: ignore[reportUnknownArgumentType]


def _error_status() -> Any:
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 only where it is installed

    return Status(StatusCode.ERROR)
