"""Who may do what: policies parsed and evaluated, and the IAM and STS services over them.

`policy` parses documents closed; `match` and `conditions` compare; `evaluate` decides, pure; `authorizer`
gathers what concerns a call, decides and records; `store` keeps users, roles, keys and policies; `api` and
`sts` answer.
"""
