"""The encrypted client, resource and table: wrappers over boto3's own."""
