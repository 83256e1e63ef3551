"""A DynamoDB engine for the boto3 side's tests, shared by them all; each test makes its own table."""

from support.both_drivers import driver, loop_thread, pytest_generate_tests
from support.engine_fixtures import client, endpoint, resource

__all__ = ["client", "driver", "endpoint", "loop_thread", "pytest_generate_tests", "resource"]
