# The client key protects secrets from principals who may read the table. It wraps the data keys of items; its policy
# allows no other use.

module "administration" {
  source = "../key-administration"
}

locals {
  # The conditions that every use of the key must meet.
  context_conditions = {
    for name, values in var.required_encryption_context : "kms:EncryptionContext:${name}" => values
  }
  outsiders = concat(var.trusted_principals, var.grantable_principals)
}

data "aws_iam_policy_document" "client_key" {
  #checkov:skip=CKV_AWS_111:in a key policy "*" means this key only
  #checkov:skip=CKV_AWS_356:as above

  source_policy_documents = [module.administration.policy_json]

  # The account's IAM policies decide who may encrypt and decrypt items (here: kms_client_full, for the full user). A
  # keyring with one key calls only these two actions; a multi-keyring would also need Encrypt for its other keys. No
  # other action is delegated to IAM, so no IAM policy, not even kms:*, can allow more.
  # https://docs.aws.amazon.com/database-encryption-sdk/latest/devguide/use-kms-keyring.html
  statement {
    sid       = "ItemEncryptionThroughIam"
    resources = ["*"]
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]

    principals {
      type        = "AWS"
      identifiers = [module.administration.account_principal]
    }

    # The encryption context is bound to every data key, contains the table's name, and is recorded in CloudTrail.
    # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
    dynamic "condition" {
      for_each = local.context_conditions
      content {
        test     = "StringEquals"
        variable = condition.key
        values   = condition.value
      }
    }
  }

  # Decryption only. A principal of another account also needs an IAM policy of its own account; neither is enough alone.
  # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
  dynamic "statement" {
    for_each = length(var.trusted_principals) > 0 ? [var.trusted_principals] : []
    content {
      sid       = "ItemDecryptionByTrustedPrincipals"
      resources = ["*"]
      actions   = ["kms:Decrypt"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }

      dynamic "condition" {
        for_each = local.context_conditions
        content {
          test     = "StringEquals"
          variable = condition.key
          values   = condition.value
        }
      }
    }
  }

  # Grants can be created and revoked without changing the policy. IAM decides who may create them, but they can only be
  # for these principals, for Decrypt, and with a constraint on the encryption context.
  # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-grant-constraint-type
  dynamic "statement" {
    for_each = length(var.grantable_principals) > 0 ? [var.grantable_principals] : []
    content {
      sid       = "GrantsOfDecryptionThroughIam"
      resources = ["*"]
      actions   = ["kms:CreateGrant"]

      principals {
        type        = "AWS"
        identifiers = [module.administration.account_principal]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:GranteePrincipal"
        values   = statement.value
      }

      condition {
        test     = "ForAllValues:StringEquals"
        variable = "kms:GrantOperations"
        values   = ["Decrypt"]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:GrantConstraintType"
        values   = ["EncryptionContextSubset"]
      }
    }
  }

  # A grant allows in addition to the policy, and a policy cannot test which encryption context a grant is constrained to.
  # A Deny statement overrides every grant. It also applies when the request's context does not have the name at all.
  dynamic "statement" {
    for_each = local.context_conditions
    content {
      sid       = "NoUseWithoutContext${index(keys(local.context_conditions), statement.key) + 1}"
      effect    = "Deny"
      resources = ["*"]
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }

      condition {
        test     = "StringNotEquals"
        variable = statement.key
        values   = statement.value
      }
    }
  }
}

# The policy is given when the key is created: with a separate aws_kms_key_policy, KMS's default policy would be in
# force until that resource is applied.
resource "aws_kms_key" "this" {
  description             = "${var.name}: data keys of client-side encrypted items"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = data.aws_iam_policy_document.client_key.json
  tags                    = var.tags

  lifecycle {
    # A principal of this account that is named in the key policy would not need an IAM policy.
    precondition {
      condition     = alltrue([for arn in local.outsiders : split(":", arn)[4] != module.administration.account_id])
      error_message = "trusted_principals and grantable_principals must be in other accounts. Principals of this account get access to the key by an IAM policy."
    }
  }
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.alias}"
  target_key_id = aws_kms_key.this.key_id
}
