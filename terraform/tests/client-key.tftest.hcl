# Who may use the client key, and under which conditions.

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
  alias                = "demo-client"
  deletion_window_days = 7
}

run "default_values" {
  command = plan

  module {
    source = "./modules/client-key"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_alias.this.name == "alias/demo-client"
    error_message = "the key rotates and has its alias"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.client_key.statement).actions == toset(["kms:Decrypt", "kms:GenerateDataKey"])
    error_message = "IAM policies can allow GenerateDataKey and Decrypt with the client key, and there is no other statement"
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.client_key.statement).principals).identifiers == toset(["arn:aws:iam::111122223333:root"])
    error_message = "the account's IAM policies decide who may use the client key"
  }

  assert {
    condition     = length(one(data.aws_iam_policy_document.client_key.statement).condition) == 0
    error_message = "no encryption context is required by default"
  }
}

run "for_other_accounts" {
  command = plan

  module {
    source = "./modules/client-key"
  }

  variables {
    required_encryption_context = { aws-crypto-table-name = ["demo", "demo-archive"] }
    trusted_principals          = ["arn:aws:iam::444455556666:role/reader"]
    grantable_principals        = ["arn:aws:iam::444455556666:role/auditor"]
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.client_key.statement : statement.sid => one(statement.principals).identifiers if statement.effect != "Deny" } == {
      ItemEncryptionThroughIam          = toset(["arn:aws:iam::111122223333:root"])
      ItemDecryptionByTrustedPrincipals = toset(["arn:aws:iam::444455556666:role/reader"])
      GrantsOfDecryptionThroughIam      = toset(["arn:aws:iam::111122223333:root"])
    }
    error_message = "trusted principals are named; this account's IAM policies decide who may create grants"
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.client_key.statement : statement.sid => statement.actions if statement.effect != "Deny" } == {
      ItemEncryptionThroughIam          = toset(["kms:Decrypt", "kms:GenerateDataKey"])
      ItemDecryptionByTrustedPrincipals = toset(["kms:Decrypt"])
      GrantsOfDecryptionThroughIam      = toset(["kms:CreateGrant"])
    }
    error_message = "another account may only decrypt"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.client_key.statement :
      contains([for condition in statement.condition : condition.values if condition.test == "StringEquals" && condition.variable == "kms:EncryptionContext:aws-crypto-table-name"], tolist(["demo", "demo-archive"]))
      if contains(statement.actions, "kms:Decrypt") && statement.effect != "Deny"
    ])
    error_message = "decryption needs the required encryption context"
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.client_key.statement :
      { for condition in statement.condition : "${condition.test} ${condition.variable}" => condition.values }
      if statement.effect == "Deny" && one(statement.principals).identifiers == toset(["*"]) && contains(statement.actions, "kms:Decrypt")
    ] == [{ "StringNotEquals kms:EncryptionContext:aws-crypto-table-name" = tolist(["demo", "demo-archive"]) }]
    error_message = "no grant can allow a use without the required encryption context"
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.client_key.statement :
      { for condition in statement.condition : "${condition.test} ${condition.variable}" => condition.values }
      if contains(statement.actions, "kms:CreateGrant")
      ] == [{
        "StringEquals kms:GranteePrincipal"             = tolist(["arn:aws:iam::444455556666:role/auditor"])
        "ForAllValues:StringEquals kms:GrantOperations" = tolist(["Decrypt"])
        "StringEquals kms:GrantConstraintType"          = tolist(["EncryptionContextSubset"])
    }]
    error_message = "a grant can only be for the named principals, for Decrypt, and with a constraint"
  }
}

run "a_principal_of_this_account" {
  command = plan

  module {
    source = "./modules/client-key"
  }

  variables {
    trusted_principals = ["arn:aws:iam::111122223333:user/demo-full"]
  }

  expect_failures = [aws_kms_key.this]
}

run "invalid_values_of_variables" {
  command = plan

  module {
    source = "./modules/client-key"
  }

  variables {
    alias                       = "alias/demo"
    deletion_window_days        = 31
    required_encryption_context = { aws-crypto-table-name = [] }
    trusted_principals          = ["*"]
    grantable_principals        = ["arn:aws:iam::444455556666:root"]
    tags                        = { "aws:owner" = "me" }
  }

  expect_failures = [
    var.alias, var.deletion_window_days, var.required_encryption_context, var.trusted_principals, var.grantable_principals, var.tags,
  ]
}
