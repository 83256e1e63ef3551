"""A lab that is stopped and started again on its folder has everything it had."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dynaseal_lab.assembly import LabOptions
from dynaseal_lab.server import running
from dynaseal_lab.testing import LabAccount, LabPrincipal
from lab.program import ACCOUNT, REGION
from lab.state.conftest import started

TABLE = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


def test_the_roots_secret_stays_unless_another_is_given(state: Path) -> None:
    with started(state) as account:
        secret = account.lab.root_secret
    with started(state) as account:
        assert account.lab.root_secret == secret
    with running(options=LabOptions("another-secret", state)) as lab:
        LabAccount(ACCOUNT, lab, REGION).client("iam").list_users()
    with started(state) as account:
        assert account.lab.root_secret == "another-secret"


def test_users_roles_groups_policies_and_sessions_stay(state: Path) -> None:
    document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    trust = document.replace('"Resource": "*"', '"Principal": {"AWS": "*"}').replace(
        '"*"', '"sts:AssumeRole"', 1
    )
    with started(state) as account:
        iam = account.client("iam")
        iam.create_user(UserName="ann", Path="/team/", Tags=[{"Key": "a", "Value": "b"}])
        iam.create_group(GroupName="readers")
        iam.add_user_to_group(UserName="ann", GroupName="readers")
        arn = iam.create_policy(PolicyName="all", PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
        iam.put_user_policy(UserName="ann", PolicyName="inline", PolicyDocument=document)
        role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.attach_role_policy(RoleName="reader", PolicyArn=arn)
        ann = account.existing_user("ann")
        ann_settings, session_settings = ann.settings, ann.assume_role(role).settings
        before = iam.get_user(UserName="ann")["User"]
    with started(state) as account:
        endpoint = {"AWS_ENDPOINT_URL": account.lab.endpoint}
        ann = LabPrincipal(ann.arn, {**ann_settings, **endpoint})
        session = LabPrincipal(ann.arn, {**session_settings, **endpoint})
        assert account.client("iam").get_user(UserName="ann")["User"] == before
        assert session.client("sts").get_caller_identity()["Arn"].endswith("assumed-role/reader/session")
        groups = session.client("iam").list_groups_for_user(UserName="ann")["Groups"]
        assert groups[0]["GroupName"] == "readers"
        used = ann.client("iam").get_access_key_last_used(AccessKeyId=ann.access_key_id)
        assert used["AccessKeyLastUsed"]["ServiceName"] == "iam"


@pytest.mark.parametrize("spec", ["SYMMETRIC_DEFAULT", "RSA_2048", "ECC_NIST_P256", "HMAC_256"])
def test_keys_of_every_kind_stay_what_they_were(state: Path, spec: str) -> None:
    usage = {"HMAC_256": "GENERATE_VERIFY_MAC", "ECC_NIST_P256": "SIGN_VERIFY"}.get(spec, "ENCRYPT_DECRYPT")
    with started(state) as account:
        kms = account.client("kms")
        before = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
        output = use(kms, before["KeyId"], spec)
    with started(state) as account:
        kms = account.client("kms")
        assert kms.describe_key(KeyId=before["KeyId"])["KeyMetadata"] == before
        check(kms, before["KeyId"], spec, output)


def use(kms: Any, key: str, spec: str) -> bytes:
    """Use a key for its purpose, and return the MAC, signature or ciphertext."""
    if spec == "HMAC_256":
        return kms.generate_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
    if spec == "ECC_NIST_P256":
        return kms.sign(KeyId=key, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    algorithm = "RSAES_OAEP_SHA_256" if spec == "RSA_2048" else "SYMMETRIC_DEFAULT"
    return kms.encrypt(KeyId=key, Plaintext=b"m", EncryptionAlgorithm=algorithm)["CiphertextBlob"]


def check(kms: Any, key: str, spec: str, output: bytes) -> None:
    """Verify or decrypt the output of `use`."""
    if spec == "HMAC_256":
        assert kms.verify_mac(KeyId=key, Message=b"m", Mac=output, MacAlgorithm="HMAC_SHA_256")["MacValid"]
    elif spec == "ECC_NIST_P256":
        verified = kms.verify(KeyId=key, Message=b"m", Signature=output, SigningAlgorithm="ECDSA_SHA_256")
        assert verified["SignatureValid"]
    else:
        algorithm = "RSAES_OAEP_SHA_256" if spec == "RSA_2048" else "SYMMETRIC_DEFAULT"
        decrypted = kms.decrypt(KeyId=key, CiphertextBlob=output, EncryptionAlgorithm=algorithm)
        assert decrypted["Plaintext"] == b"m"


def test_a_table_stays_with_its_items_key_policy_tags_and_settings(state: Path) -> None:
    with started(state) as account:
        dynamodb, kms = account.client("dynamodb"), account.client("kms")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
        created = dynamodb.create_table(
            TableName="items", **TABLE, SSESpecification=encryption, Tags=[{"Key": "a", "Value": "b"}]
        )
        arn = created["TableDescription"]["TableArn"]
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy_for(arn))
        life = {"Enabled": True, "AttributeName": "ends"}
        dynamodb.update_time_to_live(TableName="items", TimeToLiveSpecification=life)
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName="items", PointInTimeRecoverySpecification=recovery)
        with dynamodb_batch(dynamodb) as put:
            for number in range(60):
                put({"pk": {"S": "p"}, "sk": {"N": str(number)}, "b": {"B": b"\0"}, "s": {"SS": ["x", "y"]}})
        dynamodb.delete_item(TableName="items", Key={"pk": {"S": "p"}, "sk": {"N": "3"}})
        dynamodb.execute_statement(Statement="UPDATE items SET n = 1 WHERE pk = 'p' AND sk = 4")
        before = sorted_items(dynamodb)
    with started(state) as account:
        dynamodb, kms = account.client("dynamodb"), account.client("kms")
        assert sorted_items(dynamodb) == before
        assert len(before) == 59
        table = dynamodb.describe_table(TableName="items")["Table"]
        assert table["SSEDescription"]["KMSMasterKeyArn"] == key
        assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == policy_for(arn)
        assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
        life = dynamodb.describe_time_to_live(TableName="items")["TimeToLiveDescription"]
        assert (life["TimeToLiveStatus"], life["AttributeName"]) == ("ENABLED", "ends")
        backups = dynamodb.describe_continuous_backups(TableName="items")["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        kms.disable_key(KeyId=key)
        with pytest.raises(dynamodb.exceptions.ClientError, match="KMS key disabled error"):
            dynamodb.scan(TableName="items")


def policy_for(arn: str) -> str:
    """Return a resource policy of a table."""
    return (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},'
        f'"Action":"dynamodb:GetItem","Resource":"{arn}"}}]}}'
    )


@contextmanager
def dynamodb_batch(dynamodb: Any) -> Iterator[Any]:
    """Yield a function that collects items; they are written at the end of the block."""
    items: list[Any] = []
    yield items.append
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={"items": puts})


def sorted_items(dynamodb: Any) -> list[Any]:
    """Return the table's items in a fixed order."""
    items = dynamodb.scan(TableName="items")["Items"]
    for item in items:
        item["s"] = sorted(item["s"]["SS"])
    return sorted(items, key=lambda item: int(item["sk"]["N"]))


def test_a_deleted_table_stays_deleted_and_a_new_one_of_its_name_is_empty(state: Path) -> None:
    item = {"pk": {"S": "p"}, "sk": {"N": "1"}}
    with started(state) as account:
        dynamodb = account.client("dynamodb")
        for name in ("gone", "anew"):
            dynamodb.create_table(TableName=name, **TABLE)
            dynamodb.put_item(TableName=name, Item=item)
            dynamodb.delete_table(TableName=name)
        dynamodb.create_table(TableName="anew", **TABLE)
    with started(state) as account:
        dynamodb = account.client("dynamodb")
        assert dynamodb.list_tables()["TableNames"] == ["anew"]
        assert dynamodb.scan(TableName="anew")["Items"] == []


def test_the_trail_stays(state: Path) -> None:
    with started(state) as account:
        account.client("iam").create_user(UserName="ann")
    with started(state) as account:
        events = account.trail()
    assert [(event["action"], event["allowed"]) for event in events] == [("iam:CreateUser", True)]
