"""A DynamoDB engine that the wrappers' tests share; properties have no deadline on a busy machine."""

from hypothesis import settings

from support.engine_fixtures import client, endpoint, resource

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")

__all__ = ["client", "endpoint", "resource"]
