"""Search requests: what an expression asks, the request rewritten to beacons, its reply filtered."""
