"""botocore's service models, loaded once, and what the protocols need from them."""

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

TARGETS = {
    "TrentService": "kms",
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
}
"""The services that use AWS JSON, by the first part of X-Amz-Target."""

QUERY_SERVICES = ("iam", "sts")
"""The services that use the query protocol."""
"""The services that use the query protocol."""


@cache
def service_model(name: str) -> ServiceModel:
    """Return the model of the service that botocore calls `name`."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@cache
def operation_model(service: str, operation: str) -> OperationModel | None:
    """Return the model of an operation, or None if the service has no operation of that name."""
    model = service_model(service)
    return model.operation_model(operation) if operation in model.operation_names else None


def members(shape: StructureShape) -> dict[str, Shape]:
    """Return a structure's members by name."""
    by_name: Any = shape.members  # untyped in botocore
    return by_name


def serialization(shape: Shape) -> dict[str, Any]:
    """Return how a shape is written in a request or reply: `name`, `flattened`, `resultWrapper`."""
    traits: Any = shape.serialization  # untyped in botocore
    return traits
