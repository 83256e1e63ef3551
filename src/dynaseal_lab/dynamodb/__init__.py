"""The lab's DynamoDB: authorisation and the storage key in front of an engine that keeps the items."""
