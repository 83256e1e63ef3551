"""HTTP on one side, (caller, service, operation, dictionary) on the other; knows no service.

`sigv4` says who signed a request; `json_rpc` and `query` read it and write its answer by botocore's own
service models; `validate` refuses what the models do not allow; `faults` are AWS's error shapes.
"""
