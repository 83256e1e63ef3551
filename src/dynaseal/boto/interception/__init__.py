"""Requests and replies of a boto3 or botocore client, transformed through botocore's events."""
