"""KMS's operations by topic: each function takes the service's tools and a call, and answers a dictionary."""
