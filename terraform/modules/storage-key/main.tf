# The storage key protects the stored table from anyone with access to the storage. It is used through DynamoDB only.

data "aws_partition" "current" {}
data "aws_region" "current" {}

module "administration" {
  source = "../key-administration"
}

locals {
  dynamodb = "dynamodb.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}"
}

data "aws_iam_policy_document" "storage_key" {
  source_policy_documents = [module.administration.policy_json]

  # DynamoDB calls KMS as the caller of DynamoDB. Without this statement, the limited user's GetItem would be refused
  # instead of returning ciphertext. Both conditions are needed: without CallerAccount, "*" would include every account,
  # and without ViaService the key could be used directly, without permission for the table.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
  statement {
    sid       = "TableDataThroughDynamoDB"
    resources = ["*"]
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:CallerAccount"
      values   = [module.administration.account_id]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.dynamodb]
    }
  }

  # To create a table with this key, or to switch a table to it, DynamoDB needs a grant. The statement above does not allow
  # grants, so that not every user of the account can do this; IAM decides who can (the user who applies this stack, and
  # the full user).
  # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-grant-is-for-aws-resource
  statement {
    sid       = "TableGrantsThroughIam"
    resources = ["*"]
    actions   = ["kms:CreateGrant"]

    principals {
      type        = "AWS"
      identifiers = [module.administration.account_principal]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.dynamodb]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  # Principals of other accounts whom the table's policy allows to read it. The account-wide statements do not apply to
  # them, so they are named here.
  dynamic "statement" {
    for_each = length(var.trusted_principals) > 0 ? [var.trusted_principals] : []
    content {
      sid       = "TableReadsByTrustedPrincipals"
      resources = ["*"]
      actions   = ["kms:Decrypt", "kms:DescribeKey"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [local.dynamodb]
      }
    }
  }
}

# The policy is given when the key is created: with a separate aws_kms_key_policy, KMS's default policy would be in
# force until that resource is applied.
resource "aws_kms_key" "this" {
  description             = "${var.name}: the table as DynamoDB stores it"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = data.aws_iam_policy_document.storage_key.json
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.alias}"
  target_key_id = aws_kms_key.this.key_id
}
