"""botocore's service models, loaded once, and what the protocols ask of them."""

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

TARGETS = {
    "TrentService": "kms",
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
}
"""The services that speak AWS JSON, by the first part of X-Amz-Target."""

QUERY_SERVICES = ("iam", "sts")


@cache
def service_model(name: str) -> ServiceModel:
    """The model of the service that botocore calls `name`."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@cache
def operation_model(service: str, operation: str) -> OperationModel | None:
    """The model of one operation; None where the service has none of that name."""
    model = service_model(service)
    return model.operation_model(operation) if operation in model.operation_names else None


def members(shape: StructureShape) -> dict[str, Shape]:
    """The shape's members by name."""
    named: Any = shape.members
    return named


def serialization(shape: Shape) -> dict[str, Any]:
    """How the shape is spelled on the wire: `name`, `locationName`, `flattened`, `resultWrapper`."""
    spelling: Any = shape.serialization
    return spelling
