"""No clock decides whether a property holds: a busy machine is slow at times."""

from hypothesis import settings

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")
