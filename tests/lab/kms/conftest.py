"""KMS called directly, with decisions that a test writes itself."""

import pytest

from dynaseal_lab.kms.api import KmsService
from lab.services import KmsCaller, RuleAuthorizer, SettableClock


@pytest.fixture
def kms() -> KmsCaller:
    """KMS without any key; everything is allowed until the test replaces the rule."""
    authorizer, clock = RuleAuthorizer(), SettableClock()
    return KmsCaller(KmsService(authorizer, clock), authorizer, clock)
