# The table's keys, the limits of the key policy, and what each role may do.

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
  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111"
      key_id = "11111111-1111-1111-1111-111111111111"
    }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/dynaseal-keys" }
  }
}

run "table_and_key" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.keys.hash_key == "branch-key-id" && aws_dynamodb_table.keys.range_key == "type"
    error_message = "the primary key is that of a key store"
  }

  assert {
    condition     = aws_dynamodb_table.keys.deletion_protection_enabled && one(aws_dynamodb_table.keys.point_in_time_recovery).enabled
    error_message = "the table has deletion protection and point-in-time recovery"
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.keys.statement : statement.sid => statement.actions } == {
      KeysReadThroughIam   = toset(["kms:Decrypt"])
      KeysMadeThroughIam   = toset(["kms:GenerateDataKeyWithoutPlaintext"])
      KeysCopiedThroughIam = toset(["kms:ReEncryptFrom", "kms:ReEncryptTo"])
    }
    error_message = "no action that returns a new key in plaintext, no Encrypt, no grant"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.keys.statement :
      { for condition in statement.condition : condition.variable => one(condition.values) if condition.test == "StringEquals" } == {
        "kms:EncryptionContext:tablename"         = "dynaseal-keys"
        "kms:EncryptionContext:hierarchy-version" = "1"
      }
    ])
    error_message = "every use of the key must have the key store's encryption context"
  }

  assert {
    condition = contains([
      for condition in one([for statement in data.aws_iam_policy_document.keys.statement : statement if contains(statement.actions, "kms:ReEncryptFrom")]).condition :
      "${condition.test} ${condition.variable} ${one(condition.values)}" if condition.test == "Bool"
    ], "Bool kms:ReEncryptOnSameKey true")
    error_message = "a branch key cannot be re-encrypted under another KMS key"
  }
}

run "roles" {
  command = apply

  variables {
    reader_branch_keys = ["tenant-a", "tenant-b-*"]
    reader_principals  = ["arn:aws:iam::111122223333:role/service"]
  }

  assert {
    condition     = toset(flatten([for statement in data.aws_iam_policy_document.reader.statement : statement.actions])) == toset(["dynamodb:GetItem", "kms:Decrypt"])
    error_message = "the reader may only get records and decrypt keys"
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.reader.statement : contains([for condition in statement.condition : condition.values], tolist(["tenant-a", "tenant-b-*"]))])
    error_message = "both in the table and in KMS, only the named branch keys are allowed"
  }

  assert {
    condition     = length(setintersection(flatten([for statement in data.aws_iam_policy_document.administrator.statement : statement.actions]), ["kms:Decrypt", "kms:GenerateDataKey", "dynamodb:DeleteItem", "dynamodb:Scan"])) == 0
    error_message = "the administrator may neither read nor delete keys"
  }

  assert {
    condition = { for role, document in data.aws_iam_policy_document.trust : role => one(one(document.statement).principals).identifiers } == {
      reader        = toset(["arn:aws:iam::111122223333:role/service"])
      administrator = toset(["arn:aws:iam::111122223333:root"])
    }
    error_message = "the principals in the variables may assume the roles; if there are none, IAM decides"
  }
}

run "a_table_under_another_name" {
  command = plan

  variables {
    name                   = "restored"
    logical_key_store_name = "dynaseal-keys"
  }

  assert {
    condition     = aws_dynamodb_table.keys.name == "restored" && output.logical_key_store_name == "dynaseal-keys"
    error_message = "the logical name is unchanged"
  }
}

run "invalid_values_of_variables" {
  command = plan

  variables {
    name                     = "no spaces"
    logical_key_store_name   = ""
    region                   = "Ireland"
    reader_principals        = ["*"]
    administrator_principals = ["444455556666"]
    reader_branch_keys       = []
    key_deletion_window_days = 6
  }

  expect_failures = [
    var.name, var.logical_key_store_name, var.region, var.reader_principals, var.administrator_principals, var.reader_branch_keys,
    var.key_deletion_window_days,
  ]
}
