"""The pages without a browser: what they show, to whom, and that they only read what is not a lab."""

from __future__ import annotations

import html
import json
import re
import time
from typing import Any, cast
from urllib.parse import quote

import boto3
import httpx
import pytest
from starlette.requests import Request

from dynaseal import AwsKmsKeyring, ItemEncryptor, RawAesKeyring, TableConfig
from dynaseal.inspector.accounts import Actor
from dynaseal.inspector.lab_pages import LabPages, RecentEvents
from dynaseal.inspector.readers import Readers
from dynaseal.inspector.rendering import decode_key, encode_key
from dynaseal.inspector.serving import running as running_inspector
from dynaseal.inspector.site import Site as PageSite
from dynaseal.inspector.table_pages import TablePages
from inspector.conftest import ACTIONS, MAY_READ, SECRET, Site, allow, new_table
from support.dynamodb import create_table, running_engine, session_arguments


def text_of(response: httpx.Response) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.text)))


def item_path(pk: str = "ann", user: str = "", table: str = "people") -> str:
    return f"tables/{table}/item?k={encode_key({'pk': {'S': pk}})}&as={user}"


def post(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    origin = str(client.base_url.copy_with(path="")).rstrip("/")
    return client.post(path, data=fields, headers={"Origin": origin, "HX-Request": "true"})


def test_the_first_page_lists_the_tables_and_the_users(client: httpx.Client) -> None:
    page = text_of(client.get(""))
    for word in ("people", "root", "full", "limited", "Policies", "Trail"):
        assert word in page


def test_a_table_lists_its_items_with_their_format(client: httpx.Client) -> None:
    page = text_of(client.get("tables/people"))
    assert "pk='ann'" in page
    assert "suite 0x6701" in page


def test_an_item_shows_that_it_can_be_decrypted_and_not_to_what(client: httpx.Client) -> None:
    page = client.get(item_path(user="full"))
    assert "full can decrypt this item" in text_of(page)
    assert SECRET not in page.text
    assert "Reveal secret" in page.text


def test_a_value_is_shown_when_it_is_asked_for(client: httpx.Client) -> None:
    fields = {"k": encode_key({"pk": {"S": "ann"}}), "as": "full"}
    assert SECRET in post(client, "tables/people/item/reveal", **fields, attribute="secret").text
    assert SECRET in post(client, "tables/people/item/reveal", **fields, attribute="").text
    assert SECRET not in post(client, "tables/people/item/reveal", **fields, attribute="plan").text


def test_without_javascript_a_value_is_shown_on_a_whole_page(client: httpx.Client) -> None:
    origin = str(client.base_url.copy_with(path="")).rstrip("/")
    fields = {"k": encode_key({"pk": {"S": "ann"}}), "attribute": "secret"}
    page = client.post("tables/people/item/reveal", data=fields, headers={"Origin": origin})
    assert SECRET in page.text
    assert "<html" in page.text


def test_another_user_sees_the_denial_in_awss_words(client: httpx.Client) -> None:
    page = text_of(client.get(item_path(user="limited")))
    assert "limited cannot decrypt this item" in page
    assert "user/limited is not authorized to perform: kms:Decrypt" in page
    assert "cannot be shown" in page


def test_who_may_not_read_the_table_sees_that_in_awss_words(client: httpx.Client) -> None:
    page = text_of(client.get(item_path(user="stranger")))
    assert "stranger cannot read what is stored" in page
    assert "is not authorized to perform: dynamodb:GetItem" in page


def test_who_can_read_an_item_is_shown_with_the_reason(client: httpx.Client) -> None:
    page = client.get(item_path())
    access = page.text[page.text.index("access-title") :]
    rows = {
        name: text_of(httpx.Response(200, text=row))
        for row in access.split("<tr")[2:]
        for name in re.findall(r'scope="row">([^<]+)<', row)
    }
    assert "yes" in rows["user/full"]
    assert "Allow full/read" in rows["user/full"]
    assert "no identity policy allows it" in rows["user/limited"]
    assert "no identity policy allows it" in rows["user/stranger"]


def test_a_policy_that_is_saved_takes_effect_at_once(client: httpx.Client) -> None:
    boto3.client("iam").create_user(UserName="later")
    allow("later", "dynamodb:DescribeTable", "dynamodb:GetItem")
    assert "later cannot decrypt" in text_of(client.get(item_path(user="later")))
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    saved = post(
        client,
        "policies/save",
        kind="user",
        owner="later",
        name="key",
        document=json.dumps({"Statement": [statement]}),
    )
    assert (saved.headers["hx-trigger"], "takes effect at once" in saved.text) == ("policies-changed", True)
    assert "later can decrypt" in text_of(client.get(item_path(user="later")))


def test_a_policy_that_is_deleted_takes_effect_at_once(client: httpx.Client) -> None:
    boto3.client("iam").create_user(UserName="formerly")
    allow("formerly", "dynamodb:DescribeTable", "dynamodb:GetItem", "kms:Decrypt")
    assert "formerly can decrypt" in text_of(client.get(item_path(user="formerly")))
    fields = {"kind": "user", "owner": "formerly", "name": "read", "document": "", "action": "delete"}
    assert "Deleted" in post(client, "policies/save", **fields).text
    assert "formerly cannot read what is stored" in text_of(client.get(item_path(user="formerly")))


def test_without_javascript_a_policy_is_saved_or_refused_on_a_whole_page(client: httpx.Client) -> None:
    origin = str(client.base_url.copy_with(path="")).rstrip("/")
    fields = {"kind": "user", "owner": "stranger", "name": "nothing", "document": "{"}
    refused = client.post("policies/save", data=fields, headers={"Origin": origin})
    assert "MalformedPolicyDocument" in refused.text
    assert "<html" in refused.text
    nothing = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
    fields["document"] = json.dumps({"Statement": [nothing]})
    saved = client.post("policies/save", data=fields, headers={"Origin": origin})
    assert "sts:GetCallerIdentity" in saved.text


def test_a_key_policy_can_be_edited(client: httpx.Client) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    document = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    document["Id"] = "edited"
    saved = post(
        client, "policies/save", kind="key", owner=key, name="default", document=json.dumps(document)
    )
    assert "takes effect at once" in saved.text
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])["Id"] == "edited"
    assert "edited" in client.get("policies").text


def test_a_managed_policy_gets_a_new_version_and_the_oldest_goes(client: httpx.Client) -> None:
    iam = boto3.client("iam")
    statement = {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_policy(PolicyName="managed", PolicyDocument=document)["Policy"]["Arn"]
    for _ in range(6):
        saved = post(client, "policies/save", kind="managed", owner=arn, name="managed", document=document)
        assert "takes effect at once" in saved.text
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5


def test_the_policies_of_a_users_groups_are_the_users(client: httpx.Client) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="member")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(UserName="member", GroupName="readers")
    document = {"Statement": [{"Effect": "Allow", "Action": MAY_READ, "Resource": "*"}]}
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=json.dumps(document))
    page = text_of(client.get(item_path(user="member")))
    assert "member cannot decrypt this item" in page
    assert "Policy p of the group readers" in page
    document["Statement"][0]["Action"] = [*MAY_READ, "kms:Decrypt"]
    fields = {"kind": "group", "owner": "readers", "name": "p", "document": json.dumps(document)}
    assert "takes effect at once" in post(client, "policies/save", **fields).text
    assert "member can decrypt this item" in text_of(client.get(item_path(user="member")))


def test_a_malformed_policy_is_refused_in_awss_words(client: httpx.Client) -> None:
    saved = post(client, "policies/save", kind="user", owner="limited", name="x", document="{")
    assert "MalformedPolicyDocument" in saved.text
    assert "hx-trigger" not in saved.headers


@pytest.mark.parametrize("fields", [{"kind": "role", "owner": "x"}, {"kind": "key"}, {}])
def test_a_form_that_names_no_policy_is_refused(client: httpx.Client, fields: dict[str, str]) -> None:
    assert post(client, "policies/save", **fields).status_code == 400


def test_the_trail_is_live(client: httpx.Client) -> None:
    page = client.get("trail")
    after = re.search(r"after=(\d+)", page.text)
    assert after is not None
    assert client.get(f"trail/events?after={after[1]}").status_code == 204
    client.get(item_path(user="limited"))
    newer = client.get(f"trail/events?after={after[1]}")
    assert "kms:Decrypt" in text_of(newer)
    assert "no identity policy allows it" in text_of(newer)
    assert "iam:ListUsers" not in newer.text
    assert "iam:ListUsers" in client.get("trail?all=yes").text


def test_items_are_found_by_key_and_by_query(client: httpx.Client) -> None:
    assert client.get("tables/people?key.pk=ann").url.path.endswith("/tables/people/item")
    found = text_of(client.get("tables/people?partition=ann"))
    assert "1 item, found by a query" in found
    assert "no sort key" in text_of(client.get("tables/people?partition=ann&sort=x"))


def test_pages_follow_each_other(client: httpx.Client, site: Site) -> None:
    pages = new_table(site.key_arn, "pages")
    with pages.batch_writer() as batch:
        for number in range(7):
            batch.put_item(Item={"pk": f"p{number}", "secret": "x"})
    found: set[str] = set()
    path = "tables/pages?limit=3"
    for _ in range(4):
        page = client.get(path)
        found |= set(re.findall(r"pk=&#39;(p\d)&#39;", page.text))
        following = re.search(r'href="\?([^"]*)" rel="next"', page.text)
        if following is None:
            break
        path = f"tables/pages?{html.unescape(following[1])}"
    assert len(found) == 7


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("tables/nothing", 404, "Requested resource not found"),
        ("tables/people?as=nobody", 404, "There is no user nobody to look as"),
        ("tables/people/item?k=%00", 400, "does not name a key"),
        ("tables/people/item?k=", 400, "does not name a key"),
        ("tables/people?start=AAAA", 400, "does not name a key"),
        ("trail/events?after=x", 400, "does not name an event"),
    ],
)
def test_an_address_that_names_nothing_says_so(
    client: httpx.Client, path: str, status: int, words: str
) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert words in text_of(response)


def test_an_item_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    response = client.get(item_path("nobody"))
    assert (response.status_code, "has no item" in response.text) == (404, True)


def test_hostile_items_are_shown_as_text(client: httpx.Client, site: Site) -> None:
    new_table(site.key_arn, "hostile")
    hostile: dict[str, Any] = {
        "pk": {"S": "<script>alert(1)</script>"},
        '"><img src=x onerror=alert(1)>': {"S": "</textarea><script>alert(2)</script>\x1b[2J\u202e"},
        "aws_dbe_head": {"B": b"\x01\x01" + b"<b>" * 20},
        "aws_dbe_foot": {"S": "{{ 7 * 7 }}"},
        "huge": {"S": "x" * 100_000},
        "many": {"L": [{"S": "y"}] * 5000},
    }
    boto3.client("dynamodb").put_item(TableName="hostile", Item=hostile)
    listed = client.get("tables/hostile")
    shown = client.get(item_path("<script>alert(1)</script>", table="hostile"))
    assert shown.status_code == 200
    for page in (listed, shown):
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "\x1b" not in page.text
        assert "\u202e" not in page.text
        assert len(page.text) < 60_000
    assert "{{ 7 * 7 }}" in html.unescape(shown.text)
    assert "header ends too early" in shown.text


def test_an_item_with_thousands_of_attributes_is_cut(client: httpx.Client, site: Site) -> None:
    new_table(site.key_arn, "wide")
    item = {"pk": {"S": "w"}, **{f"a{number}": {"N": "1"} for number in range(3000)}}
    boto3.client("dynamodb").put_item(TableName="wide", Item=item)
    assert "more attributes are not shown" in client.get(item_path("w", table="wide")).text


def test_keys_survive_an_address() -> None:
    key = {"pk": {"B": b"\x00\xff"}, "n": {"N": "-1"}, "s": {"S": "ä/ <&"}}
    assert decode_key(encode_key(key)) == key


@pytest.mark.parametrize("encoded", ["", "x", "AAAA", "W10", "é", "eyJhIjp7IkIiOiI_In19"])
def test_another_address_is_not_a_key(encoded: str) -> None:
    with pytest.raises(ValueError, match="does not name a key"):
        decode_key(encoded)


def test_a_page_has_at_most_100_items_however_many_are_wanted(client: httpx.Client, site: Site) -> None:
    new_table(site.key_arn, "crowd")
    with boto3.resource("dynamodb").Table("crowd").batch_writer() as batch:
        for number in range(130):
            batch.put_item(Item={"pk": f"p{number}"})
    assert "<caption>100 items" in client.get("tables/crowd?limit=100000").text


REQUEST: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/path/tables/crowd",
    "path_params": {"table": "crowd"},
    "query_string": b"limit=100",
    "headers": [],
    "server": ("127.0.0.1", 80),
}


class StubbedAccount:
    """An account outside any lab, whose DynamoDB has as many items as a page may have."""

    is_lab = False
    lab = None

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self._items = items
        self.ambient = Actor("", "arn:aws:iam::111122223333:root", {"dynamodb": self, "kms": self})

    def users(self) -> tuple[str, ...]:
        return ()

    def actor(self, _user: str) -> Actor:
        return self.ambient

    def describe_table(self, **_: Any) -> Any:
        return {
            "Table": {
                "TableName": "crowd",
                "TableArn": "arn:aws:dynamodb:eu-west-1:111122223333:table/crowd",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            }
        }

    def scan(self, **request: Any) -> Any:
        return {"Items": self._items[: request["Limit"]]}

    def decrypt(self, **_: Any) -> Any:
        raise AssertionError

    generate_data_key = decrypt


def test_a_page_of_100_items_takes_less_than_300_milliseconds() -> None:
    """Of this thread's own time, which does not depend on what else the machine does."""
    config = TableConfig("crowd", "pk", attribute_actions=ACTIONS, keyring=RawAesKeyring("n", "k", bytes(32)))
    encryptor = ItemEncryptor(config)
    items = [
        encryptor.encrypt_item(
            {
                "pk": {"S": f"p{number}"},
                **{f"a{at}": {"S": "x" * 50} for at in range(20)},
                "secret": {"S": "y"},
            }
        )
        for number in range(100)
    ]
    site = PageSite(cast("Any", StubbedAccount(items)), "/path")
    pages = TablePages(site, Readers(()))
    request = Request(REQUEST)
    taken: list[float] = []
    for _ in range(3):
        begin = time.thread_time()
        response = site.answer(pages.show_table, request)
        taken.append(time.thread_time() - begin)
        assert b"<caption>100 items" in response.body
    assert min(taken) < 0.3


@pytest.mark.parametrize("address", ["show_policies", "save_policy", "show_trail", "show_events"])
def test_what_is_not_a_lab_is_only_read(address: str) -> None:
    site = PageSite(cast("Any", StubbedAccount([])), "/path")
    pages = LabPages(site, RecentEvents("arn"))
    body = "kind=user&owner=limited&name=x&document={}&after=0"
    request = Request({**REQUEST, "method": "POST"})
    response = site.answer(getattr(pages, address), request, body)
    assert response.status_code == 404
    assert b"Only a lab has this page" in response.body


def test_a_user_with_two_access_keys_cannot_be_looked_as(client: httpx.Client) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="busy")
    for _ in range(2):
        iam.create_access_key(UserName="busy")
    page = text_of(client.get("tables/people?as=busy"))
    assert "busy has two access keys already, which is IAM's limit" in page
    assert "`aws iam delete-access-key` deletes one" in page


def test_what_is_not_a_lab_has_tables_and_nothing_that_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_engine() as endpoint:
        arguments = session_arguments(endpoint)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_DEFAULT_REGION", arguments["region_name"])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", arguments["aws_access_key_id"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", arguments["aws_secret_access_key"])
        name = create_table(boto3.client("dynamodb"), "pk")
        boto3.client("dynamodb").put_item(TableName=name, Item={"pk": {"S": "ann"}})
        with running_inspector() as url, httpx.Client(follow_redirects=True) as client:
            client.base_url = client.get(url).url
            tables = client.get("")
            assert "AWS, read-only" in tables.text
            assert name in tables.text
            for word in ("Look as", "Policies", "Trail"):
                assert word not in tables.text
            assert "not encrypted" in client.get(item_path(table=name)).text
            for path in ("policies", "trail", "trail/events?after=0"):
                assert client.get(path).status_code == 404
            assert post(client, "policies/save", kind="key", owner="x", document="{}").status_code == 404
            assert client.get("?as=root").status_code == 404


def test_a_user_of_a_lab_is_told_what_its_root_could_do(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    key = boto3.client("iam").create_access_key(UserName="limited")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    with running_inspector() as url, httpx.Client(follow_redirects=True) as client:
        page = text_of(client.get(url))
    boto3.client("iam").delete_access_key(UserName="limited", AccessKeyId=key["AccessKeyId"])
    assert "ListTables was refused: AccessDeniedException" in page
    assert "Started with the credentials of its root" in page
    assert site.key_arn not in page


@pytest.mark.parametrize("service", ["KMS", "IAM", "STS", "DYNAMODB"])
def test_a_lab_of_which_one_service_is_elsewhere_is_only_read(
    site: Site, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """Otherwise the policies of a real account would be changed, because its table is in a lab."""
    elsewhere = site.endpoint.replace("127.0.0.1", "localhost")
    assert elsewhere != site.endpoint
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", elsewhere)
    with running_inspector() as url, httpx.Client(follow_redirects=True) as client:
        client.base_url = client.get(url).url
        page = text_of(client.get(""))
        assert "AWS, read-only" in page
        assert "Policies" not in page
        assert client.get("policies").status_code == 404
        fields = {"kind": "user", "owner": "limited", "name": "evil", "document": "{}"}
        assert post(client, "policies/save", **fields).status_code == 404


def test_only_the_principal_that_looks_is_marked(client: httpx.Client) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    boto3.client("iam").create_role(
        RoleName="full", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )
    page = client.get(item_path(user="full")).text
    boto3.client("iam").delete_role(RoleName="full")
    assert "role/full" in page
    assert page.count('class="selected"') == 1


def test_a_configuration_is_enough_where_describe_table_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a real account, whose readers may often not describe a table."""
    boto3.client("iam").create_user(UserName="reads")
    allow("reads", "dynamodb:GetItem", "kms:Decrypt")
    key = boto3.client("iam").create_access_key(UserName="reads")["AccessKey"]
    monkeypatch.setattr("dynaseal.inspector.accounts.is_lab", lambda _endpoint: False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    config = TableConfig("people", "pk", attribute_actions=ACTIONS, keyring=AwsKmsKeyring(site.key_arn))
    with running_inspector([config]) as url, httpx.Client(follow_redirects=True) as client:
        client.base_url = client.get(url).url
        assert "Scan was refused: AccessDeniedException" in text_of(client.get("tables/people"))
        assert "reads can decrypt this item" in text_of(client.get("tables/people?key.pk=ann"))


def test_a_user_who_was_deleted_can_be_looked_as_again_once_there_is_one(client: httpx.Client) -> None:
    iam = boto3.client("iam")

    def delete_keys() -> None:
        for key in iam.list_access_keys(UserName="again")["AccessKeyMetadata"]:
            iam.delete_access_key(UserName="again", AccessKeyId=key["AccessKeyId"])

    iam.create_user(UserName="again")
    allow("again", *MAY_READ, "kms:Decrypt")
    assert "again can decrypt" in text_of(client.get(item_path(user="again")))
    delete_keys()
    assert "again can decrypt" in text_of(client.get(item_path(user="again")))
    delete_keys()
    iam.delete_user_policy(UserName="again", PolicyName="read")
    iam.delete_user(UserName="again")
    gone = client.get(item_path(user="again"))
    assert (gone.status_code, "There is no user again" in text_of(gone)) == (404, True)
    iam.create_user(UserName="again")
    allow("again", *MAY_READ)
    assert "user/again is not authorized to perform: kms:Decrypt" in text_of(
        client.get(item_path(user="again"))
    )


@pytest.mark.parametrize("name", ["a/b", "a?b=c", "//evil.example", "a#b", "a\r\nX-Header: x"])
def test_a_table_of_any_name_is_looked_for_under_that_name(client: httpx.Client, name: str) -> None:
    response = client.get("", params={"table": name}, follow_redirects=False)
    assert response.headers["location"] == f"{client.base_url.path}tables/{quote(name, safe='')}"
    assert "x-header" not in response.headers
