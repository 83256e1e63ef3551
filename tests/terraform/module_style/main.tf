# A configuration in the style of the public modules for KMS, DynamoDB and IAM: values are merged, blocks are dynamic,
# and a resource exists where a variable says so. The tests apply it to the lab, plan it again and destroy it.

terraform {
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 6.0"
    }
  }
}

variable "name" {
  type    = string
  default = "orders"
}

variable "complete" {
  description = "Whether to create also what the provider waits for longest: half a minute and ten seconds."
  type        = bool
  default     = true
}

variable "point_in_time_recovery" {
  type    = bool
  default = true
}

variable "ttl_enabled" {
  type    = bool
  default = true
}

variable "grants" {
  type = map(object({
    operations         = list(string)
    encryption_context = optional(map(string), {})
  }))
  default = {
    reader = { operations = ["Decrypt", "DescribeKey"], encryption_context = { department = "sales" } }
    writer = { operations = ["Encrypt", "GenerateDataKey", "ReEncryptTo"] }
  }
}

variable "global_secondary_indexes" {
  type = map(object({
    hash_key           = string
    range_key          = optional(string)
    projection_type    = optional(string, "ALL")
    non_key_attributes = optional(list(string))
  }))
  default = {
    by-customer = { hash_key = "customer", range_key = "placed" }
    by-status   = { hash_key = "status", projection_type = "INCLUDE", non_key_attributes = ["total"] }
    keys-only   = { hash_key = "status", range_key = "placed", projection_type = "KEYS_ONLY" }
  }
}

variable "tags" {
  type    = map(string)
  default = { Module = "public style" }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { Owner = "platform", Environment = "test" }
  }
}

provider "aws" {
  alias  = "replica"
  region = "us-east-1"

  default_tags {
    tags = { Owner = "platform", Environment = "test" }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  root       = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
  attributes = { pk = "S", sk = "N", customer = "S", placed = "N", status = "S" }
  tags       = merge(var.tags, { Name = var.name })
}

# KMS: a multi-Region key with a policy, an alias, a replica and grants.

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Default"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root]
    }
  }

  statement {
    sid       = "KeyUsers"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [for role in aws_iam_role.this : role.arn]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "${var.name} in every Region"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = 180
  multi_region            = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = local.tags
}

resource "aws_kms_alias" "this" {
  for_each = toset([var.name, "${var.name}/second"])

  name          = "alias/${each.value}"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_kms_replica_key" "this" {
  provider = aws.replica

  description             = "A replica of ${var.name}"
  deletion_window_in_days = 7
  primary_key_arn         = aws_kms_key.this.arn
  tags                    = local.tags
}

resource "aws_kms_grant" "this" {
  for_each = var.grants

  name              = each.key
  key_id            = aws_kms_key.this.key_id
  grantee_principal = aws_iam_role.this[each.key].arn
  operations        = each.value.operations

  dynamic "constraints" {
    for_each = length(each.value.encryption_context) > 0 ? [each.value.encryption_context] : []

    content {
      encryption_context_equals = constraints.value
    }
  }
}

resource "aws_kms_key" "signing" {
  description              = "Signs"
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
  tags                     = local.tags
}

resource "aws_kms_external_key" "this" {
  count = var.complete ? 1 : 0

  description             = "With material of its own"
  deletion_window_in_days = 7
  key_material_base64     = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
  tags                    = local.tags
}

# DynamoDB: a table with indexes, expiry, backups, a stream, a key of the customer's, and a resource policy.

resource "aws_dynamodb_table" "this" {
  name             = var.name
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "pk"
  range_key        = "sk"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  tags             = local.tags

  dynamic "attribute" {
    for_each = local.attributes

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = var.global_secondary_indexes

    content {
      name               = global_secondary_index.key
      hash_key           = global_secondary_index.value.hash_key
      range_key          = global_secondary_index.value.range_key
      projection_type    = global_secondary_index.value.projection_type
      non_key_attributes = global_secondary_index.value.non_key_attributes
    }
  }

  local_secondary_index {
    name            = "by-time"
    range_key       = "placed"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    enabled        = var.ttl_enabled
    attribute_name = "expires"
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this.arn
  }
}

data "aws_iam_policy_document" "table" {
  statement {
    sid       = "Readers"
    actions   = ["dynamodb:GetItem", "dynamodb:Query"]
    resources = [aws_dynamodb_table.this.arn, "${aws_dynamodb_table.this.arn}/index/*"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.this["reader"].arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/Owner"
      values   = ["platform"]
    }
  }
}

resource "aws_dynamodb_resource_policy" "this" {
  resource_arn = aws_dynamodb_table.this.arn
  policy       = data.aws_iam_policy_document.table.json
}

resource "aws_dynamodb_table_item" "this" {
  table_name = aws_dynamodb_table.this.name
  hash_key   = aws_dynamodb_table.this.hash_key
  range_key  = aws_dynamodb_table.this.range_key
  item       = jsonencode({ pk = { S = "settings" }, sk = { N = "1" }, limits = { M = { most = { N = "2.5" } } } })
}

resource "aws_dynamodb_table" "provisioned" {
  name                        = "${var.name}-provisioned"
  billing_mode                = "PROVISIONED"
  read_capacity               = 5
  write_capacity              = 5
  hash_key                    = "pk"
  deletion_protection_enabled = false
  table_class                 = "STANDARD_INFREQUENT_ACCESS"
  tags                        = local.tags

  attribute {
    name = "pk"
    type = "S"
  }
}

# IAM: roles with a permissions boundary and an external id, policies of every kind, a user in a group.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "AWS"
      identifiers = [local.root]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["agreed"]
    }
  }
}

data "aws_iam_policy_document" "boundary" {
  statement {
    actions   = ["dynamodb:*", "kms:*"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [data.aws_region.current.name, "us-east-1"]
    }
  }
}

data "aws_iam_policy_document" "table_access" {
  statement {
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    resources = [aws_dynamodb_table.this.arn, "${aws_dynamodb_table.this.arn}/index/*"]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["tenant-*", "settings"]
    }
  }
}

resource "aws_iam_policy" "boundary" {
  name_prefix = "${var.name}-boundary-"
  path        = "/boundaries/"
  policy      = data.aws_iam_policy_document.boundary.json
  tags        = local.tags
}

resource "aws_iam_policy" "table_access" {
  name        = "${var.name}-table-access"
  description = "Reads and writes ${var.name}"
  policy      = data.aws_iam_policy_document.table_access.json
  tags        = local.tags
}

resource "aws_iam_role" "this" {
  for_each = toset(["reader", "writer"])

  name                  = "${var.name}-${each.value}"
  path                  = "/service/"
  description           = "The ${each.value} of ${var.name}"
  assume_role_policy    = data.aws_iam_policy_document.trust.json
  max_session_duration  = 7200
  permissions_boundary  = aws_iam_policy.boundary.arn
  force_detach_policies = true
  tags                  = local.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = aws_iam_role.this

  role       = each.value.name
  policy_arn = aws_iam_policy.table_access.arn
}

resource "aws_iam_role_policy_attachment" "managed" {
  role       = aws_iam_role.this["reader"].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"
}

resource "aws_iam_role_policy" "inline" {
  name   = "list-tables"
  role   = aws_iam_role.this["writer"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "dynamodb:ListTables", Resource = "*" }] })
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-reader"
  role = aws_iam_role.this["reader"].name
  tags = local.tags
}

resource "aws_iam_user" "this" {
  name                 = "${var.name}-operator"
  path                 = "/people/"
  permissions_boundary = aws_iam_policy.boundary.arn
  force_destroy        = true
  tags                 = local.tags
}

resource "aws_iam_access_key" "this" {
  user = aws_iam_user.this.name
}

resource "aws_iam_group" "this" {
  name = "${var.name}-operators"
  path = "/people/"
}

resource "aws_iam_group_policy_attachment" "this" {
  group      = aws_iam_group.this.name
  policy_arn = aws_iam_policy.table_access.arn
}

resource "aws_iam_user_group_membership" "this" {
  user   = aws_iam_user.this.name
  groups = [aws_iam_group.this.name]
}

resource "aws_iam_service_linked_role" "this" {
  count = var.complete ? 1 : 0

  aws_service_name = "replication.dynamodb.amazonaws.com"
}

output "table_arn" {
  value = aws_dynamodb_table.this.arn
}

output "replica_key_arn" {
  value = aws_kms_replica_key.this.arn
}

output "stream_arn" {
  value = aws_dynamodb_table.this.stream_arn
}

output "role_arns" {
  value = { for name, role in aws_iam_role.this : name => role.arn }
}

output "access_key_id" {
  value = aws_iam_access_key.this.id
}

output "access_key_secret" {
  value     = aws_iam_access_key.this.secret
  sensitive = true
}
