"""Client-side encryption for Amazon DynamoDB."""
