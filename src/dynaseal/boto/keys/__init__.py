"""AWS's keyrings and key stores, with the boto3 clients that call KMS and DynamoDB for them."""
