"""The lab's KMS: keys, ciphertexts bound to their context, key policies, aliases and grants."""
