variable "name" {
  description = "The first part of the users' and policies' names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,50}$", var.name))
    error_message = "name must be 1 to 50 characters that IAM allows in a user's name."
  }
}

variable "table_arn" {
  description = "The ARN of the table that both users work with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]+$", var.table_arn))
    error_message = "table_arn must be the ARN of one DynamoDB table, without wildcards."
  }
}

variable "client_key_arn" {
  description = "The ARN of the key that the full user encrypts items with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.client_key_arn))
    error_message = "client_key_arn must be the ARN of one KMS key: an alias could be moved to another key, a wildcard names many."
  }
}

variable "storage_key_arn" {
  description = "The ARN of the key that DynamoDB encrypts the stored table with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.storage_key_arn))
    error_message = "storage_key_arn must be the ARN of one KMS key: an alias could be moved to another key, a wildcard names many."
  }
}
