"""The lab for the planner's predictions; each test has an account of its own in it."""

from support.lab_fixtures import session

__all__ = ["session"]
