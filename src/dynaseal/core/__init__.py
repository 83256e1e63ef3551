"""The item format: bytes and dictionaries in, bytes and dictionaries out.

The modules follow the chapters of AWS's specification `structured-encryption` and
`dynamodb-encryption-client`; none of them imports boto3 or uses a clock, a network or a file.
"""
