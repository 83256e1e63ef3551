# What the owner allows, what the consumer allows, and that each names the other.

mock_provider "aws" {
  alias = "owner"

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
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/dynaseal-shared" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111122223333:policy/mock" }
  }
}

mock_provider "aws" {
  alias = "consumer"

  mock_data "aws_caller_identity" {
    defaults = { account_id = "444455556666" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::444455556666:role/mock" }
  }
}

run "both_accounts" {
  command = apply

  assert {
    condition     = aws_kms_grant.auditor.operations == toset(["Decrypt"])
    error_message = "the grant allows only decryption"
  }

  assert {
    condition     = one(aws_kms_grant.auditor.constraints).encryption_context_subset == tomap({ aws-crypto-table-name = "dynaseal-shared" })
    error_message = "the grant is only for data keys of this table"
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.consumer_trust.statement).principals).identifiers == toset(["arn:aws:iam::444455556666:root"])
    error_message = "the consumer's IAM policies decide who may assume the roles"
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.consumer_reads.statement : statement.sid => statement.actions if !startswith(statement.sid, "Items") } == {
      DataKeysOfItems           = toset(["kms:Decrypt"])
      TableReadsThroughDynamoDB = toset(["kms:Decrypt", "kms:DescribeKey"])
    }
    error_message = "the consumer's roles may only decrypt with the owner's keys"
  }

  assert {
    condition     = alltrue(flatten([for statement in data.aws_iam_policy_document.consumer_reads.statement : [for resource in statement.resources : startswith(resource, "arn:aws:") && strcontains(resource, ":111122223333:")]]))
    error_message = "every resource is named by its ARN and belongs to the owner"
  }

  assert {
    condition     = keys(aws_iam_role_policy.consumer) == ["auditor", "reader"]
    error_message = "both roles have the same policy; the owner's account distinguishes them"
  }
}

run "invalid_values_of_variables" {
  command = plan

  variables {
    name                     = "no spaces"
    region                   = "Ireland"
    owner_profile            = ""
    consumer_profile         = ""
    key_deletion_window_days = 6
  }

  expect_failures = [var.name, var.region, var.owner_profile, var.consumer_profile, var.key_deletion_window_days]
}
