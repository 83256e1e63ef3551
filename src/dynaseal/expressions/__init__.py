"""DynamoDB's expressions in phases: tokens, tree, what they touch, evaluated on or applied to an item.

Compiled once a text and cached; the modules know neither requests nor encryption.
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
