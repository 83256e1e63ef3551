"""A small AWS on this machine: IAM, STS, KMS and DynamoDB that decide as AWS decides.

It shares no code with `dynaseal`: the two meet over HTTP alone, so the lab cannot be wrong in the same way.
"""
