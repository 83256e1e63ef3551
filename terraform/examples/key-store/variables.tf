variable "name" {
  description = "The table's name, and the beginning of all other names."
  type        = string
  default     = "dynaseal-keys"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{2,39}$", var.name))
    error_message = "name must be 3 to 40 letters, digits and hyphens, beginning with a letter, because it becomes part of role, alias and table names."
  }
}

variable "logical_key_store_name" {
  description = "The name that is bound to every key and that programs configure; null means name. Keep it when the table is restored under another name."
  type        = string
  default     = null

  validation {
    condition     = var.logical_key_store_name == null || try(length(var.logical_key_store_name) > 0, false)
    error_message = "logical_key_store_name must not be empty."
  }
}

variable "region" {
  description = "The AWS Region; null means the Region from the environment."
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS Region, such as eu-west-1."
  }
}

variable "reader_principals" {
  description = "ARNs of principals who may assume the reader's role; if empty, the account's IAM policies decide."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.reader_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9+=,.@_/-]+)$", arn))])
    error_message = "reader_principals must be ARNs of users, roles or accounts (...:root), without wildcards."
  }
}

variable "administrator_principals" {
  description = "ARNs of principals who may assume the administrator's role; if empty, the account's IAM policies decide."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.administrator_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9+=,.@_/-]+)$", arn))])
    error_message = "administrator_principals must be ARNs of users, roles or accounts (...:root), without wildcards."
  }
}

variable "reader_branch_keys" {
  description = "Branch key ids that the reader may read, with * and ? as wildcards; for example those of one tenant."
  type        = list(string)
  default     = ["*"]
  nullable    = false

  validation {
    condition     = length(var.reader_branch_keys) > 0 && alltrue([for id in var.reader_branch_keys : length(id) > 0])
    error_message = "reader_branch_keys must name at least one branch key id or pattern."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table; without it, items under its keys cannot be read."
  type        = bool
  default     = true
  nullable    = false
}

variable "key_deletion_window_days" {
  description = "Days between scheduling a key's deletion and the deletion."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains(range(7, 31), var.key_deletion_window_days)
    error_message = "key_deletion_window_days must be a whole number from 7 to 30, the limits of KMS."
  }
}
