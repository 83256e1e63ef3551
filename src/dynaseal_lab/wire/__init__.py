"""AWS's protocols: HTTP requests on one side, verified calls with parameters on the other.

`sigv4` verifies who signed a request; `json_rpc` and `query` read its parameters and write the reply, by
botocore's own service models; `validate` refuses parameters that the models do not allow; `faults` writes
AWS's errors.
"""
