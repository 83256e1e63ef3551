"""The demonstration's stack: one table, two keys, two users; provisioned by boto3 or by Terraform.

`definition` says what the stack is, `provision` makes it through AWS's API, `terraform` through Terraform;
`program` runs `demo.py` and judges it, `runner` puts all of it together, `cli` is the command. They meet the
lab over HTTP alone.
"""
