"""A local AWS: IAM, STS, KMS and DynamoDB that decide who may do what as AWS does.

It shares no code with `dynaseal`: the two meet only over HTTP, so a mistake in one is not repeated in the
other.
"""
