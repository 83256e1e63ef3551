"""The trail: which events it keeps, and for whom."""

from dataclasses import replace
from datetime import UTC, datetime

from dynaseal_lab.model import AccessRequest, Call, Decision, Fault, Principal
from dynaseal_lab.trail import Trail

ANN = Principal(
    kind="user", account="111122223333", arn="arn:ann", caller_arn="arn:ann", user_id="AIDAANN", name="ann"
)
CALL = Call(
    principal=ANN,
    access_key_id="AKIAANN",
    service="kms",
    operation="Decrypt",
    region="eu-west-1",
    params={},
    request_id="id",
    time=datetime(2026, 1, 1, tzinfo=UTC),
    via_service="dynamodb.eu-west-1.amazonaws.com",
)


def test_the_oldest_events_beyond_the_capacity_are_dropped() -> None:
    trail = Trail(capacity=2)
    for number in range(3):
        trail.add(
            CALL,
            AccessRequest(action=f"kms:{number}", resource="*", resource_account="111122223333"),
            Decision(True, "allowed"),
        )
    assert [event.action for event in trail.events("111122223333")] == ["kms:1", "kms:2"]


def test_an_event_says_through_which_service_a_call_came() -> None:
    trail = Trail()
    trail.add(
        CALL,
        AccessRequest(action="kms:Decrypt", resource="*", resource_account="111122223333"),
        Decision(True, "allowed"),
    )
    assert trail.events("111122223333")[0].source == "dynamodb.eu-west-1.amazonaws.com"


def test_an_account_sees_what_others_do_to_its_resources() -> None:
    trail = Trail()
    key = "arn:aws:kms:eu-west-1:444455556666:key/a"
    trail.add(
        CALL,
        AccessRequest(action="kms:Decrypt", resource=key, resource_account="444455556666"),
        Decision(False, "no-resource-policy"),
    )
    assert len(trail.events("444455556666")) == 1
    assert trail.events("777788889999") == []


def test_a_call_that_failed_is_an_event_only_if_nothing_was_decided_about_it() -> None:
    trail = Trail()
    not_found = Fault("NotFoundException", "the plaintext is hunter2")
    params = {"KeyId": "key/a", "Plaintext": b"hunter2"}
    trail.add_failure(replace(CALL, request_id="first", params=params), not_found)
    trail.add(
        CALL,
        AccessRequest(action="kms:Decrypt", resource="*", resource_account="111122223333"),
        Decision(True, "allowed"),
    )
    trail.add_failure(CALL, not_found)
    events = trail.events("111122223333")
    assert [(event.request_id, event.outcome) for event in events] == [("first", "failed"), ("id", "allowed")]
    assert (events[0].action, events[0].resource, events[0].reason) == (
        "kms:Decrypt",
        "key/a",
        "NotFoundException",
    )
    assert "hunter2" not in str(events[0].as_json())


def test_events_are_counted_so_that_a_reader_can_go_on_where_it_stopped() -> None:
    trail = Trail()
    for number in range(3):
        trail.add(
            CALL,
            AccessRequest(action=f"kms:{number}", resource="*", resource_account="111122223333"),
            Decision(True, "allowed"),
        )
    assert [event.sequence for event in trail.events("111122223333")] == [1, 2, 3]
    assert [event.action for event in trail.events("111122223333", after=2)] == ["kms:2"]
