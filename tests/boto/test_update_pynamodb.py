"""PynamoDB's `Model.update` and `VersionAttribute` on an attached session."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError
from pynamodb.models import Model

from dynaseal import AttributeActions, CryptoAction, RawAesKeyring, TableConfig, UpdateMode, attach
from support.dynamodb import create_table, session_arguments


@pytest.fixture
def model(client: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    name = create_table(client, "pk")
    config = TableConfig(
        name,
        "pk",
        attribute_actions=AttributeActions(attribute_actions={"version": CryptoAction.SIGN_ONLY}),
        keyring=RawAesKeyring("tests", "key", bytes(32)),
        update_mode=UpdateMode.READ_MODIFY_WRITE,
    )
    arguments = session_arguments(endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", arguments["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", arguments["aws_secret_access_key"])

    class Account(Model):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB adds the rest
            table_name = name
            region = arguments["region_name"]
            host = endpoint

        pk = UnicodeAttribute(hash_key=True)
        balance = NumberAttribute(default=0)
        notes: Any = ListAttribute(null=True)
        version = VersionAttribute()

    session = botocore.session.get_session()
    attach(session, {name: config})
    monkeypatch.setattr(Connection, "session", session)
    return Account


def test_update_changes_encrypted_attributes_and_the_version(model: Any) -> None:
    model("ann", balance=5).save()
    account, other = model.get("ann"), model.get("ann")

    account.update(actions=[model.balance.set(model.balance + 3), model.notes.set(["a"])])
    assert (account.balance, account.version, account.notes) == (8, 2, ["a"])
    account.update(actions=[model.notes.set(model.notes.append(["b"]))], condition=model.balance == 8)
    assert (account.notes, account.version) == (["a", "b"], 3)

    with pytest.raises(UpdateError) as caught:
        other.update(actions=[model.balance.set(0)])
    assert caught.value.cause_response_code == "ConditionalCheckFailedException"
    assert model.get("ann").balance == 8
