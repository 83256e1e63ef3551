"""Moving a table from one configuration to another: encrypt it, change its keys or actions, or decrypt it.

`transform` takes one item and has no I/O of its own; `Migration` applies it to a live table.
"""

from dynaseal.migrate.forms import ItemForm
from dynaseal.migrate.transforming import PLAINTEXT, Outcome, OutcomeState, Plaintext, transform

__all__ = ["PLAINTEXT", "ItemForm", "Outcome", "OutcomeState", "Plaintext", "transform"]
