# The table, the settings for demo.py, and the values that variables refuse.

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
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/dynaseal-demo" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111122223333:policy/mock" }
  }
}

variables {
  dotenv_path = null # tests write no file
}

run "table" {
  command = apply

  assert {
    condition     = aws_dynamodb_table.items.hash_key == "pk" && aws_dynamodb_table.items.range_key == "sk"
    error_message = "the primary key is pk and sk"
  }

  assert {
    condition     = aws_dynamodb_table.items.billing_mode == "PAY_PER_REQUEST"
    error_message = "the table is on demand"
  }

  assert {
    condition     = one(aws_dynamodb_table.items.server_side_encryption).enabled && one(aws_dynamodb_table.items.server_side_encryption).kms_key_arn == module.storage_key.arn
    error_message = "the stored table is encrypted with the storage key"
  }

  assert {
    condition     = one(aws_dynamodb_table.items.point_in_time_recovery).enabled
    error_message = "point-in-time recovery is on"
  }

  assert {
    condition     = !aws_dynamodb_table.items.deletion_protection_enabled
    error_message = "a demonstration can be destroyed again"
  }

  assert {
    condition     = length(aws_dynamodb_resource_policy.outsiders) == 0
    error_message = "no other account has access"
  }

  assert {
    condition     = keys(local.dotenv) == ["AWS_REGION", "DEMO_CLIENT_KMS_KEY_ARN", "DEMO_TABLE_NAME", "FULL_USER_NAME", "LIMITED_USER_NAME"]
    error_message = ".env has these five settings and nothing secret"
  }
}

run "deletion_protection" {
  command = plan

  variables {
    deletion_protection = true
  }

  assert {
    condition     = aws_dynamodb_table.items.deletion_protection_enabled
    error_message = "deletion protection follows its variable"
  }
}

run "for_other_accounts" {
  command = apply

  variables {
    trusted_principals   = ["arn:aws:iam::444455556666:role/reader"]
    grantable_principals = ["arn:aws:iam::444455556666:role/auditor"]
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.outsiders[0].statement).principals).identifiers == toset(["arn:aws:iam::444455556666:role/reader", "arn:aws:iam::444455556666:role/auditor"])
    error_message = "the table's policy names both kinds of principals"
  }

  assert {
    condition     = alltrue([for action in one(data.aws_iam_policy_document.outsiders[0].statement).actions : can(regex("^dynamodb:(BatchGetItem|DescribeTable|GetItem|Query|Scan)$", action))])
    error_message = "the table's policy allows them only to read"
  }
}

run "names_that_are_given" {
  command = plan

  variables {
    names = { table = "orders", client_alias = "orders-items", storage_alias = "orders-table", full_user = "clerk", limited_user = "porter" }
  }

  assert {
    condition     = aws_dynamodb_table.items.name == "orders" && module.access.full_user_name == "clerk" && module.access.limited_user_name == "porter"
    error_message = "the table and the users have the given names"
  }
}

run "no_settings_file" {
  command = plan

  assert {
    condition     = length(terraform_data.dotenv) == 0
    error_message = "dotenv_path = null writes no file"
  }
}

run "invalid_values_of_variables" {
  command = plan

  variables {
    name                     = "no spaces"
    key_deletion_window_days = 6
    names                    = { table = "x" }
    dotenv_path              = "somewhere/"
    tags                     = { "aws:owner" = "me" }
  }

  expect_failures = [var.name, var.names, var.key_deletion_window_days, var.dotenv_path, var.tags]
}
