# Both users have the same access to the table; only one may use the client key.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111122223333:policy/mock" }
  }
}

override_resource {
  target = aws_iam_policy.items
  values = { arn = "arn:aws:iam::111122223333:policy/items" }
}

variables {
  name              = "demo"
  full_user_name    = "demo-full"
  limited_user_name = "demo-limited"
  table_arn         = "arn:aws:dynamodb:eu-west-1:111122223333:table/demo"
  client_key_arn    = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111"
  storage_key_arn   = "arn:aws:kms:eu-west-1:111122223333:key/22222222-2222-2222-2222-222222222222"
}

run "policies" {
  command = plan

  module {
    source = "./modules/access"
  }

  assert {
    condition     = toset(flatten([for statement in data.aws_iam_policy_document.items.statement : statement.resources])) == toset([var.table_arn, "${var.table_arn}/index/*"])
    error_message = "the items policy names this table and its indexes only"
  }

  assert {
    condition     = alltrue(flatten([for statement in data.aws_iam_policy_document.items.statement : [for action in statement.actions : !strcontains(action, "*")]]))
    error_message = "the items policy lists its actions one by one"
  }

  assert {
    condition     = length(setintersection(flatten([for statement in data.aws_iam_policy_document.items.statement : statement.actions]), ["dynamodb:PartiQLInsert", "dynamodb:PartiQLSelect", "dynamodb:UpdateTable", "dynamodb:DeleteTable"])) == 0
    error_message = "the items policy allows neither PartiQL nor management of the table"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.kms_client_full.statement).actions == toset(["kms:Decrypt", "kms:GenerateDataKey"])
    error_message = "the full user may call what a keyring calls"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.kms_client_full.statement).resources == toset([var.client_key_arn])
    error_message = "the full user may use only the client key"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.kms_storage_via_service.statement).resources == toset([var.storage_key_arn]) && one(data.aws_iam_policy_document.kms_storage_via_service.statement).actions == toset(["kms:CreateGrant"])
    error_message = "kms_storage_via_service allows CreateGrant on the storage key"
  }

  assert {
    condition = { for condition in one(data.aws_iam_policy_document.kms_storage_via_service.statement).condition : condition.variable => condition.values } == {
      "kms:ViaService"            = tolist(["dynamodb.eu-west-1.amazonaws.com"])
      "kms:GrantIsForAWSResource" = tolist(["true"])
    }
    error_message = "kms_storage_via_service applies only if DynamoDB creates the grant for itself"
  }

  assert {
    condition     = alltrue([for document in [data.aws_iam_policy_document.items, data.aws_iam_policy_document.kms_client_full, data.aws_iam_policy_document.kms_storage_via_service] : alltrue([for statement in document.statement : try(length(statement.sid) > 0, false)])])
    error_message = "every statement has a Sid"
  }
}

run "attachments" {
  command = apply

  module {
    source = "./modules/access"
  }

  assert {
    condition     = keys(aws_iam_user_policy_attachment.full) == ["items", "kms_client_full", "kms_storage_via_service"]
    error_message = "the full user has all three policies"
  }

  assert {
    condition     = aws_iam_user_policy_attachment.limited.policy_arn == aws_iam_policy.items.arn && aws_iam_user_policy_attachment.limited.user == "demo-limited"
    error_message = "the limited user has the items policy"
  }

  assert {
    condition     = aws_iam_user.full.force_destroy && aws_iam_user.limited.force_destroy
    error_message = "users can be destroyed although their access keys were created outside Terraform"
  }
}

run "a_wildcard_instead_of_a_table" {
  command = plan

  module {
    source = "./modules/access"
  }

  variables {
    table_arn = "*"
  }

  expect_failures = [var.table_arn]
}

run "an_alias_instead_of_a_key" {
  command = plan

  module {
    source = "./modules/access"
  }

  variables {
    client_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/demo-client"
  }

  expect_failures = [var.client_key_arn]
}
