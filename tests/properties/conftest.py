"""Properties have no deadline: a busy machine can be slow."""

from hypothesis import settings

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")
