"""Secrets to look for, tables that use them, and the objects and strings in which they could show."""

from __future__ import annotations

import gc
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import BuiltinFunctionType, CellType, FunctionType, MethodType
from typing import Any

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    BeaconVersion,
    BranchKeyCache,
    CryptoAction,
    DecryptionMaterials,
    EncryptedClient,
    EncryptionMaterials,
    Keyring,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
)
from support.branch_keys import Clock
from support.fake_aws import ARN, FakeAws
from support.stubbed_dynamodb import StubbedDynamoDb

TEXT = "Tr0ub4dor-und-drei"
NUMBER = "2718281828459045235360287"
BINARY = bytes(range(170, 210))
AES_KEY = bytes(range(60, 92))
ITEM: dict[str, Any] = {
    "pk": {"S": "ann"},
    "text": {"S": TEXT},
    "number": {"N": NUMBER},
    "binary": {"B": BINARY},
    "nested": {"L": [{"M": {TEXT: {"S": TEXT}}}, {"SS": [TEXT]}, {"NS": [NUMBER]}, {"BS": [BINARY]}]},
}


@dataclass
class Secrets:
    """The secrets that must not show; data keys are added when they are made."""

    strings: list[str] = field(default_factory=lambda: [TEXT, NUMBER])
    keys: list[bytes] = field(default_factory=lambda: [BINARY, AES_KEY])

    def check(self, *shown: str) -> None:
        forms = [*self.strings, *(form for text in self.strings for form in encodings(text.encode()))]
        forms += [form for key in self.keys for form in encodings(key)]
        for text in shown:
            lowered = text.lower()
            for form in forms:
                assert form.lower() not in lowered, text

    def found_in(self, text: str) -> bool:
        try:
            self.check(text)
        except AssertionError:
            return True
        return False


def encodings(secret: bytes) -> Iterator[str]:
    """Yield the secret in hexadecimal, as a bytes literal, as numbers, and in base64 at any offset."""
    yield secret.hex()
    yield secret.hex(" ")
    yield repr(secret)[2:-1]
    yield str(list(secret))[1:-1]
    for before in range(3):
        # The first and last characters depend on the bytes around.
        yield b64encode(bytes(before) + secret).decode()[4:-4]


@dataclass
class RecordingKeyring:
    """A keyring that calls another one and records every key that it returns."""

    keyring: Keyring
    secrets: Secrets = field(repr=False)

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return self._recorded(self.keyring.on_encrypt(materials))

    def on_decrypt(self, materials: DecryptionMaterials, encrypted_data_keys: Any) -> DecryptionMaterials:
        return self._recorded(self.keyring.on_decrypt(materials, encrypted_data_keys))

    def _recorded(self, materials: Any) -> Any:
        keys = [materials.plaintext_data_key]
        if isinstance(materials, EncryptionMaterials):
            keys += materials.symmetric_signing_keys
        else:
            keys.append(materials.symmetric_signing_key)
        self.secrets.keys += [key for key in keys if key]
        self.secrets.check(repr(materials), str(materials))
        return materials


@dataclass
class SecretsFixture:
    """Tables, keyrings and a key store over a stand-in for AWS, and the secrets in them."""

    secrets: Secrets = field(default_factory=Secrets)
    aws: FakeAws = field(default_factory=FakeAws)
    clock: Clock = field(default_factory=Clock)
    stub: StubbedDynamoDb = field(default_factory=StubbedDynamoDb)

    def __post_init__(self) -> None:
        self.store = self.aws.key_store()
        self.store.create_key("tenant", {"department": "admin"})
        self.cache = BranchKeyCache(clock=self.clock, grace_seconds=60)
        self.secrets.keys += [plaintext for plaintext, _ in self.aws.kms.replies.values()]
        self.kms = AwsKmsKeyring(ARN, client=self.aws.kms.client("us-west-2"))
        self.hierarchical = AwsKmsHierarchicalKeyring(
            self.store, branch_key_id="tenant", ttl_seconds=600, cache=self.cache
        )
        self.aes = RawAesKeyring("tests", "one", AES_KEY)

    def config(self, keyring: Keyring, **more: Any) -> TableConfig:
        return TableConfig(
            "people",
            "pk",
            attribute_actions=AttributeActions(attribute_actions={"city": CryptoAction.SIGN_ONLY}),
            keyring=RecordingKeyring(keyring, self.secrets),
            **more,
        )

    def searchable(self) -> TableConfig:
        beacons = [StandardBeacon("text", 16), StandardBeacon("number", 16)]
        version = BeaconVersion(self.store, SingleKeySource("tenant"), beacons)
        return self.config(self.hierarchical, search=SearchConfig([version]))

    def client(self) -> EncryptedClient:
        return EncryptedClient(self.stub.client(), configs={"people": self.searchable()})


def library_objects(roots: Iterable[object]) -> Iterator[object]:
    """Yield every object of the library's classes that can be reached from some objects."""
    containers = (dict, list, tuple, set, frozenset, CellType, FunctionType, MethodType, BuiltinFunctionType)
    seen: set[int] = set()
    kept: list[object] = []
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        is_ours = type(one).__module__.startswith("dynaseal.") and not isinstance(one, type)
        if id(one) in seen or not (
            is_ours or isinstance(one, containers) or "lru_cache" in type(one).__name__
        ):
            continue
        seen.add(id(one))
        kept.append(one)
        if is_ours:
            yield one
        waiting += (one.__closure__ or ()) if isinstance(one, FunctionType) else gc.get_referents(one)
