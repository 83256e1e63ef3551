"""The demonstration's stack: one table, two keys, two users; provisioned by boto3 or by Terraform.

`definition` describes the stack, `provision` creates it with AWS's API, `terraform` with Terraform; `program`
runs `demo.py` and checks its output, `runner` does all of this in order, `cli` is the command. They use the
lab only over HTTP.
"""
