# The statements at the beginning of every key policy.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

run "administration" {
  command = plan

  module {
    source = "./modules/key-administration"
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.administration.statement).principals).identifiers == toset(["arn:aws:iam::111122223333:root"])
    error_message = "the account's IAM policies decide who administers the key"
  }

  assert {
    condition     = contains(one(data.aws_iam_policy_document.administration.statement).actions, "kms:PutKeyPolicy")
    error_message = "someone can change the policy; otherwise KMS refuses it"
  }

  assert {
    condition     = alltrue([for action in one(data.aws_iam_policy_document.administration.statement).actions : !strcontains(action, "*")])
    error_message = "the actions are listed one by one"
  }

  assert {
    condition = length(setintersection(one(data.aws_iam_policy_document.administration.statement).actions, [
      "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant",
    ])) == 0
    error_message = "an administrator can neither use the key nor grant its use"
  }
}
