"""CORS: what a page in a browser may send and read; other clients get no such headers."""

import httpx

from dynaseal_lab.server import RunningLab

CALL = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
ORIGIN = {"Origin": "http://page.example"}


def test_a_preflight_is_allowed_what_it_requests(running_lab: RunningLab) -> None:
    requested = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
    reply = httpx.options(running_lab.endpoint, headers=ORIGIN | requested)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"] == "POST"
    assert reply.headers["access-control-allow-headers"] == "x-amz-target"
    assert "access-control-max-age" in reply.headers


def test_a_page_may_read_the_reply_and_its_request_still_needs_a_signature(running_lab: RunningLab) -> None:
    reply = httpx.post(running_lab.endpoint, headers=ORIGIN | CALL)
    assert reply.status_code == 400
    assert reply.json()["__type"] == "MissingAuthenticationTokenException"
    assert reply.headers["access-control-allow-origin"] == "*"


def test_other_clients_get_no_such_headers(running_lab: RunningLab) -> None:
    reply = httpx.post(running_lab.endpoint, headers=CALL)
    assert not [name for name in reply.headers if name.startswith("access-control")]
