# One account owns a table, its keys and its items. Roles of another account read the items, under the table's encryption
# context only. One role (reader) is allowed by the key policy, the other (auditor) by a grant.

provider "aws" {
  alias   = "owner"
  region  = var.region
  profile = var.owner_profile
}

provider "aws" {
  alias   = "consumer"
  region  = var.region
  profile = var.consumer_profile
}

locals {
  # dynaseal, like AWS's libraries, binds the logical table name to every data key. Here it is the same as the table's
  # name.
  encryption_context = { aws-crypto-table-name = var.name }
}

# The owner's account. KMS refuses a policy with a principal that does not exist, so the roles are created first.
module "owner" {
  source = "../.."

  providers = { aws = aws.owner }

  name                        = var.name
  key_deletion_window_days    = var.key_deletion_window_days
  required_encryption_context = { for name, value in local.encryption_context : name => [value] }
  trusted_principals          = [aws_iam_role.consumer["reader"].arn]
  grantable_principals        = [aws_iam_role.consumer["auditor"].arn]
  dotenv_path                 = null
}

# The alternative to naming a principal in the key policy: a grant can be revoked at once without editing the policy. Its
# constraint has the same effect as the condition in the policy.
# https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
resource "aws_kms_grant" "auditor" {
  provider = aws.owner

  name              = "${var.name}-auditor"
  key_id            = module.owner.client_key_arn
  grantee_principal = aws_iam_role.consumer["auditor"].arn
  operations        = ["Decrypt"]

  constraints {
    encryption_context_subset = local.encryption_context
  }
}

# The consumer's account.
data "aws_caller_identity" "consumer" {
  provider = aws.consumer
}

data "aws_partition" "consumer" {
  provider = aws.consumer
}

# The consumer's IAM policies decide who may assume the roles.
data "aws_iam_policy_document" "consumer_trust" {
  provider = aws.consumer

  statement {
    sid     = "AssumedThroughIam"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.consumer.partition}:iam::${data.aws_caller_identity.consumer.account_id}:root"]
    }
  }
}

resource "aws_iam_role" "consumer" {
  for_each = {
    reader  = "Reads items of ${var.name} by the policy of its client key"
    auditor = "Reads items of ${var.name} by a grant on its client key"
  }
  provider = aws.consumer

  name               = "${var.name}-${each.key}"
  description        = each.value
  assume_role_policy = data.aws_iam_policy_document.consumer_trust.json
}

# The second half: what the owner allows takes effect only if the consumer's own account allows it too.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
data "aws_iam_policy_document" "consumer_reads" {
  provider = aws.consumer

  statement {
    sid       = "ItemsOfTheOwnersTable"
    resources = [module.owner.table_arn, "${module.owner.table_arn}/index/*"]
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:Scan",
    ]
  }

  statement {
    sid       = "DataKeysOfItems"
    resources = [module.owner.client_key_arn]
    actions   = ["kms:Decrypt"]
  }

  # The stored table is encrypted with a key of the owner. DynamoDB uses it as the principal that reads the table.
  statement {
    sid       = "TableReadsThroughDynamoDB"
    resources = [module.owner.storage_key_arn]
    actions   = ["kms:Decrypt", "kms:DescribeKey"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${module.owner.region}.${data.aws_partition.consumer.dns_suffix}"]
    }
  }
}

resource "aws_iam_role_policy" "consumer" {
  for_each = aws_iam_role.consumer
  provider = aws.consumer

  name   = "read-${var.name}"
  role   = each.value.name
  policy = data.aws_iam_policy_document.consumer_reads.json
}
