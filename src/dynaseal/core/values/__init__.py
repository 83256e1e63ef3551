"""DynamoDB attribute values as the format's bytes: types, writing and reading."""
