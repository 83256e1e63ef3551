"""The boto3 side: the only folder of the library that imports boto3.

`requests` says what becomes of each operation, `attach` puts that on a client's events, `client`, `table` and
`resource` are what people hold; `keyrings`, `kms` and `keystore` ask KMS and the key store's table.
"""
