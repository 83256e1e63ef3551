"""The prices that a dry run reckons with: AWS's list prices on demand in us-east-1, in US dollars.

Other Regions cost more. Secondary indexes, streams, global tables, backups and storage are not included.

Source: https://aws.amazon.com/dynamodb/pricing/on-demand/ (since November 2024) and
https://aws.amazon.com/kms/pricing/ (symmetric keys).
"""

AS_OF = "us-east-1, on demand, November 2024"
PER_READ_UNIT = 0.125 / 1_000_000
PER_WRITE_UNIT = 0.625 / 1_000_000
PER_KMS_CALL = 0.03 / 10_000


def cost(*, read_units: float, write_units: float, kms_calls: int) -> float:
    """Return what capacity and calls of KMS cost in dollars.

    Example:
        >>> round(cost(read_units=0, write_units=2_000_000, kms_calls=10_000), 2)
        1.28
    """
    return read_units * PER_READ_UNIT + write_units * PER_WRITE_UNIT + kms_calls * PER_KMS_CALL
