# One table whose items are encrypted by the client, and two users: one may use the client key, one may not.
# Applies to AWS and, with AWS_ENDPOINT_URL set, to dynaseal's lab.

provider "aws" {
  region = var.region

  default_tags {
    tags = var.tags
  }
}

data "aws_region" "current" {}

module "keys" {
  source = "./modules/keys"

  name                 = var.name
  deletion_window_days = var.key_deletion_window_days
}

module "access" {
  source = "./modules/access"

  name            = var.name
  table_arn       = aws_dynamodb_table.items.arn
  client_key_arn  = module.keys.client_key_arn
  storage_key_arn = module.keys.storage_key_arn
}

resource "aws_dynamodb_table" "items" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  # The second layer: DynamoDB encrypts what it stores, ciphertext and plain attributes alike, and undoes it for
  # whoever may read the table. Only the client key keeps a secret from somebody who may read the table.
  server_side_encryption {
    enabled     = true
    kms_key_arn = module.keys.storage_key_arn
  }

  point_in_time_recovery {
    enabled = true
  }
}

locals {
  dotenv = {
    AWS_REGION              = data.aws_region.current.name
    DEMO_TABLE_NAME         = aws_dynamodb_table.items.name
    DEMO_CLIENT_KMS_KEY_ARN = module.keys.client_key_arn
    FULL_USER_NAME          = module.access.full_user_name
    LIMITED_USER_NAME       = module.access.limited_user_name
  }
}

# Settings only: access keys are made when they are needed (README.md), so that no secret ever enters the state.
resource "terraform_data" "dotenv" {
  count = var.dotenv_path == null ? 0 : 1

  input            = { path = var.dotenv_path }
  triggers_replace = [var.dotenv_path, local.dotenv]

  # AWS_ENDPOINT_URL comes from the environment, as it does for the provider, so the two cannot differ.
  # A new file takes the old one's place, so that the mode is 0600 from its first byte on.
  provisioner "local-exec" {
    interpreter = ["/bin/sh", "-euc"]
    quiet       = true
    environment = {
      DOTENV_PATH = var.dotenv_path
      DOTENV_TEXT = join("\n", [for key, value in local.dotenv : "${key}=${value}"])
    }
    command = <<-EOT
      umask 077
      rm -f -- "$DOTENV_PATH.new"
      printf '%s\n' "$DOTENV_TEXT" $${AWS_ENDPOINT_URL:+"AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL"} > "$DOTENV_PATH.new"
      mv -f -- "$DOTENV_PATH.new" "$DOTENV_PATH"
    EOT
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/bin/sh", "-euc"]
    environment = { DOTENV_PATH = self.input.path }
    command     = "rm -f -- \"$DOTENV_PATH\""
  }
}
