"""Prices of KMS and DynamoDB: of us-east-1, in US dollars, each with its date and source.

Other Regions cost more, and free tiers are left out, so that an estimate is not too low for a large table.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price.

    Attributes:
        dollars: The price.
        per: For how many of them.
        unit: What is sold.
        as_of: The month in which the figure was last checked.
        source: The page that publishes it.
    """

    dollars: float
    per: int
    unit: str
    as_of: str
    source: str

    def of(self, count: float) -> float:
        """Return what a number of them cost."""
        return self.dollars * count / self.per


_KMS_PAGE = "https://aws.amazon.com/kms/pricing/"
_DYNAMODB_PAGE = "https://aws.amazon.com/dynamodb/pricing/on-demand/"

KMS_REQUEST = Price(
    dollars=0.03,
    per=10_000,
    unit="requests with a symmetric key or RSA_2048",
    as_of="2026-03",
    source=_KMS_PAGE,
)
KMS_ASYMMETRIC_REQUEST = Price(
    dollars=0.15,
    per=10_000,
    unit="requests with an asymmetric key other than RSA_2048",
    as_of="2026-03",
    source=_KMS_PAGE,
)
KMS_KEY = Price(dollars=1, per=1, unit="customer managed keys per month", as_of="2026-03", source=_KMS_PAGE)
WRITE_UNIT = Price(
    dollars=0.625, per=1_000_000, unit="write request units", as_of="2025-07", source=_DYNAMODB_PAGE
)
READ_UNIT = Price(
    dollars=0.125, per=1_000_000, unit="read request units", as_of="2025-07", source=_DYNAMODB_PAGE
)
STORAGE = Price(dollars=0.25, per=10**9, unit="bytes per month", as_of="2025-07", source=_DYNAMODB_PAGE)
PRICES = (KMS_REQUEST, KMS_ASYMMETRIC_REQUEST, KMS_KEY, WRITE_UNIT, READ_UNIT, STORAGE)
