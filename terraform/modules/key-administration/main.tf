# The statements at the beginning of every key policy: who may manage the key. This module creates no resources.
#
# IAM policies can allow only those actions on a key that its key policy delegates to the account
# ("Principal: ...:root"). AWS's default policy delegates kms:*; this one delegates a list of actions.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account           = data.aws_caller_identity.current.account_id
  account_principal = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root"
}

data "aws_iam_policy_document" "administration" {
  #checkov:skip=CKV_AWS_109:a key policy must allow someone to change it, or KMS refuses it
  #checkov:skip=CKV_AWS_111:as above; without these actions nobody could manage the key
  #checkov:skip=CKV_AWS_356:in a key policy "*" means this key only

  # Without this statement nobody could manage the key, and KMS would refuse the policy. It has no cryptographic action
  # and no CreateGrant: an administrator who wants to decrypt must first change the policy, which CloudTrail records.
  # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  statement {
    sid       = "KeyAdministrationThroughIam"
    resources = ["*"]
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
