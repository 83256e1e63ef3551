# Two users with the same access to the table. Only one of them may use the client key.

data "aws_partition" "current" {}
data "aws_region" "current" {}

# Both users: every operation on items of this one table, and none on the table itself except DescribeTable. No PartiQL:
# dynaseal refuses it, because a statement would contain a secret in plaintext. Transactions need the permissions of their
# parts.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
data "aws_iam_policy_document" "items" {
  # Clients call DescribeTable to learn the table's keys and indexes before they encrypt.
  statement {
    sid       = "ItemsOfTheTable"
    resources = [var.table_arn]
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:Scan",
      "dynamodb:UpdateItem",
    ]
  }

  # An index has its own ARN, and can only be read.
  statement {
    sid       = "ReadsOfItsIndexes"
    resources = ["${var.table_arn}/index/*"]
    actions   = ["dynamodb:Query", "dynamodb:Scan"]
  }
}

# Only the full user: this policy is the difference between reading a secret and reading its ciphertext.
# https://docs.aws.amazon.com/database-encryption-sdk/latest/devguide/use-kms-keyring.html
data "aws_iam_policy_document" "kms_client_full" {
  # GenerateDataKey for each item written, Decrypt for each item read; no other key and no other action.
  statement {
    sid       = "DataKeysOfItems"
    resources = [var.client_key_arn]
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
  }
}

# Only the full user. Reading and writing through DynamoDB needs no statement here, because the key policy of the storage
# key allows it to the whole account. It does not allow grants, which are needed to create a table with the key.
data "aws_iam_policy_document" "kms_storage_via_service" {
  # Both conditions are needed: the call must come from DynamoDB, and the grant must be for DynamoDB's own use.
  statement {
    sid       = "TableGrantsThroughDynamoDB"
    resources = [var.storage_key_arn]
    actions   = ["kms:CreateGrant"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}"]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }
}

resource "aws_iam_policy" "items" {
  name        = "${var.name}-items"
  description = "Item operations on the table ${var.name} and its indexes"
  policy      = data.aws_iam_policy_document.items.json
  tags        = var.tags
}

resource "aws_iam_policy" "kms_client_full" {
  name        = "${var.name}-kms-client-full"
  description = "Encrypt and decrypt items with the client key of ${var.name}"
  policy      = data.aws_iam_policy_document.kms_client_full.json
  tags        = var.tags
}

resource "aws_iam_policy" "kms_storage_via_service" {
  name        = "${var.name}-kms-storage-via-service"
  description = "Let DynamoDB use the storage key of ${var.name} for a table"
  policy      = data.aws_iam_policy_document.kms_storage_via_service.json
  tags        = var.tags
}

# Access keys are created outside Terraform, so that their secrets are not in its state. With force_destroy, a user can
# be destroyed although it has access keys.
resource "aws_iam_user" "full" {
  #checkov:skip=CKV_AWS_273:this stack demonstrates two users; a service should have a role (examples/key-store)

  name          = var.full_user_name
  force_destroy = true
  tags          = var.tags
}

resource "aws_iam_user" "limited" {
  #checkov:skip=CKV_AWS_273:as above

  name          = var.limited_user_name
  force_destroy = true
  tags          = var.tags
}

resource "aws_iam_user_policy_attachment" "full" {
  #checkov:skip=CKV_AWS_40:this stack shows which user has which policy; groups would hide it

  for_each = {
    items                   = aws_iam_policy.items.arn
    kms_client_full         = aws_iam_policy.kms_client_full.arn
    kms_storage_via_service = aws_iam_policy.kms_storage_via_service.arn
  }

  user       = aws_iam_user.full.name
  policy_arn = each.value
}

resource "aws_iam_user_policy_attachment" "limited" {
  #checkov:skip=CKV_AWS_40:as above

  user       = aws_iam_user.limited.name
  policy_arn = aws_iam_policy.items.arn
}
