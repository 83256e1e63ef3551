"""The driver of an update's plan over a boto3 client."""

from typing import Any

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from dynaseal import drivers
from dynaseal.boto.interception.updates.steps import DynamoDbCall, Pause, Steps
from dynaseal.observation import update_repeated


def run_plan(plan: Steps, client: Any) -> dict[str, Any]:
    """Make the calls and pauses of a plan, and return the reply for the caller.

    Args:
        plan: The plan.
        client: A client that takes and returns wire values, and does not encrypt.
    """
    try:
        step = next(plan)
        while True:
            if isinstance(step, Pause):
                update_repeated()
                drivers.sleep(step.seconds)
                step = next(plan)
            else:
                step = plan.send(_reply(client, step))
    except StopIteration as end:
        return end.value


def _reply(client: Any, call: DynamoDbCall) -> Any:
    try:
        return drivers.call(getattr(client, xform_name(call.operation)), **call.request)
    except ClientError as error:
        return error.response


def http_response(reply: Any) -> AWSResponse:
    """Return the HTTP response that botocore wants beside a reply."""
    metadata = reply.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 400 if "Error" in reply else 200)
    return AWSResponse("", status, metadata.get("HTTPHeaders", {}), None)
