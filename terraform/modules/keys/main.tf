# Two keys with two jobs. The client key keeps secrets from whoever may read the table; the storage key keeps the
# stored table from whoever gets at the storage. Nobody may do with one what the other is for.
#
# The key policy is the root of trust: an IAM policy counts only for the actions that it hands to the account
# ("Principal: ...:root"). AWS's default policy hands over kms:*; these hand over named actions.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account           = data.aws_caller_identity.current.account_id
  account_principal = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root"
  dynamodb          = "dynamodb.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}"
}

# Shared by both keys.
data "aws_iam_policy_document" "administration" {
  # Without it nobody could manage the key, and KMS would refuse the policy as a lockout. It has no cryptographic
  # action and no CreateGrant: an administrator who wants to decrypt must change the policy first, which CloudTrail
  # shows. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  statement {
    sid       = "KeyAdministrationThroughIam"
    resources = ["*"] # in a key policy: this key
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListKeyRotations",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RevokeGrant",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]

    principals {
      type        = "AWS"
      identifiers = [local.account_principal]
    }
  }
}

data "aws_iam_policy_document" "client_key" {
  source_policy_documents = [data.aws_iam_policy_document.administration.json]

  # The account's IAM policies say who may encrypt and decrypt items (here: kms_client_full, for the full user).
  # These two actions are all that a keyring with one key calls: Encrypt is for further keys of a multi-keyring,
  # and nothing else is handed over, so no IAM policy, not even kms:*, can give more of this key.
  # https://docs.aws.amazon.com/database-encryption-sdk/latest/devguide/use-kms-keyring.html
  statement {
    sid       = "ItemEncryptionThroughIam"
    resources = ["*"]
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]

    principals {
      type        = "AWS"
      identifiers = [local.account_principal]
    }
  }
}

data "aws_iam_policy_document" "storage_key" {
  source_policy_documents = [data.aws_iam_policy_document.administration.json]

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
      values   = [local.account]
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
      identifiers = [local.account_principal]
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
}

# The policy is part of each key from its first moment: a separate aws_kms_key_policy would leave KMS's default
# policy in force for as long as it takes to be applied.
resource "aws_kms_key" "client" {
  description             = "${var.name}: data keys of client-side encrypted items"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = data.aws_iam_policy_document.client_key.json
}

resource "aws_kms_alias" "client" {
  name          = "alias/${var.name}-client"
  target_key_id = aws_kms_key.client.key_id
}

resource "aws_kms_key" "storage" {
  description             = "${var.name}: the table as DynamoDB stores it"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = data.aws_iam_policy_document.storage_key.json
}

resource "aws_kms_alias" "storage" {
  name          = "alias/${var.name}-storage"
  target_key_id = aws_kms_key.storage.key_id
}
