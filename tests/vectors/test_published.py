"""Items that AWS publishes with its own releases, where a folder with them is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support import vectors

EXTRA = os.environ.get("DYNASEAL_EXTRA_VECTORS")
CASES = vectors.cases("aws-decrypt.json", folder=Path(EXTRA)) if EXTRA else []
NEEDS_DATA = pytest.mark.skipif(not EXTRA, reason="DYNASEAL_EXTRA_VECTORS does not name AWS's published data")


@NEEDS_DATA
def test_the_published_data_is_there() -> None:
    assert len(CASES) == 44


@NEEDS_DATA
@pytest.mark.parametrize("case", CASES or [{}], ids=[case["id"] for case in CASES] or ["none"])
def test_a_published_item_is_read_or_refused_as_aws_does(case: dict[str, Any]) -> None:
    reader, stored = vectors.reader(case, vectors.kms_for(case)), vectors.wire_item(case["encrypted"])

    if case["expect"] == "plaintext":
        assert reader.decrypt_item(stored) == vectors.wire_item(case["plaintext"])
    else:
        with pytest.raises(vectors.refused_on_reading(case["error"])):
            reader.decrypt_item(stored)
