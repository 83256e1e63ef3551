"""The library's use of boto3. Apart from `legacy`, no other package of the library imports boto3.

- `interception` encrypts the requests and decrypts the replies of a client, through botocore's events.
- `wrappers` has the encrypted client, resource and table that users hold.
- `keys` has the keyrings and the key store that call KMS and DynamoDB.
- `check_table` compares a configuration with its table in DynamoDB.
"""
