"""OpenTelemetry: spans and metrics of what dynaseal does (extra `otel`, the API only).

Without `instrument`, nothing of this is imported or called. `instrument` replaces a few methods of dynaseal's
classes by ones that record as well, so that programs without it are not slowed down by asking whether to.
"""

from dynaseal.otel.instrumenting import instrument, uninstrument

__all__ = ["instrument", "uninstrument"]
