"""A DynamoDB engine for the tests of migrations; each test makes its own table."""

from support.engine_fixtures import client, endpoint, resource

__all__ = ["client", "endpoint", "resource"]
