"""The older format: bytes, signatures and ciphers, and the helpers of the clients. Names here may change."""
