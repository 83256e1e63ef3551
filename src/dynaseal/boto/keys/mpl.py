"""The bridge to keyrings of AWS's own `aws-cryptographic-material-providers` package (extra `mpl`).

- Materials are handed over and back as that package has them; what comes back is checked as any keyring's.
- The item's private signing key is not handed over: no keyring needs it.
- The package is imported when a bridge is made. It has no types that a checker could read, so it is Any here.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import ConfigError, EncryptError, UnwrapError
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials

_PACKAGE = "aws_cryptographic_material_providers.mpl"
# That package refuses materials of a suite with signatures that have no signing key; it only hands it on.
_NO_SIGNING_KEY = b"kept in dynaseal"


class MplKeyring:
    """Uses a keyring that was made with AWS's `aws-cryptographic-material-providers`.

    Args:
        keyring: A keyring of that package, of any kind: its own, or yours by its `IKeyring`.

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
                import_module(name) for name in (_PACKAGE, *(f"{_PACKAGE}.{part}" for part in _PARTS))
            )
        except ImportError as error:
            raise ConfigError(
                f"AWS's material providers cannot be imported: {error}", hint="Install dynaseal[mpl]"
            ) from error
        if not isinstance(keyring, references.IKeyring):
            raise ConfigError(
                f"{type(keyring).__name__} is not a keyring of aws-cryptographic-material-providers",
                hint="Give keyrings of dynaseal as they are, without this bridge",
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
        """Have the keyring make a data key if there is none yet, and wrap it."""
        given = self._models.EncryptionMaterials(
            algorithm_suite=self._suites[materials.suite],
            encryption_context=dict(materials.encryption_context),
            encrypted_data_keys=[self._to_mpl(key) for key in materials.encrypted_data_keys],
            required_encryption_context_keys=sorted(materials.required_context_keys),
            plaintext_data_key=materials.plaintext_data_key,
            signing_key=_NO_SIGNING_KEY if materials.suite.is_signed else None,
            symmetric_signing_keys=list(materials.symmetric_signing_keys),
        )
        try:
            made = self._keyring.on_encrypt(self._models.OnEncryptInput(materials=given)).materials
        except self._service_error as error:
            raise EncryptError(f"{self!r} could not wrap a data key: {_text(error)}") from error
        before = len(materials.encrypted_data_keys)
        added = list(
            zip(made.encrypted_data_keys[before:], made.symmetric_signing_keys[before:], strict=True)
        )
        if not added or made.plaintext_data_key is None:
            raise EncryptError(f"{self!r} did not wrap a data key")
        for wrapped, tag_key in added:
            materials = materials.with_wrapped_key(
                bytes(made.plaintext_data_key), _from_mpl(wrapped), bytes(tag_key)
            )
        return materials

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Have the keyring unwrap the first data key that it can."""
        given = self._models.DecryptionMaterials(
            algorithm_suite=self._suites[materials.suite],
            encryption_context=dict(materials.encryption_context),
            required_encryption_context_keys=sorted(materials.required_context_keys),
            verification_key=materials.verification_key,
        )
        request = self._models.OnDecryptInput(
            materials=given, encrypted_data_keys=[self._to_mpl(key) for key in encrypted_data_keys]
        )
        try:
            read = self._keyring.on_decrypt(request).materials
        except self._service_error as error:
            raise UnwrapError(f"{self!r} could not unwrap a data key: {_text(error)}") from error
        if read.plaintext_data_key is None or read.symmetric_signing_key is None:
            raise UnwrapError(f"{self!r} gave no data key")
        return materials.with_unwrapped_key(bytes(read.plaintext_data_key), bytes(read.symmetric_signing_key))

    def _to_mpl(self, key: EncryptedDataKey) -> Any:
        return self._models.EncryptedDataKey(
            key_provider_id=key.provider_id,
            key_provider_info=key.provider_info,
            ciphertext=key.ciphertext,
        )


_PARTS = ("models", "errors", "references", "config")


def _from_mpl(key: Any) -> EncryptedDataKey:
    return EncryptedDataKey(key.key_provider_id, bytes(key.key_provider_info), bytes(key.ciphertext))


def _text(error: Any) -> str:
    """Say all that an error and those inside it say; a wrapper says nothing itself."""
    return "; ".join(dict.fromkeys(filter(None, _texts(error))))


def _texts(error: Any) -> Iterator[str]:
    yield str(getattr(error, "message", ""))
    yield str(getattr(error, "alt_text", ""))
    for inner in getattr(error, "list", ()):
        yield from _texts(inner)
