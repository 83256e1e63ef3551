"""The rules of keyrings, one function each. The first line of its docstring is the rule.

Source: specification `keyring-interface.md`, `structures.md`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

from dynaseal.config import TableConfig
from dynaseal.core.actions import CryptoAction
from dynaseal.core.arguments import is_encodable
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import KEY_LENGTH
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import EncryptError, UnwrapError
from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
from dynaseal.testing.subject import CONTEXT, ConformanceError, Subject

SAMPLES = 12
"""At how many places a data key is damaged; the keyring makes one attempt for each."""
_THREADS = 4
_MAX_FIELD = 0xFFFF


def writes_complete_materials(subject: Subject) -> None:
    """Writing returns a data key of 32 bytes, wrapped at least once, and one signing key per wrapping."""
    written = subject.write()
    keys = (written.plaintext_data_key, *written.symmetric_signing_keys)
    wrapped_parts = [(key.provider_info, key.ciphertext) for key in written.encrypted_data_keys]
    if not all(type(part) is bytes for part in (*keys, *chain(*wrapped_parts))):
        raise ConformanceError("A key, or a part of a wrapped data key, is not of the type bytes")
    for wrapped in written.encrypted_data_keys:
        if not is_encodable(wrapped.provider_id):
            raise ConformanceError("A provider id has a lone surrogate, which cannot be stored")
        parts = (wrapped.provider_id.encode(), wrapped.provider_info, wrapped.ciphertext)
        if any(len(part) > _MAX_FIELD for part in parts) or not all((parts[0], parts[2])):
            raise ConformanceError("A wrapped data key has an empty part, or one of more than 65,535 bytes")


def keeps_the_materials_it_is_given(subject: Subject) -> None:
    """Writing and reading do not change suite, encryption context, required keys and the item's keys."""
    materials = subject.new_materials()
    written = subject.write(materials)
    if materials.plaintext_data_key is not None or materials.encrypted_data_keys:
        raise ConformanceError("on_encrypt changed its argument instead of returning new materials")
    read = subject.read(written)
    for before, after in ((materials, written), (written, read)):
        if (before.suite, before.required_context_keys) != (after.suite, after.required_context_keys):
            raise ConformanceError("The suite or the required keys changed")
        if dict(before.encryption_context) != dict(after.encryption_context):
            raise ConformanceError("The encryption context changed")
    if written.signing_key is not materials.signing_key:
        raise ConformanceError("The item's signing key changed")


def reads_what_it_wrote(subject: Subject) -> None:
    """Reading returns the data key that was written, and the signing key of its wrapping."""
    subject.check_reads(subject.write(), "straight after writing")


def makes_a_fresh_key_each_time(subject: Subject) -> None:
    """No two writings share a data key, a signing key or a wrapped data key."""
    results = [subject.write() for _ in range(3)]
    keys = [result.plaintext_data_key for result in results]
    keys += [key for result in results for key in result.symmetric_signing_keys]
    if len(set(keys)) != len(keys):
        raise ConformanceError("A data key or signing key was used twice")
    wrapped = [key for result in results for key in result.encrypted_data_keys]
    if len(set(wrapped)) != len(wrapped):
        raise ConformanceError("A wrapped data key was returned twice")


def wraps_the_data_key_of_another_keyring(subject: Subject) -> None:
    """If there is a data key already, it wraps that key and adds the result after the others, or refuses."""
    generated = _stranger().on_encrypt(subject.new_materials())
    try:
        written = subject.write(generated)
    except EncryptError:
        return
    if written.plaintext_data_key != generated.plaintext_data_key:
        raise ConformanceError("on_encrypt replaced the data key of another keyring")
    if written.encrypted_data_keys[:1] != generated.encrypted_data_keys:
        raise ConformanceError("on_encrypt dropped or moved another keyring's wrapping of the data key")
    if written.symmetric_signing_keys[:1] != generated.symmetric_signing_keys:
        raise ConformanceError("on_encrypt dropped or moved another keyring's signing key")
    subject.check_reads(written, "after another keyring wrote", written.encrypted_data_keys)


def skips_data_keys_of_other_keyrings(subject: Subject) -> None:
    """Data keys of other keyrings, before or after its own, do not prevent reading."""
    written = subject.write()
    others = _strange_data_keys(subject)
    subject.check_reads(written, "with others first", [*others, *written.encrypted_data_keys])
    subject.check_reads(written, "with others last", [*written.encrypted_data_keys, *others])


def refuses_without_a_data_key_of_its_own(subject: Subject) -> None:
    """If the item has no data key of this keyring, it raises UnwrapError."""
    written = subject.write()
    subject.check_refuses(written, "no data key at all", [])
    subject.check_refuses(written, "other keyrings' data keys", _strange_data_keys(subject))


def refuses_another_context(subject: Subject) -> None:
    """An encryption context that differs in any way is refused with UnwrapError."""
    written = subject.write()
    context = dict(written.encryption_context)
    name = next(iter(CONTEXT))
    others = {
        "changed": {**context, name: context[name] + "x"},
        "shorter": {key: value for key, value in context.items() if key != name},
        "longer": {**context, "one": "more"},
    }
    for how, other in others.items():
        subject.check_refuses(written, f"a context that is {how}", context=other)


def refuses_a_damaged_data_key(subject: Subject) -> None:
    """A wrapped data key that is changed or cut off anywhere is refused with UnwrapError."""
    written = subject.write()
    for what, damaged in _damaged(written.encrypted_data_keys):
        subject.check_refuses(written, f"wrapped data keys {what}", damaged)


def reads_after_a_damaged_data_key(subject: Subject) -> None:
    """A damaged data key before a good one does not prevent reading."""
    written = subject.write()
    good = written.encrypted_data_keys
    damaged = _with_ciphertexts(good, lambda data: _flipped(data, 0))
    subject.check_reads(written, "after a damaged one", [*damaged, *good])


def takes_any_provider_information(subject: Subject) -> None:
    """Changed or cut off provider information leads to UnwrapError or to the same data key."""
    written = subject.write()
    for change in _information_changes():
        changed = [
            EncryptedDataKey(key.provider_id, change(key.provider_info), key.ciphertext)
            for key in written.encrypted_data_keys
        ]
        try:
            read = subject.read(written, changed)
        except UnwrapError:
            continue
        if read.plaintext_data_key != written.plaintext_data_key:
            raise ConformanceError("Changed provider information led to another data key")


def shows_no_secret(subject: Subject) -> None:
    """No key shows in the repr of a keyring or its materials, nor in an error."""
    written = subject.write()
    damaged = _with_ciphertexts(written.encrypted_data_keys, lambda data: _flipped(data, -1))
    subject.check_silent(
        written,
        subject.keyring,
        subject.reader,
        written,
        subject.read(written),
        subject.check_refuses(written, "damaged data keys", damaged),
        subject.check_refuses(written, "no data key at all", []),
    )


def works_in_many_threads(subject: Subject) -> None:
    """Many threads can write and read at once."""
    with ThreadPoolExecutor(_THREADS) as pool:
        turns = [pool.submit(reads_what_it_wrote, subject) for _ in range(2 * _THREADS)]
    for turn in turns:
        turn.result()


def encrypts_whole_items(subject: Subject) -> None:
    """It can write and read whole items, in every suite that it supports."""
    item = {"pk": {"S": "ann"}, "salary": {"N": "1000"}}
    for suite in subject.suites:
        writer, reader = (
            ItemEncryptor(
                TableConfig(
                    "conformance",
                    "pk",
                    attribute_actions={
                        "pk": CryptoAction.SIGN_ONLY,
                        "salary": CryptoAction.ENCRYPT_AND_SIGN,
                    },
                    keyring=keyring,
                    algorithm_suite=suite,
                )
            )
            for keyring in (subject.keyring, subject.reader or subject.keyring)
        )
        if reader.decrypt_item(writer.encrypt_item(item)) != item:
            raise ConformanceError(f"An item of the suite {suite.name} came back changed")


def _stranger() -> RawAesKeyring:
    return RawAesKeyring("dynaseal-conformance", "stranger", bytes(KEY_LENGTH))


def _strange_data_keys(subject: Subject) -> tuple[EncryptedDataKey, ...]:
    wrapped = _stranger().on_encrypt(subject.new_materials())
    return (
        *wrapped.encrypted_data_keys,
        EncryptedDataKey("dynaseal-conformance-2", b"", b"\x00"),
    )


def _damaged(keys: Sequence[EncryptedDataKey]) -> Iterator[tuple[str, list[EncryptedDataKey]]]:
    """Yield copies of the keys, damaged in various ways, each with a description."""
    for step in range(SAMPLES + 1):
        flip = partial(_flipped_at, step / SAMPLES)
        yield f"with a bit flipped {step} twelfths in", _with_ciphertexts(keys, flip)
    yield "without the last byte", _with_ciphertexts(keys, lambda data: data[:-1])
    yield "cut to 48 bytes", _with_ciphertexts(keys, lambda data: data[:48])
    yield "that are empty", _with_ciphertexts(keys, lambda data: data[:0])
    yield "with one more byte", _with_ciphertexts(keys, lambda data: data + b"\x00")


def _with_ciphertexts(
    keys: Sequence[EncryptedDataKey], change: Callable[[bytes], bytes]
) -> list[EncryptedDataKey]:
    return [EncryptedDataKey(key.provider_id, key.provider_info, change(key.ciphertext)) for key in keys]


def _flipped_at(part: float, data: bytes) -> bytes:
    return _flipped(data, int((len(data) - 1) * part))


def _flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def _information_changes() -> Iterator[Callable[[bytes], bytes]]:
    yield lambda info: info[:0]
    yield lambda info: info[:-1]
    yield lambda info: info + b"\x00"
    yield lambda info: b"\xff" * len(info)
    yield lambda info: info[:1]
    yield lambda info: bytes(reversed(info))
