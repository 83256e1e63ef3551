"""The encrypted client, resource and table, each made from boto3's own."""
