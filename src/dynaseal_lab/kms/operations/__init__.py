"""KMS's operations by topic: each function takes the key access and a call, and returns the reply."""
