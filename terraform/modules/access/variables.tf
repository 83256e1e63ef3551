variable "name" {
  description = "The beginning of the policies' names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,50}$", var.name))
    error_message = "name must be 1 to 50 characters that IAM allows in a policy's name."
  }
}

variable "full_user_name" {
  description = "The name of the user who may use the client key."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.full_user_name))
    error_message = "full_user_name must be 1 to 64 characters that IAM allows in a user's name."
  }
}

variable "limited_user_name" {
  description = "The name of the user who may not use the client key."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.limited_user_name))
    error_message = "limited_user_name must be 1 to 64 characters that IAM allows in a user's name."
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
    error_message = "client_key_arn must be the ARN of one KMS key. An alias could be moved to another key, and a wildcard matches many."
  }
}

variable "storage_key_arn" {
  description = "The ARN of the key that DynamoDB encrypts the stored table with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.storage_key_arn))
    error_message = "storage_key_arn must be the ARN of one KMS key. An alias could be moved to another key, and a wildcard matches many."
  }
}

variable "tags" {
  description = "Tags for the policies and users."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags must not begin with \"aws:\": AWS reserves that prefix."
  }
}
