# The index and the keys that searches need, and the permissions of a program that searches.

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
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/one-of-them" }
  }
}

run "tables" {
  command = plan

  assert {
    condition     = one(aws_dynamodb_table.queryable.global_secondary_index).hash_key == "aws_dbe_b_email"
    error_message = "the key of the index is the beacon"
  }

  assert {
    condition     = one(aws_dynamodb_table.queryable.global_secondary_index).projection_type == "ALL"
    error_message = "the index projects all attributes, because only whole items can be verified"
  }

  assert {
    condition     = alltrue([for attribute in aws_dynamodb_table.surrogate_keys.attribute : attribute.type == "S"])
    error_message = "a token is a string"
  }

  assert {
    condition     = aws_dynamodb_table.keys.hash_key == "branch-key-id" && aws_dynamodb_table.keys.range_key == "type"
    error_message = "the primary key is that of a key store"
  }
}

run "keys" {
  command = plan

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.keys.statement :
      { for condition in statement.condition : condition.variable => one(condition.values) if condition.test == "StringEquals" } == {
        "kms:EncryptionContext:tablename"         = "dynaseal-queryable-keys"
        "kms:EncryptionContext:hierarchy-version" = "1"
      }
    ])
    error_message = "every use of the key must have the key store's encryption context"
  }
}

run "access" {
  command = plan

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.application.statement : !contains(statement.actions, "dynamodb:Scan")])
    error_message = "a search needs no scan"
  }
}

run "an_invalid_name" {
  command = plan

  variables {
    name = "9"
  }

  expect_failures = [var.name]
}
