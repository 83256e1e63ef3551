# The key store: beacon keys and branch keys in a table, wrapped by one KMS key. The example key-store has separate roles
# for creating and reading keys; here the scripts create their own branch keys, so one policy is enough.

locals {
  # Part of the encryption context of every key in this key store; calls without it are not allowed.
  context_conditions = {
    "kms:EncryptionContext:tablename"         = aws_dynamodb_table.keys.name
    "kms:EncryptionContext:hierarchy-version" = "1"
  }
}

data "aws_iam_policy_document" "keys" {
  #checkov:skip=CKV_AWS_111:in a key policy "*" means this key only
  #checkov:skip=CKV_AWS_356:as above

  source_policy_documents = [module.key_administration.policy_json]

  statement {
    sid       = "KeysThroughIam"
    resources = ["*"]
    actions   = ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"]

    principals {
      type        = "AWS"
      identifiers = [module.key_administration.account_principal]
    }

    dynamic "condition" {
      for_each = local.context_conditions
      content {
        test     = "StringEquals"
        variable = condition.key
        values   = [condition.value]
      }
    }
  }

  # Only under this key: this policy would not protect a branch key that is re-encrypted under another key.
  # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-reencrypt-on-same-key
  statement {
    sid       = "KeysCopiedThroughIam"
    resources = ["*"]
    actions   = ["kms:ReEncryptFrom", "kms:ReEncryptTo"]

    principals {
      type        = "AWS"
      identifiers = [module.key_administration.account_principal]
    }

    condition {
      test     = "Bool"
      variable = "kms:ReEncryptOnSameKey"
      values   = ["true"]
    }

    dynamic "condition" {
      for_each = local.context_conditions
      content {
        test     = "StringEquals"
        variable = condition.key
        values   = [condition.value]
      }
    }
  }
}

resource "aws_kms_key" "keys" {
  description             = "${var.name}: branch keys and beacon keys"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_window_days
  policy                  = data.aws_iam_policy_document.keys.json
}

resource "aws_kms_alias" "keys" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.keys.key_id
}

# Without a beacon key, its tokens and beacons are useless; without a branch key, every item under it is lost.
resource "aws_dynamodb_table" "keys" {
  name                        = "${var.name}-keys"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "branch-key-id"
  range_key                   = "type"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "branch-key-id"
    type = "S"
  }

  attribute {
    name = "type"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = module.storage_key.arn
  }

  point_in_time_recovery {
    enabled = true
  }
}
