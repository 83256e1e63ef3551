"""Which KMS client is used, and when it is made: the caller's, or one per Region from the session."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.session import Session

import dynaseal
from dynaseal import (
    AwsKmsCryptographicMaterialsProvider,
    AwsKmsKeyring,
    AwsKmsMultiKeyring,
    ConfigError,
    Keyring,
    KeyStore,
)
from dynaseal.boto.keys.clients import Clients
from dynaseal.testing import Subject
from support.fake_aws import FakeDynamoDb, FakeKeyStoreKmsClient
from support.fake_kms import FakeKms, FakeKmsClient
from support.keyrings import KMS_A, KMS_EU, fake_kms


def test_the_callers_function_is_called_once_per_region_under_many_threads() -> None:
    kms = fake_kms()
    clients = Clients("kms", make_client=kms.client)
    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(clients, ["us-west-2", "eu-west-1"] * 20))

    assert {client.region for client in results} == {"us-west-2", "eu-west-1"}
    assert len(results) == 2
    assert sorted(kms.clients_made) == ["eu-west-1", "us-west-2"]


def test_a_client_is_made_from_the_callers_session_in_the_requested_region() -> None:
    session = Session()
    session.set_config_variable("region", "us-west-2")
    clients = Clients("kms", session)

    assert clients("eu-west-1").meta.region_name == "eu-west-1"
    assert clients(None).meta.region_name == "us-west-2"
    assert clients(None).meta.config.user_agent_extra == f"dynaseal/{dynaseal.__version__}"


def test_no_region_anywhere_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    with pytest.raises(
        ConfigError,
        match=r"No Region is set for kms\. Pass the key's ARN, or set AWS_REGION or AWS_DEFAULT_REGION",
    ):
        Clients("kms", Session())(None)
    with pytest.raises(ConfigError, match=r"No Region is set for dynamodb\. Set AWS_REGION"):
        Clients("dynamodb", Session())(None)


@pytest.mark.parametrize("default_session", [False, True], ids=["botocore session", "default session"])
@pytest.mark.parametrize(
    ("session_region", "aws_region", "aws_default_region", "profile", "expected"),
    [
        (None, "eu-west-1", None, None, "eu-west-1"),
        (None, None, "eu-west-2", None, "eu-west-2"),
        (None, None, None, "eu-west-3", "eu-west-3"),
        (None, "eu-west-1", "eu-west-2", "eu-west-3", "eu-west-1"),
        (None, None, "eu-west-2", "eu-west-3", "eu-west-2"),
        (None, "", "eu-west-2", None, "eu-west-2"),
        (None, "eu-west-1", "", "eu-west-3", "eu-west-1"),
        ("us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "us-west-2"),
    ],
)
def test_a_client_is_in_the_region_of_its_session_then_of_the_environment_then_of_the_profile(
    *,
    session_region: str | None,
    aws_region: str | None,
    aws_default_region: str | None,
    profile: str | None,
    expected: str,
    default_session: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    config = tmp_path / "config"
    config.write_text("" if profile is None else f"[default]\nregion = {profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in (("AWS_REGION", aws_region), ("AWS_DEFAULT_REGION", aws_default_region)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        boto3, "DEFAULT_SESSION", boto3.Session(region_name=session_region) if session_region else None
    )
    session = None
    if not default_session:
        session = Session()
        if session_region:
            session.set_config_variable("region", session_region)
    for service in ("kms", "dynamodb"):
        assert Clients(service, session)().meta.region_name == expected


def test_the_older_librarys_provider_uses_the_regional_clients_that_it_is_given() -> None:
    kms = fake_kms()
    clients = {region: kms.client(region) for region in ("us-west-2", "eu-central-1")}

    for arn in (KMS_A, KMS_EU):
        provider = AwsKmsCryptographicMaterialsProvider(
            arn, regional_clients=clients, grant_tokens=["token"], material_description={}
        )
        subject = Subject(provider)
        subject.check_reads(subject.write(), "through the older name")

    assert [call["region"] for call in kms.calls] == ["us-west-2"] * 2 + ["eu-central-1"] * 2
    assert all(call["grant_tokens"] == ["token"] for call in kms.calls)


def test_the_older_librarys_material_description_is_refused() -> None:
    with pytest.raises(ConfigError, match="no material description"):
        AwsKmsCryptographicMaterialsProvider(KMS_A, material_description={"a": "b"})


def test_a_client_that_is_not_given_is_the_default_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    boto3.setup_default_session(
        aws_access_key_id="AKIDEFAULT", aws_secret_access_key="s", region_name="eu-west-1"
    )

    client = Clients("kms")("us-west-2")

    assert client._request_signer._credentials.access_key == "AKIDEFAULT"
    assert client.meta.region_name == "us-west-2"


class EmptyKmsClient(FakeKmsClient):
    """A client that is false, as a stub that counts its calls may be."""

    def __len__(self) -> int:
        return 0


class EmptyKeyStoreKmsClient(FakeKeyStoreKmsClient):
    def __len__(self) -> int:
        return 0


class EmptyDynamoDb(FakeDynamoDb):
    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize(
    "build",
    [
        lambda client: AwsKmsKeyring(KMS_A, client=client),
        lambda client: AwsKmsMultiKeyring(KMS_A, clients=lambda _: client),
        lambda client: AwsKmsCryptographicMaterialsProvider(KMS_A, regional_clients={"us-west-2": client}),
    ],
    ids=["client", "clients", "regional_clients"],
)
def test_a_client_that_is_false_is_used(build: Callable[[Any], Keyring]) -> None:
    kms = fake_kms()
    subject = Subject(build(EmptyKmsClient(kms, "us-west-2")))

    subject.check_reads(subject.write(), "by a client that is false")

    assert kms.operations() == ["GenerateDataKey", "Decrypt"]


def test_a_client_that_is_false_is_made_once() -> None:
    kms, regions = fake_kms(), list[str]()

    def make(region: str) -> Any:
        regions.append(region)
        return EmptyKmsClient(kms, region)

    clients = Clients("kms", make_client=make)

    assert clients("us-west-2") is clients("us-west-2")
    assert regions == ["us-west-2"]


def test_a_key_store_uses_clients_that_are_false() -> None:
    kms = FakeKms()
    store = KeyStore(
        "keys",
        "logical",
        KMS_A,
        dynamodb_client=EmptyDynamoDb(kms.calls),
        kms_client=EmptyKeyStoreKmsClient(kms, "us-west-2"),
    )
    store.create_table()
    kms.calls.clear()

    store.get_active_branch_key(store.create_key())

    assert kms.operations()[-2:] == ["GetItem", "Decrypt"]


async def make_later(region: str) -> Any:
    return fake_kms().client(region)


NOT_CLIENTS: list[tuple[Callable[[], object], str]] = [
    (lambda: None, "of the type NoneType"),
    (lambda: "us-west-2", "of the type str"),
    (lambda: 5, "of the type int"),
    (object, "of the type object"),
    (lambda: (client for client in ()), "of the type generator"),
    (lambda: FakeKmsClient, "the class FakeKmsClient"),
    (lambda: make_later("us-west-2"), "of the type coroutine. The function may not be a coroutine function"),
    (lambda: boto3.client("dynamodb", region_name="us-west-2"), "of the type DynamoDB"),
]


@pytest.mark.parametrize(("make", "says"), NOT_CLIENTS)
@pytest.mark.parametrize("method", ["write", "read"])
def test_a_function_that_returns_no_client_is_refused_each_time(
    make: Callable[[], object], says: str, method: str
) -> None:
    kms = fake_kms()
    written = Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2"))).write()
    clients: Any = lambda _: make()  # noqa: E731 a type checker knows what it returns
    subject = Subject(AwsKmsMultiKeyring(KMS_A, clients=clients))

    for _ in range(2):
        with pytest.raises(ConfigError) as refusal:
            subject.write() if method == "write" else subject.read(written)
        assert "A multi-keyring's clients('us-west-2')" in str(refusal.value)
        assert says in str(refusal.value)


def test_a_function_may_return_a_client_after_one_that_is_refused() -> None:
    kms = fake_kms()
    clients: list[Any] = [kms.client("us-west-2"), None]
    subject = Subject(AwsKmsMultiKeyring(KMS_A, clients=lambda _: clients.pop()))

    with pytest.raises(ConfigError):
        subject.write()

    subject.check_reads(subject.write(), "by the second client")


@pytest.mark.parametrize(("make", "says"), [case for case in NOT_CLIENTS if "coroutine" not in case[1]])
def test_a_regional_client_that_is_no_client_is_refused(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        AwsKmsCryptographicMaterialsProvider(KMS_A, regional_clients={"us-west-2": make()})

    assert "AwsKmsCryptographicMaterialsProvider's regional_clients['us-west-2']" in str(refusal.value)
    assert says in str(refusal.value)


def test_regional_clients_are_a_mapping() -> None:
    clients: Any = [fake_kms().client("us-west-2")]

    with pytest.raises(ConfigError, match="regional_clients must be of the type Mapping"):
        AwsKmsCryptographicMaterialsProvider(KMS_A, regional_clients=clients)


class OnlyReads:
    """A client with one method of another one, as a program that only reads may have it."""

    def __init__(self, client: Any, method: str) -> None:
        setattr(self, method, getattr(client, method))


def test_a_client_that_only_reads_reads_and_is_refused_when_it_should_write() -> None:
    kms = fake_kms()
    client: Any = OnlyReads(kms.client("us-west-2"), "decrypt")
    subject = Subject(AwsKmsKeyring(KMS_A, client=client))

    subject.check_reads(Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2"))).write(), "by decrypt")
    with pytest.raises(ConfigError, match="OnlyReads is used, and has no method generate_data_key"):
        subject.write()


@pytest.mark.parametrize(
    ("only_reads", "use", "method"),
    [
        ("dynamodb", "create_table", "describe_table"),
        ("dynamodb", "create_key", "transact_write_items"),
        ("kms", "create_key", "generate_data_key_without_plaintext"),
    ],
)
def test_a_key_store_whose_client_only_reads_is_refused_when_it_should_write(
    only_reads: str, use: str, method: str
) -> None:
    kms = FakeKms()
    dynamodb: Any = FakeDynamoDb(kms.calls)
    kms_client: Any = FakeKeyStoreKmsClient(kms, "us-west-2")
    full = KeyStore("keys", "logical", KMS_A, dynamodb_client=dynamodb, kms_client=kms_client)
    branch_key_id = full.create_key()
    if only_reads == "dynamodb":
        dynamodb = OnlyReads(dynamodb, "get_item")
    else:
        kms_client = OnlyReads(kms_client, "decrypt")
    store = KeyStore("keys", "logical", KMS_A, dynamodb_client=dynamodb, kms_client=kms_client)

    assert store.get_active_branch_key(branch_key_id) == full.get_active_branch_key(branch_key_id)
    with pytest.raises(ConfigError, match=f"OnlyReads is used, and has no method {method}"):
        getattr(store, use)()
