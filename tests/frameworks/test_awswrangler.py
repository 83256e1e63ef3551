"""awswrangler on an attached session encrypts and decrypts, or is refused; needs `make awswrangler`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pandas as pd
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

from dynaseal import FormatError, UnsupportedOperationError, attach
from dynaseal_lab.testing import LabAccount
from support.people import people

# awswrangler warns of each Scan.
pytestmark = pytest.mark.filterwarnings("ignore:Attempting DynamoDB Scan:UserWarning")
ROWS = [{"pk": "ann", "city": "Bern", "secret": "of ann"}, {"pk": "bob", "city": "Basel", "secret": "of bob"}]


@pytest.fixture(scope="module")
def wrangler() -> Any:
    """The module `awswrangler.dynamodb`."""
    if find_spec("awswrangler") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("awswrangler is not installed")
        pytest.skip("awswrangler is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own use of pandas and botocore
        return import_module("awswrangler").dynamodb


@pytest.fixture
def plain(lab: LabAccount) -> Any:
    lab.table("people", "pk")
    return lab.resource("dynamodb").Table("people")


@pytest.fixture
def attached(lab: LabAccount, plain: Any) -> dict[str, Any]:
    """The arguments that name the table and the attached session."""
    session = lab.root.session
    attach(session, {"people": people()})
    return {"table_name": plain.name, "boto3_session": session}


@pytest.fixture
def filled(wrangler: Any, attached: dict[str, Any]) -> dict[str, Any]:
    wrangler.put_df(pd.DataFrame(ROWS), **attached)
    return attached


@pytest.mark.usefixtures("filled")
def test_a_data_frame_is_written_encrypted(plain: Any) -> None:
    stored = plain.scan()["Items"]
    assert all(isinstance(item["secret"], Binary) for item in stored)
    assert sorted(item["city"] for item in stored) == ["Basel", "Bern"]


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"allow_full_scan": True}, ["ann", "bob"]),
        ({"allow_full_scan": True, "use_threads": False}, ["ann", "bob"]),
        ({"partition_values": ["bob"]}, ["bob"]),
        ({"partition_values": ["ann", "bob"]}, ["ann", "bob"]),
        ({"key_condition_expression": Key("pk").eq("ann")}, ["ann"]),
        ({"filter_expression": Attr("city").eq("Bern"), "allow_full_scan": True}, ["ann"]),
    ],
    ids=["scan in threads", "scan", "one key", "keys", "query", "filter"],
)
def test_items_are_read_decrypted(
    wrangler: Any, filled: dict[str, Any], request_: dict[str, Any], found: list[str]
) -> None:
    frame = wrangler.read_items(**request_, **filled)
    assert sorted(frame["secret"]) == [f"of {name}" for name in found]


@pytest.mark.parametrize(
    "call",
    [
        lambda wrangler, at: wrangler.read_items(columns=["pk", "secret"], allow_full_scan=True, **at),
        lambda wrangler, at: wrangler.read_items(
            filter_expression=Attr("secret").eq("of ann"), allow_full_scan=True, **at
        ),
        lambda wrangler, at: wrangler.read_partiql_query(
            "SELECT * FROM people", boto3_session=at["boto3_session"]
        ),
        lambda wrangler, at: list(
            wrangler.execute_statement("SELECT * FROM people", boto3_session=at["boto3_session"])
        ),
    ],
    ids=["columns", "filter on ciphertext", "read_partiql_query", "execute_statement"],
)
def test_what_cannot_be_verified_is_refused(
    wrangler: Any, filled: dict[str, Any], call: Callable[[Any, dict[str, Any]], Any]
) -> None:
    with pytest.raises(UnsupportedOperationError):
        call(wrangler, filled)


def test_an_item_that_does_not_verify_is_raised(wrangler: Any, filled: dict[str, Any], plain: Any) -> None:
    plain.put_item(Item={"pk": "eve"})
    with pytest.raises(FormatError):
        wrangler.read_items(allow_full_scan=True, use_threads=False, **filled)


def test_items_are_deleted(wrangler: Any, filled: dict[str, Any], plain: Any) -> None:
    wrangler.delete_items([{"pk": "ann"}], **filled)
    assert plain.scan()["Count"] == 1
