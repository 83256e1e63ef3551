"""DynamoDB's expressions: read into tokens and then a tree, and evaluated on or applied to an item.

Each expression is compiled once and cached. The modules know nothing of requests or encryption.
"""

from dynaseal.expressions.apply import apply_update
from dynaseal.expressions.evaluate import matches
from dynaseal.expressions.parse import ConditionExpression, parse_condition, parse_projection
from dynaseal.expressions.update import UpdateExpression, parse_update

__all__ = [
    "ConditionExpression",
    "UpdateExpression",
    "apply_update",
    "matches",
    "parse_condition",
    "parse_projection",
    "parse_update",
]
