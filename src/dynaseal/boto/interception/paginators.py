"""What a client's paginators collect, and what is needed of botocore for that and has no public interface.

`PageIterator.build_full_result` and `result_key_iters` collect the members that the definition of a
paginator names as result keys. A client keeps these definitions in its `_cache`, from which `get_paginator`
reads them.

Source: botocore's `client.py` (`BaseClient.can_paginate`, `get_paginator`) and `paginate.py`.
"""

from collections.abc import Iterable
from typing import Any


def add_result_key(client: Any, operations: Iterable[str], member: str) -> None:
    """Let the paginators of one client collect another member of replies.

    Args:
        client: The client; a client that shares its definitions is not changed.
        operations: The operations' names, such as `Scan`.
        member: The member: a list.
    """
    client.can_paginate("scan")  # loads the definitions
    definitions = dict(client.__dict__["_cache"]["page_config"])
    for operation in operations:
        definition = definitions[operation]
        definitions[operation] = {**definition, "result_key": [*definition["result_key"], member]}
    client.__dict__["_cache"] = {**client.__dict__["_cache"], "page_config": definitions}
