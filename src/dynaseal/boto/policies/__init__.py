"""The least IAM, key and table policies with which a role can use a table: `dynaseal policy`."""
