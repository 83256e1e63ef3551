"""Replaces methods of dynaseal's classes by ones that record what they do."""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from dynaseal.boto.interception.requests import Requests
from dynaseal.core.arguments import check_bytes
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import ConfigError, DynasealError
from dynaseal.materials.key_store.cache import BranchKeyCache
from dynaseal.migrate.sizes import item_size
from dynaseal.observation import set_observer
from dynaseal.otel.recording import Recorder

_MIN_SECRET_LENGTH = 16
_lock = Lock()
_originals: list[tuple[type, str, Any]] = []


def instrument(
    *, tracer_provider: Any = None, meter_provider: Any = None, key_hash_secret: bytes | None = None
) -> None:
    """Record spans and metrics of everything that dynaseal does in this process from now on.

    Args:
        tracer_provider: OpenTelemetry's provider of tracers; by default the global one.
        meter_provider: OpenTelemetry's provider of meters; by default the global one.
        key_hash_secret: At least 16 secret bytes. Spans of items then have a keyed hash of the item's key,
            by which spans of one item are found. By default, nothing of the key is recorded.

    Raises:
        ConfigError: the package `opentelemetry-api` is missing, the secret is too short, or it was called
            before.
    """
    try:
        from opentelemetry import metrics, trace  # noqa: PLC0415 an extra
    except ImportError as error:
        raise ConfigError(
            "OpenTelemetry's API is not installed", hint="Install it with pip install 'dynaseal[otel]'"
        ) from error
    if key_hash_secret is not None:
        check_bytes("instrument", key_hash_secret=key_hash_secret)
        if len(key_hash_secret) < _MIN_SECRET_LENGTH:
            raise ConfigError(
                f"key_hash_secret has {len(key_hash_secret)} bytes and must have {_MIN_SECRET_LENGTH} or more"
            )
    tracer = trace.get_tracer("dynaseal", tracer_provider=tracer_provider)
    meter = metrics.get_meter("dynaseal", meter_provider=meter_provider)
    recorder = Recorder(tracer, meter, key_hash_secret)
    with _lock:
        if _originals:
            raise ConfigError("dynaseal is instrumented already", hint="Call uninstrument first")
        _replace(ItemEncryptor, "encrypt_item", lambda method: _encrypting(method, recorder))
        _replace(ItemEncryptor, "decrypt_item", lambda method: _decrypting(method, recorder))
        _replace(BranchKeyCache, "get", lambda method: _looking_up(method, recorder))
        _replace(BranchKeyCache, "find", lambda method: _finding(method, recorder))
        _replace(Requests, "prepare", lambda method: _refusing(method, recorder))
        set_observer(recorder)


def uninstrument() -> None:
    """Record nothing any more."""
    with _lock:
        set_observer(None)
        while _originals:
            owner, name, method = _originals.pop()
            setattr(owner, name, method)


def _replace(owner: type, name: str, make: Callable[[Any], Any]) -> None:
    method = getattr(owner, name)
    _originals.append((owner, name, method))
    setattr(owner, name, make(method))


def _encrypting(method: Any, recorder: Recorder) -> Any:
    @wraps(method)
    def encrypt_item(self: ItemEncryptor, plaintext_item: Any) -> Any:
        with recorder.item("encrypt", self.config, plaintext_item) as set_size:
            stored = method(self, plaintext_item)
            set_size(item_size(stored))
            return stored

    return encrypt_item


def _decrypting(method: Any, recorder: Recorder) -> Any:
    @wraps(method)
    def decrypt_item(self: ItemEncryptor, encrypted_item: Any) -> Any:
        with recorder.item("decrypt", self.config, encrypted_item) as set_size:
            plaintext = method(self, encrypted_item)
            set_size(item_size(encrypted_item))
            return plaintext

    return decrypt_item


def _looking_up(method: Any, recorder: Recorder) -> Any:
    @wraps(method)
    def get(self: BranchKeyCache, key: Any, ttl_seconds: float, load: Callable[[], Any]) -> Any:
        outcome = "hit"  # or another caller loads it

        def recording_load() -> Any:
            nonlocal outcome
            outcome = "failed load"
            value = load()
            outcome = "load"
            return value

        try:
            return method(self, key, ttl_seconds, recording_load)
        finally:
            recorder.lookup(outcome)

    return get


def _finding(method: Any, recorder: Recorder) -> Any:
    @wraps(method)
    def find(self: BranchKeyCache, key: Any, ttl_seconds: float) -> Any:
        value = method(self, key, ttl_seconds)
        if value is not None:  # otherwise the same key is looked up by `get`
            recorder.lookup("hit")
        return value

    return find


def _refusing(method: Any, recorder: Recorder) -> Any:
    @wraps(method)
    def prepare(self: Requests, operation: str, *arguments: Any, **more: Any) -> Any:
        try:
            return method(self, operation, *arguments, **more)
        except DynasealError as error:
            recorder.refusal(operation, error)
            raise

    return prepare
