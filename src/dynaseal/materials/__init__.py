"""Keyrings, key stores and materials managers: where an item's keys come from.

There is one module for each kind of keyring. Clients of KMS and DynamoDB are passed in, as the Protocols here
describe them; nothing here makes one.
"""
