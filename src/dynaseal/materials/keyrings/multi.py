"""The multi-keyring: several keyrings that wrap the same data key, so that any one of them can read.

- To write, the generator makes and wraps the data key, and then every child wraps it too.
- To read, the generator and then the children, in order, try to unwrap it, until one succeeds.

Source: specification `multi-keyring.md`.
"""

from collections.abc import Sequence

from dynaseal import drivers
from dynaseal.core.arguments import ProcessBound, check_methods, check_sequence
from dynaseal.core.header import EncryptedDataKey
from dynaseal.errors import ConfigError, EncryptError, UnwrapError
from dynaseal.materials.model import (
    AnyKeyring,
    DecryptionMaterials,
    EncryptionMaterials,
    Keyring,
    combine_causes,
    fault_of_decryption_materials,
    fault_of_keys,
    fault_of_kind,
)


class MultiKeyring(ProcessBound):
    """Combines keyrings: all of them wrap the data key, and any one of them can unwrap it.

    Args:
        generator: The keyring that makes the data key. Without one, this keyring can only read, or wrap a
            data key that another keyring made.
        children: Keyrings that wrap the same data key.

    Raises:
        ConfigError: neither is given, or one is not a keyring.

    Example:
        >>> from dynaseal import RawAesKeyring
        >>> current = RawAesKeyring("payroll", "2026", bytes(32))
        >>> former = RawAesKeyring("payroll", "2025", bytes(32))
        >>> MultiKeyring(current, [former])  # either can read what it writes
        MultiKeyring(RawAesKeyring('payroll', '2026'), [RawAesKeyring('payroll', '2025')])
    """

    def __init__(self, generator: AnyKeyring | None = None, children: Sequence[AnyKeyring] = ()) -> None:
        methods = ("on_encrypt", "on_decrypt")
        if generator is not None:
            hint = "Pass several keyrings as children=[...]" if isinstance(generator, list | tuple) else None
            check_methods("A MultiKeyring", methods, "a keyring", hint=hint, generator=generator)
        self._generator = generator
        self._children = check_sequence("A MultiKeyring", object, "children", children)
        for child in self._children:
            check_methods("A MultiKeyring", methods, "a keyring", child=child)
        if generator is None and not self._children:
            raise ConfigError(
                "A multi-keyring needs a generator or at least one child",
                hint="Pass generator, which makes data keys, and as children what wraps them too",
            )
        self._all = self._children if generator is None else (generator, *self._children)
        self._driven: tuple[Keyring, ...] = tuple(map(drivers.driven, self._all))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._generator!r}, {list(self._children)!r})"

    @property
    def keyrings(self) -> tuple[AnyKeyring, ...]:
        """The generator, if there is one, and the children."""
        return self._all

    @property
    def generator(self) -> AnyKeyring | None:
        """The keyring that makes the data key, if there is one."""
        return self._generator

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Have the generator make the data key and every child wrap it; if one fails, this fails.

        Raises:
            EncryptError: no keyring made a data key, or more than one would make one.
        """
        if self._generator is None and materials.plaintext_data_key is None:
            raise EncryptError(
                "The multi-keyring has no generator to make a data key",
                hint="Pass one of its keyrings as generator",
            )
        if self._generator is not None and materials.plaintext_data_key is not None:
            raise EncryptError(
                "The multi-keyring has a generator, and another keyring has made a data key already",
                hint="Make it without a generator, or make it the generator of the multi-keyring around it",
            )
        for keyring in self._driven:
            given, materials = materials, keyring.on_encrypt(materials)
            if fault := _fault(materials, given):
                raise EncryptError(f"The keyring {keyring!r} {fault}")
        return materials

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Try each keyring in turn until one unwraps a data key."""
        causes: list[UnwrapError] = []
        for keyring in self._driven:
            try:
                unwrapped = keyring.on_decrypt(materials, encrypted_data_keys)
            except UnwrapError as error:
                causes.append(error)
                continue
            if not (fault := fault_of_decryption_materials(unwrapped)):
                return unwrapped
            causes.append(UnwrapError(f"The keyring {keyring!r} {fault}"))
        raise combine_causes(causes)


def _fault(materials: EncryptionMaterials, given: EncryptionMaterials) -> str | None:
    """Describe why not every reader could read an item under what a keyring returned; None if all could.

    Args:
        materials: What the keyring returned.
        given: The materials that it was given.
    """
    if fault := fault_of_kind(materials, EncryptionMaterials):
        return fault
    if materials.plaintext_data_key is None:
        return "made no data key"
    if fault := fault_of_keys(materials):
        return fault
    # Not in constant time: nobody outside this process chooses either key.
    if given.plaintext_data_key not in (None, materials.plaintext_data_key):
        return "replaced the data key, which another keyring had wrapped"
    return _fault_of_wrapping(materials, given)


def _fault_of_wrapping(materials: EncryptionMaterials, given: EncryptionMaterials) -> str | None:
    count = len(given.encrypted_data_keys)
    if tuple(materials.encrypted_data_keys[:count]) != tuple(given.encrypted_data_keys):
        return "removed the data key as another keyring had wrapped it"
    if tuple(materials.symmetric_signing_keys[:count]) != tuple(given.symmetric_signing_keys):
        return "replaced the signing key of another keyring"
    return None
