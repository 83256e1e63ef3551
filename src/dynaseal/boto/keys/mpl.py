"""An adapter for keyrings of AWS's own package `aws-cryptographic-material-providers` (extra `mpl`).

- Materials are converted to that package's classes and back; what such a keyring returns is checked like any
  other keyring's.
- The item's private signing key is not passed on: no keyring needs it.
- The package is imported when an adapter is made. It has no type information, so its objects are Any here.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from dynaseal import drivers
from dynaseal.core.arguments import ProcessBound
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.quoting import escaped
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import ConfigError, EncryptError, UnwrapError
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials

_PACKAGE = "aws_cryptographic_material_providers.mpl"
_MODULES = ("models", "errors", "references", "config")
# That package refuses materials without a signing key if the suite has signatures, but does not use the key.
_SIGNING_KEY_PLACEHOLDER = b"kept in dynaseal"


class MplKeyring(ProcessBound):
    """Uses a keyring of AWS's package `aws-cryptographic-material-providers`.

    Args:
        keyring: Any keyring of that package, or an implementation of its `IKeyring`.

    Raises:
        ConfigError: the package is not installed, or `keyring` is not one of its keyrings.

    Example:
        ```python
        providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        keyring = MplKeyring(providers.create_raw_aes_keyring(CreateRawAesKeyringInput(...)))
        ```
    """

    def __init__(self, keyring: Any) -> None:
        try:
            package, models, errors, references, config = (
                import_module(name) for name in (_PACKAGE, *(f"{_PACKAGE}.{module}" for module in _MODULES))
            )
        except ImportError as error:
            raise ConfigError(
                f"aws-cryptographic-material-providers cannot be imported: {error}",
                hint="Install dynaseal[mpl]",
            ) from error
        if not isinstance(keyring, references.IKeyring):
            raise ConfigError(
                f"{type(keyring).__name__} is not a keyring of aws-cryptographic-material-providers",
                hint="A keyring of dynaseal needs no MplKeyring; use it directly",
            )
        self._keyring = keyring
        self._models: Any = models
        self._service_error: type[Exception] = errors.ServiceError
        providers: Any = package.AwsCryptographicMaterialProviders(config=config.MaterialProvidersConfig())
        self._suites = {
            suite: providers.get_algorithm_suite_info(suite.value.to_bytes(2, "big"))
            for suite in AlgorithmSuite
        }

    def __repr__(self) -> str:
        return f"MplKeyring({type(self._keyring).__name__})"

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Have the keyring make a data key if there is none yet, and wrap it.

        Raises:
            EncryptError: AWS's keyring failed or is faulty.
        """
        mpl_materials = self._models.EncryptionMaterials(
            algorithm_suite=self._suites[materials.suite],
            encryption_context=dict(materials.encryption_context),
            encrypted_data_keys=[self._to_mpl(key) for key in materials.encrypted_data_keys],
            required_encryption_context_keys=sorted(materials.required_context_keys),
            plaintext_data_key=materials.plaintext_data_key,
            signing_key=_SIGNING_KEY_PLACEHOLDER if materials.suite.is_signed else None,
            symmetric_signing_keys=list(materials.symmetric_signing_keys),
        )
        try:
            request = self._models.OnEncryptInput(materials=mpl_materials)
            output = drivers.call(self._keyring.on_encrypt, request)
            return self._with_wrapped_keys(materials, output)
        except self._service_error as error:
            raise EncryptError(f"{self!r} could not wrap a data key: {_message(error)}") from error
        except _FaultError as fault:
            raise EncryptError(f"{self!r} {fault}", hint=fault.hint) from None

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Have the keyring unwrap the first data key that it can.

        Raises:
            UnwrapError: AWS's keyring failed or is faulty.
        """
        mpl_materials = self._models.DecryptionMaterials(
            algorithm_suite=self._suites[materials.suite],
            encryption_context=dict(materials.encryption_context),
            required_encryption_context_keys=sorted(materials.required_context_keys),
            verification_key=materials.verification_key,
        )
        request = self._models.OnDecryptInput(
            materials=mpl_materials, encrypted_data_keys=[self._to_mpl(key) for key in encrypted_data_keys]
        )
        try:
            output = drivers.call(self._keyring.on_decrypt, request)
            return self._with_unwrapped_key(materials, output)
        except self._service_error as error:
            raise UnwrapError(f"{self!r} could not unwrap a data key: {_message(error)}") from error
        except _FaultError as fault:
            raise UnwrapError(f"{self!r} {fault}", hint=fault.hint) from None

    def _with_wrapped_keys(self, materials: EncryptionMaterials, output: object) -> EncryptionMaterials:
        """Return materials with the keys that AWS's keyring added.

        Raises:
            _FaultError: it returned something else than what it was given and the keys that it added.
        """
        models = self._models
        result = _materials(output, models.OnEncryptOutput, models.EncryptionMaterials)
        wrapped_keys = tuple(map(self._from_mpl, _list(result.encrypted_data_keys, "encrypted data keys")))
        tag_keys = tuple(map(_tag_key, _list(result.symmetric_signing_keys, "symmetric signing keys")))
        count = len(materials.encrypted_data_keys)
        given = materials.encrypted_data_keys, materials.symmetric_signing_keys
        if (wrapped_keys[:count], tag_keys[:count]) != given:
            raise _FaultError(
                "changed, moved or removed the data key as another keyring had wrapped it",
                hint="Its on_encrypt must return the keys that it was given, and its own after them",
            )
        added, added_tag_keys = wrapped_keys[count:], tag_keys[count:]
        if not added or result.plaintext_data_key is None:
            raise _FaultError(
                "did not wrap a data key",
                hint="Its on_encrypt must return the data key, and add an encrypted data key",
            )
        if len(added_tag_keys) != len(added):
            raise _FaultError(
                f"wrapped the data key {len(added)} times, and added {len(added_tag_keys)} "
                "symmetric signing keys",
                hint="Its on_encrypt must add one symmetric signing key for each encrypted data key",
            )
        data_key = _bytes(result.plaintext_data_key, "a data key")
        for wrapped, tag_key in zip(added, added_tag_keys, strict=True):
            materials = materials.with_wrapped_key(data_key, wrapped, tag_key)
        return materials

    def _with_unwrapped_key(self, materials: DecryptionMaterials, output: object) -> DecryptionMaterials:
        """Return materials with the data key that AWS's keyring unwrapped.

        Raises:
            _FaultError: it returned something else.
        """
        models = self._models
        result = _materials(output, models.OnDecryptOutput, models.DecryptionMaterials)
        if result.plaintext_data_key is None or result.symmetric_signing_key is None:
            raise _FaultError(
                "returned no data key",
                hint="Its on_decrypt must return the data key and its symmetric signing key, or fail",
            )
        data_key = _bytes(result.plaintext_data_key, "a data key")
        return materials.with_unwrapped_key(data_key, _tag_key(result.symmetric_signing_key))

    def _to_mpl(self, key: EncryptedDataKey) -> Any:
        return self._models.EncryptedDataKey(
            key_provider_id=key.provider_id,
            key_provider_info=key.provider_info,
            ciphertext=key.ciphertext,
        )

    def _from_mpl(self, key: object) -> EncryptedDataKey:
        wrapped = _of_kind(key, self._models.EncryptedDataKey, "an encrypted data key")
        return EncryptedDataKey(
            _of_kind(wrapped.key_provider_id, str, "a key provider id"),
            _bytes(wrapped.key_provider_info, "a key provider info"),
            _bytes(wrapped.ciphertext, "a wrapped data key"),
        )


class _FaultError(Exception):
    """What is wrong with what AWS's keyring returned, as the predicate of a sentence."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def _of_kind(value: object, kind: type | tuple[type, ...], what: str) -> Any:
    if not isinstance(value, kind):
        expected = kind[0] if isinstance(kind, tuple) else kind
        raise _FaultError(f"returned {what} of the type {type(value).__name__}, not {expected.__name__}")
    return value


def _materials(output: object, kind: type, materials_kind: type) -> Any:
    return _of_kind(_of_kind(output, kind, "an output").materials, materials_kind, "materials")


def _list(value: object, what: str) -> Sequence[object]:
    return () if value is None else _of_kind(value, (list, tuple), what)


def _bytes(value: object, what: str) -> bytes:
    # Of a number, `bytes` would make as many zero bytes: a key that everybody knows.
    return bytes(_of_kind(value, (bytes, bytearray, memoryview), what))


def _tag_key(value: object) -> bytes:
    return _bytes(value, "a symmetric signing key")


def _message(error: Any) -> str:
    """Return the messages of an error and of the errors in it; a list of errors has none itself."""
    return escaped("; ".join(dict.fromkeys(filter(None, _messages(error)))))


def _messages(error: Any) -> Iterator[str]:
    yield str(getattr(error, "message", ""))
    yield str(getattr(error, "alt_text", ""))
    for inner in getattr(error, "list", ()):
        yield from _messages(inner)
