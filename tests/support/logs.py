"""The structured fields of a log record."""

from __future__ import annotations

import logging
from typing import Any


def log_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that this library adds to its records."""
    return {name: value for name, value in vars(record).items() if name.startswith("dynaseal_")}
