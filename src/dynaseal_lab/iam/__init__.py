"""IAM and STS: policies parsed and evaluated, the users and roles they apply to, and the two services.

`policy` parses documents; `match` and `conditions` compare; `evaluate` decides, without side effects;
`authorizer` collects the policies that apply to a call, decides and records the decision; `store` keeps
users, groups, roles, access keys and policies; `api` and `sts` are the services.
"""
