# What each key's policy hands out, and to whom.

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
  deletion_window_days = 7
}

run "keys" {
  command = plan

  module {
    source = "./modules/keys"
  }

  assert {
    condition     = aws_kms_key.client.enable_key_rotation && aws_kms_key.storage.enable_key_rotation
    error_message = "both keys rotate"
  }

  assert {
    condition     = aws_kms_alias.client.name == "alias/demo-client" && aws_kms_alias.storage.name == "alias/demo-storage"
    error_message = "each key has its alias"
  }

  assert {
    condition = alltrue([for document in [
      data.aws_iam_policy_document.administration,
      data.aws_iam_policy_document.client_key,
      data.aws_iam_policy_document.storage_key,
    ] : alltrue([for statement in document.statement : try(length(statement.sid) > 0, false)])])
    error_message = "every statement has a Sid"
  }

  assert {
    condition = alltrue([for document in [
      data.aws_iam_policy_document.administration,
      data.aws_iam_policy_document.client_key,
      data.aws_iam_policy_document.storage_key,
    ] : alltrue([for statement in document.statement : !contains(statement.actions, "kms:*")])])
    error_message = "no statement hands over kms:*"
  }
}

run "administration" {
  command = plan

  module {
    source = "./modules/keys"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.administration.statement[0].principals).identifiers == toset(["arn:aws:iam::111122223333:root"])
    error_message = "administration is the account's, through its IAM policies"
  }

  assert {
    condition     = contains(data.aws_iam_policy_document.administration.statement[0].actions, "kms:PutKeyPolicy")
    error_message = "somebody can change the policy, or KMS refuses it as a lockout"
  }

  assert {
    condition = length(setintersection(data.aws_iam_policy_document.administration.statement[0].actions, [
      "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant",
    ])) == 0
    error_message = "an administrator can neither use the key nor grant its use"
  }
}

run "client_key" {
  command = plan

  module {
    source = "./modules/keys"
  }

  assert {
    condition     = length(data.aws_iam_policy_document.client_key.statement) == 1
    error_message = "beside administration there is one statement"
  }

  assert {
    condition     = data.aws_iam_policy_document.client_key.statement[0].actions == toset(["kms:Decrypt", "kms:GenerateDataKey"])
    error_message = "IAM may hand out GenerateDataKey and Decrypt of the client key, nothing more"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.client_key.statement[0].principals).identifiers == toset(["arn:aws:iam::111122223333:root"])
    error_message = "the client key is for principals whom the account's IAM policies name"
  }
}

run "storage_key" {
  command = plan

  module {
    source = "./modules/keys"
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.storage_key.statement : contains([for condition in statement.condition : condition.values if condition.variable == "kms:ViaService" && condition.test == "StringEquals"], tolist(["dynamodb.eu-west-1.amazonaws.com"]))])
    error_message = "the storage key is used through DynamoDB of this Region only"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.storage_key.statement :
      contains([for condition in statement.condition : condition.values if condition.variable == "kms:CallerAccount"], tolist(["111122223333"]))
      if contains(one(statement.principals).identifiers, "*")
    ])
    error_message = "principal * never reaches beyond the account"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.storage_key.statement :
      !contains(statement.actions, "kms:CreateGrant") if contains(one(statement.principals).identifiers, "*")
    ])
    error_message = "the account-wide statement withholds CreateGrant"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.storage_key.statement :
      contains([for condition in statement.condition : condition.values if condition.variable == "kms:GrantIsForAWSResource"], tolist(["true"]))
      if contains(statement.actions, "kms:CreateGrant")
    ])
    error_message = "a grant is made for an AWS service only"
  }
}

run "a_window_outside_the_bounds_of_kms" {
  command = plan

  module {
    source = "./modules/keys"
  }

  variables {
    deletion_window_days = 31
  }

  expect_failures = [var.deletion_window_days]
}
