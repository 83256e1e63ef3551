"""DynamoDB attribute values as the format's bytes: their types, writing and reading."""
