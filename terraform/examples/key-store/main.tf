# The key store of the hierarchical keyring: branch keys and beacon keys in a table, wrapped by one KMS key, and two
# roles. The administrator creates and versions keys but cannot read them; the reader reads keys but cannot create them.

provider "aws" {
  region = var.region
}

module "key_administration" {
  source = "../../modules/key-administration"
}

locals {
  logical_name = coalesce(var.logical_key_store_name, var.name)

  # Part of the encryption context of every key in this key store; calls without it are not allowed. The context also has
  # the ARN of the KMS key, but a key policy cannot refer to the key's own ARN.
  # https://docs.aws.amazon.com/database-encryption-sdk/latest/devguide/create-branch-keys.html
  context_conditions = {
    "kms:EncryptionContext:tablename"         = local.logical_name
    "kms:EncryptionContext:hierarchy-version" = "1"
  }
}

# The actions that IAM policies of the account can allow, and the encryption context they need. Nobody can use others.
data "aws_iam_policy_document" "keys" {
  #checkov:skip=CKV_AWS_111:in a key policy "*" means this key only
  #checkov:skip=CKV_AWS_356:as above

  source_policy_documents = [module.key_administration.policy_json]

  dynamic "statement" {
    for_each = {
      KeysReadThroughIam = ["kms:Decrypt"]
      KeysMadeThroughIam = ["kms:GenerateDataKeyWithoutPlaintext"]
    }
    content {
      sid       = statement.key
      resources = ["*"]
      actions   = statement.value

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
  }

  # A new version is stored twice, and re-encrypted for the copy that marks the active version. Only under this key: an
  # administrator who could re-encrypt a branch key under a key of his own could read it.
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

# DynamoDB's own encryption of the stored table.
module "storage_key" {
  source = "../../modules/storage-key"

  name                 = var.name
  alias                = "${var.name}-storage"
  deletion_window_days = var.key_deletion_window_days
}

# The same keys as KeyStore.create_table gives the table.
resource "aws_dynamodb_table" "keys" {
  name                        = var.name
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
