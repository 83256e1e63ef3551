"""The lab's DynamoDB: authorisation and storage keys, over an engine that keeps tables and items."""
