# One table whose items are encrypted by the client, and two users: one may use the client key, one may not.
# Can be applied to AWS and, if AWS_ENDPOINT_URL is set, to dynaseal's lab. It is also a module for other configurations
# (examples/cross-account), so it does not configure the provider: account and Region are those of the caller.

data "aws_region" "current" {}

locals {
  names = {
    table         = coalesce(var.names.table, var.name)
    client_alias  = coalesce(var.names.client_alias, "${var.name}-client")
    storage_alias = coalesce(var.names.storage_alias, "${var.name}-storage")
    full_user     = coalesce(var.names.full_user, "${var.name}-full")
    limited_user  = coalesce(var.names.limited_user, "${var.name}-limited")
  }
  # Principals of other accounts who read the table. The two lists differ in how they get access to the client key.
  outsiders = concat(var.trusted_principals, var.grantable_principals)
}

module "client_key" {
  source = "./modules/client-key"

  name                        = var.name
  alias                       = local.names.client_alias
  deletion_window_days        = var.key_deletion_window_days
  required_encryption_context = var.required_encryption_context
  trusted_principals          = var.trusted_principals
  grantable_principals        = var.grantable_principals
  tags                        = var.tags
}

module "storage_key" {
  source = "./modules/storage-key"

  name                 = var.name
  alias                = local.names.storage_alias
  deletion_window_days = var.key_deletion_window_days
  trusted_principals   = local.outsiders
  tags                 = var.tags
}

module "access" {
  source = "./modules/access"

  name              = var.name
  full_user_name    = local.names.full_user
  limited_user_name = local.names.limited_user
  table_arn         = aws_dynamodb_table.items.arn
  client_key_arn    = module.client_key.arn
  storage_key_arn   = module.storage_key.arn
  tags              = var.tags
}

resource "aws_dynamodb_table" "items" {
  name                        = local.names.table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  # The second layer: DynamoDB encrypts the stored table, and decrypts it for everyone who may read the table. Only the
  # client key protects a secret from someone who may read the table.
  server_side_encryption {
    enabled     = true
    kms_key_arn = module.storage_key.arn
  }

  point_in_time_recovery {
    enabled = true
  }
}

# To read the table from another account, a principal needs this policy, an IAM policy in that account, and access to the
# storage key (modules/storage-key). Then it can read ciphertext; to decrypt, it also needs the client key.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html
data "aws_iam_policy_document" "outsiders" {
  count = length(local.outsiders) > 0 ? 1 : 0

  statement {
    sid       = "ReadsByTrustedPrincipals"
    resources = [aws_dynamodb_table.items.arn, "${aws_dynamodb_table.items.arn}/index/*"]
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:Scan",
    ]

    principals {
      type        = "AWS"
      identifiers = local.outsiders
    }
  }
}

resource "aws_dynamodb_resource_policy" "outsiders" {
  count = length(local.outsiders) > 0 ? 1 : 0

  resource_arn = aws_dynamodb_table.items.arn
  policy       = data.aws_iam_policy_document.outsiders[0].json
}

locals {
  dotenv = {
    AWS_REGION              = data.aws_region.current.name
    DEMO_TABLE_NAME         = aws_dynamodb_table.items.name
    DEMO_CLIENT_KMS_KEY_ARN = module.client_key.arn
    FULL_USER_NAME          = module.access.full_user_name
    LIMITED_USER_NAME       = module.access.limited_user_name
  }
}

# Only settings: access keys are created when they are needed (README.md), so that no secret is in the state.
resource "terraform_data" "dotenv" {
  count = var.dotenv_path == null ? 0 : 1

  input            = { path = var.dotenv_path }
  triggers_replace = [var.dotenv_path, local.dotenv]

  # Only these variables of the file are changed; everything else in it stays. AWS_ENDPOINT_URL comes from the
  # environment, as it does for the provider, so that both use the same endpoint; without one it is removed.
  provisioner "local-exec" {
    interpreter = ["/bin/sh", "-euc"]
    quiet       = true
    environment = {
      DOTENV_PATH     = var.dotenv_path
      DOTENV_SETTINGS = join("\n", [for key, value in local.dotenv : "${key}=${value}"])
      DOTENV_SCRIPT   = file("${path.module}/dotenv.sh")
    }
    command = <<-EOT
      DOTENV_CHANGES="$DOTENV_SETTINGS
      AWS_ENDPOINT_URL$${AWS_ENDPOINT_URL:+=$AWS_ENDPOINT_URL}"
      export DOTENV_CHANGES
      eval "$DOTENV_SCRIPT"
    EOT
  }
}

# Removes the stack's names from .env when the stack is destroyed: another resource, because the one above is replaced
# whenever a value changes, and then its lines stay where they are. A Region may be for other programs, so it stays if
# the file has anything else. The script is in the state, because a destroy-time provisioner can only use its resource.
resource "terraform_data" "dotenv_removal" {
  count = var.dotenv_path == null ? 0 : 1

  input            = { path = var.dotenv_path, script = file("${path.module}/dotenv.sh") }
  triggers_replace = [var.dotenv_path]

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/bin/sh", "-euc"]
    quiet       = true
    environment = {
      DOTENV_PATH    = self.input.path
      DOTENV_CHANGES = "DEMO_TABLE_NAME\nDEMO_CLIENT_KMS_KEY_ARN\nFULL_USER_NAME\nLIMITED_USER_NAME\nAWS_ENDPOINT_URL"
      DOTENV_REMOVE  = "1"
      DOTENV_SCRIPT  = self.input.script
    }
    command = "eval \"$DOTENV_SCRIPT\""
  }
}
