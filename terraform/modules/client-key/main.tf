# The client key keeps secrets from whoever may read the table: it wraps the data keys of items, and nothing else
# can be done with it.

module "administration" {
  source = "../key-administration"
}

locals {
  # The conditions under which the policy lets anybody use the key.
  context_conditions = {
    for name, values in var.required_encryption_context : "kms:EncryptionContext:${name}" => values
  }
  outsiders = concat(var.trusted_principals, var.grantable_principals)
}

data "aws_iam_policy_document" "client_key" {
  #checkov:skip=CKV_AWS_111:in a key's policy "*" is this one key
  #checkov:skip=CKV_AWS_356:as above

  source_policy_documents = [module.administration.policy_json]

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
      identifiers = [module.administration.account_principal]
    }

    # The encryption context is bound to every data key, names the table, and is in CloudTrail.
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

  # Reading alone. It takes effect together with an IAM policy of their own account: neither is enough by itself.
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

  # Grants can be given and taken back without a change of the policy. Whoever IAM lets make one can make it for
  # these principals only, for Decrypt only, and only with a constraint on the encryption context.
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

  # A grant allows beside the policy, and the policy cannot read which context a grant is constrained to. A denial is
  # stronger than any grant; it holds too where the request has no such name in its context.
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

# The policy is part of the key from its first moment: a separate aws_kms_key_policy would leave KMS's default
# policy in force for as long as it takes to be applied.
resource "aws_kms_key" "this" {
  description             = "${var.name}: data keys of client-side encrypted items"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = data.aws_iam_policy_document.client_key.json
  tags                    = var.tags

  lifecycle {
    # Named in the key's policy, a principal of this account would need no IAM policy any more.
    precondition {
      condition     = alltrue([for arn in local.outsiders : split(":", arn)[4] != module.administration.account_id])
      error_message = "trusted_principals and grantable_principals are of other accounts; IAM policies let those of this account use the key."
    }
  }
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.alias}"
  target_key_id = aws_kms_key.this.key_id
}
