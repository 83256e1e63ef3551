# Two tables that are searched by encrypted values, and the key store with their beacon keys, for the scripts queryable.py
# and surrogate_keys.py in examples/.

provider "aws" {
  region = var.region
}

module "key_administration" {
  source = "../../modules/key-administration"
}

module "storage_key" {
  source = "../../modules/storage-key"

  name                 = var.name
  alias                = "${var.name}-storage"
  deletion_window_days = var.key_deletion_window_days
}

# The key of the index is the beacon of the encrypted address. The index projects all attributes, because only whole items
# can be verified.
resource "aws_dynamodb_table" "queryable" {
  name                        = "${var.name}-customers"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "aws_dbe_b_email"
    type = "S"
  }

  global_secondary_index {
    name            = "by-email"
    hash_key        = "aws_dbe_b_email"
    projection_type = "ALL"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = module.storage_key.arn
  }

  point_in_time_recovery {
    enabled = true
  }
}

# The partition key holds a token of the address. A token is always a string, whatever the type of the real value is.
resource "aws_dynamodb_table" "surrogate_keys" {
  name                        = "${var.name}-orders"
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

  server_side_encryption {
    enabled     = true
    kms_key_arn = module.storage_key.arn
  }

  point_in_time_recovery {
    enabled = true
  }
}
