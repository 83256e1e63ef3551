"""What a browser's page may ask and see; other clients are answered without a word of it."""

import httpx

CALL = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
ORIGIN = {"Origin": "http://page.example"}


def test_a_preflight_is_allowed_what_it_asks_for(running_lab):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
    reply = httpx.options(running_lab.endpoint, headers=ORIGIN | asked)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"] == "POST"
    assert reply.headers["access-control-allow-headers"] == "x-amz-target"
    assert "access-control-max-age" in reply.headers


def test_an_answer_may_be_read_by_the_page_and_still_needs_a_signature(running_lab):
    reply = httpx.post(running_lab.endpoint, headers=ORIGIN | CALL)
    assert reply.status_code == 400
    assert reply.json()["__type"] == "MissingAuthenticationTokenException"
    assert reply.headers["access-control-allow-origin"] == "*"


def test_other_clients_get_no_such_headers(running_lab):
    reply = httpx.post(running_lab.endpoint, headers=CALL)
    assert not [name for name in reply.headers if name.startswith("access-control")]
