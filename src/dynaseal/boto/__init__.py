"""The library's use of boto3; no other package of it imports boto3.

- `interception` encrypts the requests and decrypts the replies of a client, through botocore's events.
- `wrappers` has the encrypted client, resource and table that users hold.
- `keys` has the keyrings and the key store that call KMS and DynamoDB.
"""
