# The storage key is used through DynamoDB only.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name                 = "demo"
  alias                = "demo-storage"
  deletion_window_days = 7
}

run "default_values" {
  command = plan

  module {
    source = "./modules/storage-key"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_alias.this.name == "alias/demo-storage"
    error_message = "the key rotates and has its alias"
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.storage_key.statement : statement.sid] == ["TableDataThroughDynamoDB", "TableGrantsThroughIam"]
    error_message = "apart from administration, there are exactly these two statements"
  }
}

run "for_other_accounts" {
  command = plan

  module {
    source = "./modules/storage-key"
  }

  variables {
    trusted_principals = ["arn:aws:iam::444455556666:role/reader"]
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.storage_key.statement : contains([for condition in statement.condition : condition.values if condition.variable == "kms:ViaService" && condition.test == "StringEquals"], tolist(["dynamodb.eu-west-1.amazonaws.com"]))])
    error_message = "the storage key is used only through DynamoDB in this Region"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.storage_key.statement :
      contains([for condition in statement.condition : condition.values if condition.variable == "kms:CallerAccount"], tolist(["111122223333"]))
      if contains(one(statement.principals).identifiers, "*")
    ])
    error_message = "principal * means only principals of the account"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.storage_key.statement :
      !contains(statement.actions, "kms:CreateGrant") if contains(one(statement.principals).identifiers, "*")
    ])
    error_message = "the account-wide statement does not allow CreateGrant"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.storage_key.statement :
      contains([for condition in statement.condition : condition.values if condition.variable == "kms:GrantIsForAWSResource"], tolist(["true"]))
      if contains(statement.actions, "kms:CreateGrant")
    ])
    error_message = "a grant can only be for an AWS service"
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.storage_key.statement : statement.actions
      if contains(one(statement.principals).identifiers, "arn:aws:iam::444455556666:role/reader")
    ] == [toset(["kms:Decrypt", "kms:DescribeKey"])]
    error_message = "a principal of another account may only read through DynamoDB"
  }
}

run "invalid_values_of_variables" {
  command = plan

  module {
    source = "./modules/storage-key"
  }

  variables {
    deletion_window_days = 6
    trusted_principals   = ["arn:aws:iam::444455556666:role/*"]
  }

  expect_failures = [var.deletion_window_days, var.trusted_principals]
}
