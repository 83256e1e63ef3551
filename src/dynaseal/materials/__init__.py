"""Who may have which key: keyrings, and the materials managers that ask them.

One module a kind of keyring. Clients of KMS and DynamoDB come in through Protocols; nothing here makes one.
"""
