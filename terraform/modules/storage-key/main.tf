# The storage key keeps the stored table from whoever gets at the storage. It is used through DynamoDB only.

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

  # DynamoDB calls KMS as whoever calls DynamoDB. Without this statement the limited user's plain GetItem would be
  # refused instead of returning ciphertext. Both conditions are needed: "*" alone would be anybody anywhere,
  # and without ViaService the key could be used directly, past the table's own permissions.
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

  # A table cannot be made on this key, or moved to it, without a grant for DynamoDB. Withheld above, so that not
  # every user of the account may do so; IAM says who may (whoever applies this stack, and the full user).
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

  # Whom the table's own policy lets read it from another account. Named, as no account-wide statement reaches them.
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

# The policy is part of the key from its first moment: a separate aws_kms_key_policy would leave KMS's default
# policy in force for as long as it takes to be applied.
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
