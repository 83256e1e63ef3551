"""Benchmarks: `make bench` prints one table, each line measured beside a peer in the same run."""
