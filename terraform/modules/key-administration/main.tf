# What every key's policy begins with: who may manage the key. Data only; nothing is made here.
#
# The key policy is the root of trust: an IAM policy counts only for the actions that it hands to the account
# ("Principal: ...:root"). AWS's default policy hands over kms:*; this one hands over named actions.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account           = data.aws_caller_identity.current.account_id
  account_principal = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root"
}

data "aws_iam_policy_document" "administration" {
  #checkov:skip=CKV_AWS_109:a key's policy says who may change it, or KMS refuses it as a lockout
  #checkov:skip=CKV_AWS_111:as above; without these actions nobody could manage the key
  #checkov:skip=CKV_AWS_356:in a key's policy "*" is this one key

  # Without it nobody could manage the key, and KMS would refuse the policy as a lockout. It has no cryptographic
  # action and no CreateGrant: an administrator who wants to decrypt must change the policy first, which CloudTrail
  # shows. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
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
