"""Other projects' tests of DynamoDB, IAM, KMS and STS, run against a lab on each engine.

`python -m parity` with `tests` on the path; `make parity` does that.
"""
